"""Motion files: our own as safetensors, and those of other programs."""

from __future__ import annotations

import json
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..constants import FACE_PARTS, NUM_KEYPOINTS
from ..errors import MediaError, counted
from ..motion.import_options import ImportOptions, TemplateProgram
from ..motion.rotation import rotation_from_degrees
from ..motion.types import CHANNELS, Channel, Motion, tensor_fields
from .atomic import check_readable, write_whole
from .blendshape_file import is_capture
from .motion_import import PROBE_BYTES, is_other, load_other, refuse_options
from .motion_pickle import check_template_space, save_template
from .stated_format import StatedFormat

MOTION_SUFFIXES: Final = frozenset({".safetensors", ".pkl"})
"""Endings of motion files that are written."""
READABLE_SUFFIXES: Final = MOTION_SUFFIXES | {".exp", ".mat", ".npy", ".npz", ".pt"}
"""Endings that name a motion file."""

MOTION_FORMAT: Final = "liveportrait-suite/motion"
MOTION_VERSION: Final = 4
"""Readers accept this version and all before it. 2 may hold a reference, 3 shots, 4 only some parts
of the face; a motion without them is written as version 1, so that older readers take it."""
REFERENCE_PREFIX: Final = "reference."
_FROM_SHUT_LIPS: Final = "from_shut_lips"
_TRUE: Final = "true"
_MAX_HEADER_BYTES: Final = 100_000_000
"""As the safetensors library has it."""

_FORMAT: Final = StatedFormat(
    name=MOTION_FORMAT,
    version=MOTION_VERSION,
    file="motion file",
    wanted="Give a motion file, or a video to take the motion from.",
    anew="save the motion with this one.",
)
_SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "expression": (NUM_KEYPOINTS, 3),
    "scale": (1,),
    "translation": (3,),
    "pose_deg": (3,),
    "rotation": (3, 3),
    "canonical": (NUM_KEYPOINTS, 3),
    "eyes_open": (2,),
    "lip_open": (1,),
    "validity": (),
    "shot": (),
}
"""What follows the frame axis."""

_TENSOR_OF_CHANNEL: Final[dict[Channel, str]] = {
    "expression": "expression",
    "scale": "scale",
    "translation": "translation",
    "pose": "pose_deg",
}


def is_motion(path: str | Path) -> bool:
    """Whether the name says that the file is a motion file."""
    return Path(path).suffix.lower() in READABLE_SUFFIXES


def save_motion(
    motion: Motion, path: str | Path, *, program: TemplateProgram = "LivePortrait"
) -> list[str]:
    """Write a motion: `.safetensors` keeps all of it, `.pkl` is a template of another program.

    `save_motion(motion, "motion.safetensors")`

    Convention of our format (safetensors, header texts in quotes):
        - "format" is liveportrait-suite/motion, "version" 1 to 4, "num_frames" B, "fps" num/den
        - "space", "producer", "reference_frame" as in `Motion`; "absent" and "absolute" are
          JSON lists of names
        - float32 tensors named as the fields of `Motion`, each with leading axis B; absent
          channels are left out
        - `pose_deg` is the truth; `rotation` is stored only where it is not what it gives
        - version 2: a neutral frame that is none of the motion's own, its tensors named
          "reference." and the field, each with leading axis 1
        - version 3: int64 `shot`; its reference may have a row for each number that `shot` holds
        - version 4: "parts", a JSON list of the parts of the face whose expression it carries
        - "from_shut_lips" true, in any version, where it is so; readers that do not know it leave
          the lips of a source as they are

    Args:
        motion: The motion.
        path: The file.
        program: Whose template a `.pkl` is.

    Returns:
        What the file's format cannot keep, one sentence each; always empty for `.safetensors`.

    Raises:
        TypeError: No motion came.
        MediaError: The ending names no motion file, or the file cannot be written.
    """
    if not isinstance(motion, Motion):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"{type(motion).__name__} came where Motion is expected. Call save_motion(motion, "
            "path)."
        )
    if not len(motion):
        raise MediaError(
            f"Cannot write {path}: the motion has 0 frames; 1 or more are expected. Choose another "
            "motion."
        )
    check_writable(motion.space, path)
    if Path(path).suffix.lower() == ".pkl":
        return save_template(motion, path, program)
    motion = motion.to("cpu", torch.float32).map_tensors(Tensor.detach)
    tensors = _stored(motion)
    if motion.reference is not None:
        stored = _stored(motion.reference)  # whose tensors may be the motion's own
        tensors |= {REFERENCE_PREFIX + name: value.clone() for name, value in stored.items()}
    write_whole(path, save(tensors, metadata=_header_of(motion)))
    return []


def _header_of(motion: Motion) -> dict[str, str]:
    """What a file says beside its tensors."""
    header = {
        "format": MOTION_FORMAT,
        "version": _version_of(motion),
        "num_frames": str(len(motion)),
        "fps": f"{motion.fps.numerator}/{motion.fps.denominator}",
        "space": motion.space,
        "producer": motion.producer,
        "reference_frame": str(motion.reference_frame),
        "absent": json.dumps(sorted(motion.absent)),
        "absolute": json.dumps(sorted(motion.absolute)),
    }
    if motion.parts != FACE_PARTS:
        header["parts"] = json.dumps(sorted(motion.parts))
    if motion.from_shut_lips:
        header[_FROM_SHUT_LIPS] = _TRUE
    return header


def check_writable(space: str, path: str | Path) -> None:
    """Refuse a motion file that cannot hold motions of a keypoint space.

    Raises:
        MediaError: The ending names no motion file, or one for other spaces.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in MOTION_SUFFIXES:
        raise MediaError(
            f"{path} does not end like a motion file. Use .safetensors, or .pkl for templates of "
            "other programs."
        )
    if suffix == ".pkl":
        check_template_space(space, path)


def _version_of(motion: Motion) -> str:
    """The first version that can hold the motion."""
    if motion.parts != FACE_PARTS:
        return "4"
    if motion.shot is not None:
        return "3"
    return "1" if motion.reference is None else "2"


def _stored(motion: Motion) -> dict[str, Tensor]:
    """The tensors of a file, by their names."""
    left_out = {_TENSOR_OF_CHANNEL[channel] for channel in motion.absent}
    if "pose" in motion.absent or torch.equal(motion.rotation, _derived_rotation(motion.pose_deg)):
        left_out.add("rotation")
    found = {name: cast(Tensor | None, getattr(motion, name)) for name in tensor_fields()}
    return {
        name: _alone(value.detach())
        for name, value in found.items()
        if value is not None and name not in left_out
    }


def _alone(tensor: Tensor) -> Tensor:
    """A tensor that shares no memory with another one; itself where it is so."""
    whole = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes
    return tensor if whole else tensor.clone(memory_format=torch.contiguous_format)


def load_motion(
    path: str | Path, options: ImportOptions | None = None, *, space: str | None = None
) -> Motion:
    """Read a motion file, ours or one that another program wrote (`load_other`), by its content.

    `load_motion("motion.safetensors")`

    Args:
        path: The file.
        options: How a file of rows of numbers is read.
        space: Overrides the keypoint space that the file names or implies.

    Raises:
        MediaError: The file is missing, damaged, no motion file, or of a newer version; or options
            are needed or idle.
    """
    check_readable(path, "motion file")
    with Path(path).open("rb") as stream:
        start = stream.read(PROBE_BYTES)
    suffix = Path(path).suffix.lower()
    if suffix != ".safetensors" and not _is_safetensors(start):
        if suffix not in READABLE_SUFFIXES and not is_other(start):
            if is_capture(path):
                raise MediaError(
                    f"{path} is no motion file and ends like face capture; make a motion of it "
                    "with 'liveportrait motion convert', or read it with Load Blendshapes."
                )
            raise MediaError(
                f"{path} is no motion file. Give one that this program wrote (.safetensors), or "
                f"one of another program ({', '.join(sorted(READABLE_SUFFIXES))})."
            )
        return load_other(path, options, space=space)
    refuse_options(options or ImportOptions(), str(path))
    motion = _load_ours(path)
    if space is None:
        return motion
    reference = motion.reference and motion.reference.describe(space=space)
    return motion.describe(space=space, reference=reference)


def _is_safetensors(start: bytes) -> bool:
    """Whether a file begins with the length of a header, and the header."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") < _MAX_HEADER_BYTES


def _load_ours(path: str | Path) -> Motion:
    try:
        with safe_open(str(path), framework="pt") as file:
            header = cast(dict[str, str], file.metadata() or {})
            _FORMAT.check(header, path)
            tensors = {name: cast(Tensor, file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise MediaError(
            f"{path} is no safetensors file, or it is damaged ({error}). "
            "Save or copy the motion again."
        ) from error
    try:
        return _motion_of(header, tensors)
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        raise MediaError(
            f"The motion file {path} is damaged: {error}. Save or copy the motion again."
        ) from error


def _motion_of(header: dict[str, str], tensors: dict[str, Tensor]) -> Motion:
    reference = _reference_of(header, tensors)
    num_frames = int(header["num_frames"])
    absent = _names(header["absent"], CHANNELS)
    parts = _names(header["parts"], FACE_PARTS) if "parts" in header else FACE_PARTS
    for channel in absent:
        name = _TENSOR_OF_CHANNEL[channel]
        fill = 1.0 if name == "scale" else 0.0
        tensors[name] = torch.full((num_frames, *_SHAPES[name]), fill)
    for name, value in tensors.items():
        expected = (num_frames, *_SHAPES.get(name, ()))
        if name not in _SHAPES or tuple(value.shape) != expected:
            raise ValueError(f"'{name}' of shape {tuple(value.shape)}")
        if not value.isfinite().all():
            raise ValueError(f"'{name}' holds values that are not finite")
    fps = Fraction(header["fps"])
    reference_frame = int(header["reference_frame"])
    if fps <= 0 or num_frames < 1 or not 0 <= reference_frame < num_frames:
        raise ValueError(
            f"{counted(num_frames, 'frame')} at {fps}, reference frame {reference_frame}"
        )
    shot = tensors.pop("shot", None)
    _check_shots(shot, reference)
    floats = {name: value.to(torch.float32) for name, value in tensors.items()}
    floats.setdefault("rotation", _derived_rotation(floats["pose_deg"]))
    return Motion(
        **floats,
        shot=None if shot is None else shot.long(),
        fps=fps,
        space=header["space"],
        producer=header["producer"],
        reference_frame=reference_frame,
        absent=absent,
        parts=parts,
        absolute=frozenset(json.loads(header["absolute"])),
        from_shut_lips=header.get(_FROM_SHUT_LIPS) == _TRUE,
        reference=reference,
    )


def _names(text: str, known: Collection[str]) -> frozenset[Any]:
    """The names in a JSON list.

    Raises:
        ValueError: One is not known.
    """
    names = frozenset(cast(list[str], json.loads(text)))
    if unknown := names.difference(known):
        raise ValueError(f"unknown names {sorted(unknown)}; {sorted(known)} are known")
    return names


def _reference_of(header: dict[str, str], tensors: dict[str, Tensor]) -> Motion | None:
    """The neutral frame that is stored apart; its tensors are taken out."""
    names = [name for name in tensors if name.startswith(REFERENCE_PREFIX)]
    if not names:
        return None
    parts = {name.removeprefix(REFERENCE_PREFIX): tensors.pop(name) for name in names}
    rows = str(len(next(iter(parts.values()))))
    return _motion_of({**header, "num_frames": rows, "reference_frame": "0"}, parts)


def _check_shots(shot: Tensor | None, reference: Motion | None) -> None:
    """Whether each shot has its neutral frame.

    Raises:
        ValueError: It has none.
    """
    rows = 1 if reference is None else len(reference)
    if shot is None:
        if rows > 1:
            raise ValueError(f"{rows} neutral frames without shots")
    elif shot.is_floating_point() or int(shot.min()) < 0 or int(shot.max()) >= rows > 1:
        raise ValueError(f"shots {sorted(set(shot.tolist()))}, and {rows} neutral frames")


def _derived_rotation(pose_deg: Tensor) -> Tensor:
    return rotation_from_degrees(*pose_deg.unbind(-1))
