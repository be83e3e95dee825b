"""Motion of face crops: M on every crop, openings, and what is made of frames without a face."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..errors import FaceNotFoundError, counted
from ..face.faces import FIND_ADVICE, FaceTrack
from ..face.landmarks import openness_pairs
from ..imaging.landmark_layouts import LAYOUTS
from ..imaging.tensors import Pixels, resize_pixels, tensor_from_pixels
from ..media.clips import Progress
from ..model import LivePortraitModel
from ..motion.gaps import interpolate_missing, trusted
from ..motion.neutral_frame import neutral_frame, neutral_of_shots
from ..motion.openness import eyes_open, lip_open
from ..motion.regions import keypoint_space
from ..motion.transform import in_other_crop, transform_keypoints
from ..motion.types import Motion, concatenate
from ..options import DrivingCrop, Role
from ..stages import extract_motion
from ..warned import OptionName
from .batching import ChunkSize, batched, in_chunks
from .frame_numbers import frame_list

_LOG = logging.getLogger(__name__)

MIN_VALIDITY: Final[Mapping[Role, float]] = MappingProxyType({"source": 0.5, "driver": 1.0})
"""Validity of frames whose motion is read. The interpolated crop of a source most likely shows
its face, and its keypoints must fit that very picture; a driver's may show anything."""

HALF_COVERED_VALIDITY: Final = 0.5
"""Of frames whose motion was read, and is not trusted (`trusted`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a clip is read."""

    chunk: ChunkSize | None = None
    """Frames at a time; None takes what suits the device."""
    published: bool = False
    """Crop as the published code does: not smoothed over time, not antialiased, one crop for a
    driver, and a square driver only when asked."""
    driving_crop: DrivingCrop = "follow"
    """Whether a driver's crop follows its face."""
    progress: Progress | None = None
    """Called with the number of frames that were read, and of all."""
    name: str = ""
    """What messages call the clip; empty: its role."""


def face_tensor(
    model: LivePortraitModel, crops: Sequence[Pixels], *, bilinear: bool = False
) -> Tensor:
    """Crops as F and M take them, on the model's device.

    Args:
        model: The model.
        crops: Each (S, S, 3) uint8.
        bilinear: Shrink with bilinear samples, as the published code shrinks a driver.

    Returns:
        (B, 3, S', S') float32 in [0, 1].
    """
    side = model.preset.face_size_px
    method = "bilinear" if bilinear else None
    faces = [tensor_from_pixels(resize_pixels(crop, (side, side), method)) for crop in crops]
    return torch.cat(faces).to(model.device)


def read_crops(
    model: LivePortraitModel,
    crops: Iterable[Pixels],
    track: FaceTrack | None,
    role: Role,
    *,
    fps: Fraction,
    travel: Tensor | None = None,
    options: ReadOptions | None = None,
) -> Motion:
    """Motion of every crop, with openness where it can be measured.

    Convention:
        - below a validity of `MIN_VALIDITY` the motion is interpolated from that of the frames
          around; so is that of a driver's frames beside a gap in which it seems to be half covered
          (`trusted`; not `published`)
        - a driver's motion names its neutral frame (`neutral_frame`; the first if `published`);
          one of several shots has one of its own for each of them
        - a shot that shows no face continues the one before it

    Args:
        model: The model; it is read by a quicker M (`LivePortraitModel.reading`).
        crops: (S, S, 3) uint8 each.
        track: The face in every frame; None where that is not known.
        role: Whose crops they are.
        fps: Frames per second.
        travel: (N, 3) how each crop lies in the one that its motion is measured in
            (`crop_travel`); None: it is that one.
        options: How they are read.

    Raises:
        FaceNotFoundError: There are no crops.
    """
    options = options or ReadOptions()
    bilinear = options.published and role == "driver"
    model = model.reading()
    size = options.chunk or ChunkSize.for_device(model.device)

    def motion_of(part: Sequence[Pixels]) -> Motion:
        motion = extract_motion(model, face_tensor(model, part, bilinear=bilinear))
        return motion.map_tensors(Tensor.detach)

    parts = [part for batch in batched(crops, size) for part in in_chunks(motion_of, batch, size)]
    if not parts:
        raise no_face(0)
    motion = concatenate(parts).describe(fps=fps)
    if track is not None and len(track) != len(motion):
        raise ValueError(other_length(len(track), str(len(motion)), role))
    motion = with_openness(motion, track)
    if travel is not None:
        motion = in_other_crop(motion, travel.to(motion.scale))
    if track is not None:
        motion = _with_track(motion, track, MIN_VALIDITY[role], published=options.published)
    return _with_neutral_frame(motion) if role == "driver" and not options.published else motion


def _with_track(
    motion: Motion, track: FaceTrack, min_validity: float, *, published: bool
) -> Motion:
    """The motion with the track's validity and shots, and gaps filled below a validity."""
    held = None if published else [face.state == "missing" for face in track.faces]
    known = [validity >= min_validity for validity in track.validity]
    shots = _known_shots(track, known)
    validity = motion.scale.new_tensor(track.validity)
    if not published and min_validity == MIN_VALIDITY["driver"]:
        whole = [is_whole for shot in shots for is_whole in trusted(motion[shot], known[shot])]
        validity[torch.tensor(known) & ~torch.tensor(whole)] = HALF_COVERED_VALIDITY
        known = whole
    motion = _filled(motion, known, held, shots)
    if len(shots) > 1 and not published:
        lengths = motion.scale.new_tensor([s.stop - s.start for s in shots], dtype=torch.int64)
        numbers = torch.arange(len(shots), device=lengths.device)
        motion = motion.describe(shot=numbers.repeat_interleave(lengths))
    return motion.describe(validity=validity)


def _known_shots(track: FaceTrack, known: Sequence[bool]) -> list[slice]:
    """The frames of each shot, those without a face with the ones before (else after) them."""
    starts = [shot.start for shot in track.shot_slices if any(known[shot])][1:]
    return [slice(*ends) for ends in pairwise((0, *starts, len(known)))]


def _filled(
    motion: Motion, known: Sequence[bool], held: Sequence[bool] | None, shots: Sequence[slice]
) -> Motion:
    """Gaps filled in each shot by itself."""
    if all(known):
        return motion
    parts = [
        interpolate_missing(motion[shot], known[shot], held[shot] if held else None)
        for shot in shots
    ]
    return concatenate(parts)


def _with_neutral_frame(motion: Motion) -> Motion:
    """The motion with its neutral frames, which are named where they are not the first alone."""
    if len(motion.shot_slices) > 1:
        return _with_neutral_shots(motion)
    frame = neutral_frame(motion)
    if frame:
        text = (
            "The driver's first frame is not near neutral (head turned, eyes shut or mouth open); "
            "frame %d is its neutral frame. %s chooses another."
        )
        _LOG.warning(text, frame, OptionName("reference"))
    return motion.describe(reference_frame=frame)


def _with_neutral_shots(motion: Motion) -> Motion:
    neutral = neutral_of_shots(motion)
    shots = neutral.borrowed
    which = "shot" if len(shots) == 1 else "shots"
    of_others = f" (eyes or mouth of {which} {frame_list(shots)} as in others)" if shots else ""
    _LOG.warning(
        "The driver has %d shots; each is measured from its own neutral frame: %s%s. %s chooses "
        "one for all of them.",
        len(neutral.frames),
        frame_list(neutral.frames),
        of_others,
        OptionName("reference"),
    )
    return motion.describe(reference_frame=neutral.frames[0], reference=neutral.motion)


def no_face(num_frames: int) -> FaceNotFoundError:
    """The error for a clip without a face."""
    return FaceNotFoundError(
        f"None of {counted(num_frames, 'frame')} shows a face; at least one is expected. "
        f"{FIND_ADVICE}"
    )


def other_length(num_found: int, num_came: str, role: Role) -> str:
    """The message for faces and frames that do not fit together."""
    return (
        f"The faces were found in {counted(num_found, 'frame')}, but the {role} has {num_came}. "
        "Find them in the very frames that are used."
    )


def with_openness(motion: Motion, track: FaceTrack | None) -> Motion:
    """The motion with its openings, from keypoints that have names, else from landmarks."""
    read = [face.openness_landmarks or face.landmarks for face in track.faces] if track else []
    pairs = keypoint_space(motion.space).openness
    if pairs is not None:
        points = transform_keypoints(motion)
    elif read and LAYOUTS[read[0].layout].has_openness:
        pairs = openness_pairs(read[0].layout)
        stacked = torch.stack([torch.from_numpy(landmarks.points) for landmarks in read])
        points = stacked.to(motion.scale)
    else:
        return motion
    return motion.describe(eyes_open=eyes_open(points, pairs), lip_open=lip_open(points, pairs))
