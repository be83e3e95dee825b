"""Motions of other programs: recognised by what a file holds, and read without running it."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray

from ..constants import HUMAN_SPACE
from ..errors import MediaError, about, one_line
from ..motion.edit import neutral_motion
from ..motion.import_options import ImportOptions
from ..motion.types import Motion
from .atomic import read_whole
from .matlab import is_matlab, read_matlab
from .motion_arrays import COLUMNS, KDTALKER_FIRST_BIN_DEG, motion_from_columns, motion_from_rows
from .motion_pickle import motion_from_template
from .safe_pickle import Array, Record, read_pickle, read_torch, to_array

EXPRESSION_RECORD: Final = "ExpressionSet"
"""AdvancedLivePortrait's class of an expression."""
_NPY, _ZIP, _PICKLE = b"\x93NUMPY", b"PK\x03\x04", b"\x80"
PROBE_BYTES: Final = 520
"""How much of a file says what it is."""
_MAX_BYTES: Final = 1 << 30
"""Of the arrays of one file, unpacked; larger ones are no motion."""


def load_other(
    path: str | Path, options: ImportOptions | None = None, *, space: str | None = None
) -> Motion:
    """Read a motion that another program wrote.

    Layouts, recognised by content: driving templates (`motion_from_template`); MATLAB files of
    KDTalker; expressions of AdvancedLivePortrait; NumPy and torch files that hold an array for
    each value (`motion_from_columns`) or one of rows (`motion_from_rows`), as do pickles.

    Convention:
        - an expression of AdvancedLivePortrait is one frame that is measured from a neutral face;
          its keypoints move along the picture's axes, there along the head's, which is the same
          for a face that looks ahead

    Args:
        path: The file.
        options: How rows of numbers are read.
        space: Overrides the keypoint space that the layout implies.

    Raises:
        MediaError: The file is missing, empty, damaged or none of these, asks to run something,
            or needs options that are not given, or does not need those that are.
    """
    options = options or ImportOptions()
    name = str(path)
    content = _content_of(read_whole(path, "motion file"), name)
    if isinstance(content, np.ndarray):
        normalisation = options.normalisation
        constants = None if normalisation is None else read_constants(normalisation)
        motion = motion_from_rows(content, options.layout, constants, name=name)
    else:
        refuse_options(options, name)
        motion = _motion_of(content, space, name)
    return motion if space is None else motion.describe(space=space)


def _motion_of(content: object, space: str | None, name: str) -> Motion:
    """The motion in a content that says itself what it is."""
    if isinstance(content, Record):
        return _expression_of(content, name)
    if isinstance(content, _Matlab):
        _check_columns(content, name)
        return motion_from_columns(
            content, name=name, first_bin_deg=KDTALKER_FIRST_BIN_DEG
        ).describe(producer="KDTalker")
    if isinstance(content, Mapping) and "motion" not in content and content.keys() >= COLUMNS:
        return motion_from_columns(_arrays(cast(Mapping[str, object], content), name), name=name)
    return motion_from_template(content, space=space, name=name)


class _Matlab(dict[str, NDArray[Any]]):
    """The arrays of a MATLAB file."""


def _content_of(data: bytes, name: str) -> object:
    """Rows of numbers as an array; else what the file holds."""
    if is_matlab(data[:PROBE_BYTES]):
        return _Matlab(read_matlab(data, name))
    if data.startswith(_NPY):
        content: object = _read_numpy(data, name)
    elif data.startswith(_ZIP):
        content = _read_zip(data, name)
    else:
        content = read_pickle(data, name, records=(EXPRESSION_RECORD,))
    if isinstance(content, Array | torch.Tensor):
        return _arrays({"": content}, name)[""]
    if isinstance(content, dict) and len(content) == 1:
        (only,) = cast(dict[str, object], content).values()
        if isinstance(only, Array | torch.Tensor | np.ndarray):
            return _arrays({"": only}, name)[""]
    return cast(object, content)


def _read_numpy(data: bytes, name: str) -> object:
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:  # of damaged files it raises errors of any class
        raise _damaged(name, "NumPy", error) from error


def _read_zip(data: bytes, name: str) -> object:
    """What a .npz file or a torch file holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
        if sum(entry.file_size for entry in entries) > _MAX_BYTES:
            raise ValueError("it unpacks to more than 1 GiB")
    except (ValueError, OSError, NotImplementedError, zipfile.BadZipFile) as error:
        raise _damaged(name, "NumPy or torch", error) from error
    if not any(Path(entry.filename).name == "data.pkl" for entry in entries):
        return _read_numpy(data, name)
    try:
        return read_torch(data)
    except pickle.UnpicklingError as error:
        raise _damaged(name, "torch", error) from error


def _damaged(name: str, kind: str, error: Exception) -> MediaError:
    return MediaError(
        f"The {kind} file {name} is damaged, or holds more than numbers ({one_line(error)}). Make "
        "it again with the program that wrote it."
    )


def _arrays(content: Mapping[str, object], name: str) -> dict[str, NDArray[Any]]:
    try:
        return {str(key): to_array(value) for key, value in content.items()}
    except (ValueError, TypeError) as error:
        raise MediaError(
            f"{name} is damaged, or holds more than numbers ({error}). Make it again with the "
            "program that wrote it."
        ) from error


def read_constants(path: Path) -> dict[str, NDArray[Any]]:
    """What a file of means and deviations holds, by the names of the program that wrote it.

    Raises:
        MediaError: It is missing or damaged, or holds something else.
    """
    with about("normalisation"):
        content = _content_of(read_whole(path, "file of means and deviations"), str(path))
        if not isinstance(content, dict):
            raise MediaError(
                f"{path} holds no means and deviations by name; JoyVASA's motion_template.pkl, "
                "KDTalker's norm.npz or MoDA's mean.pt is expected. Choose another file."
            )
        return _arrays(cast(dict[str, object], content), str(path))


def is_other(start: bytes) -> bool:
    """Whether a file that begins so may hold a motion of another program."""
    return is_matlab(start) or start.startswith((_NPY, _ZIP, _PICKLE))


def refuse_options(options: ImportOptions, name: str) -> None:
    """Refuse options of rows of numbers for a file that holds no such rows.

    Raises:
        MediaError: One is given.
    """
    for option in ("layout", "normalisation"):
        if getattr(options, option) is not None:
            with about(option):
                raise MediaError(
                    f"{name} says itself what it holds, and {option} is given, which only files "
                    "of rows of numbers need. Leave it out."
                )


def _check_columns(arrays: Mapping[str, object], name: str) -> None:
    if missing := COLUMNS - arrays.keys():
        raise MediaError(
            f"The MATLAB file {name} lacks {', '.join(sorted(missing))}; the arrays "
            f"{', '.join(sorted(COLUMNS))} are expected, as KDTalker writes them. Give another "
            "file."
        )


def _expression_of(record: Record, name: str) -> Motion:
    """One frame, measured from a neutral face."""
    neutral = neutral_motion(HUMAN_SPACE)
    fields = {"s": 0.0, "t": 0.0, **vars(record)}
    try:
        travel = to_array(fields["e"]).reshape(1, *neutral.expression.shape[1:])
        pose_deg = to_array(fields["r"]).reshape(1, 3)
        scale = to_array(fields["s"]).reshape(1, 1)
        translation = np.broadcast_to(to_array(fields["t"]).reshape(1, -1), (1, 3)).copy()
        if not all(np.isfinite(each).all() for each in (travel, pose_deg, scale, translation)):
            raise ValueError("it holds values that are not finite")
    except (KeyError, ValueError, TypeError) as error:
        raise MediaError(
            f"The expression {name} is damaged ({error}). Save it again with AdvancedLivePortrait."
        ) from error
    motion = Motion.from_degrees(
        pose_deg=torch.from_numpy(pose_deg),
        expression=neutral.expression + torch.from_numpy(travel),
        scale=neutral.scale + torch.from_numpy(scale),
        translation=torch.from_numpy(translation),
    )
    return motion.describe(
        space=HUMAN_SPACE, reference=neutral, producer="AdvancedLivePortrait expression"
    )
