"""Pass 1 over a clip: where the face is, how it is framed, and what it does.

Frames are streamed and let go; what stays is half a kilobyte of motion a frame and a matrix.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..errors import FaceNotFoundError
from ..face.faces import FIND_ADVICE, FaceState, FaceTrack
from ..face.landmarks import openness_pairs
from ..face.visibility import without_cut_off
from ..imaging.crop import CropTransform
from ..imaging.landmark_layouts import LAYOUTS
from ..imaging.tensors import Pixels, resize_pixels, tensor_from_pixels
from ..media.clips import Clip, CountedClip, Progress, frame_size
from ..model import LivePortraitModel
from ..motion.gaps import interpolate_missing
from ..motion.neutral_frame import neutral_frame
from ..motion.openness import eyes_open, lip_open
from ..motion.regions import keypoint_space
from ..motion.transform import transform_keypoints
from ..motion.types import Motion, concatenate
from ..options import Framing, Role
from ..stages import extract_motion
from .batching import ChunkSize, batched, in_chunks
from .crops import crop_of, driving_crops, source_crops, whole_frame
from .face_trackers import ClipTracker

_LOG = logging.getLogger(__name__)

MIN_VALIDITY: Final[Mapping[Role, float]] = MappingProxyType({"source": 0.5, "driver": 1.0})
"""Validity of frames whose motion is read. The interpolated crop of a source most likely shows
its face, and its keypoints must fit that very picture; a driver's may show anything."""
MAX_RANGES: Final = 8
"""Ranges of frames that a warning names at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a clip is read."""

    chunk: ChunkSize | None = None
    """Frames at a time; None takes what suits the device."""
    published: bool = False
    """Crop as the published code does: not smoothed over time, not antialiased, and a square
    driver only when asked."""
    progress: Progress | None = None
    """Called with the number of frames that were read, and of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadClip:
    """What pass 1 keeps of a clip."""

    transforms: tuple[CropTransform, ...]
    """Of every frame, onto pictures of the model's output size."""
    motion: Motion
    """Of every frame, with openness where it can be measured; `validity` says which frames are
    measured. Frames without a face hold values between those of their neighbours."""

    def __len__(self) -> int:
        return len(self.transforms)


def read_source(
    model: LivePortraitModel,
    clip: Clip,
    faces: ClipTracker | FaceTrack | None,
    framing: Framing,
    options: ReadOptions | None = None,
) -> ReadClip:
    """Pass 1 over a source: each frame is framed by its own face.

    Convention:
        - crops of a clip are smoothed over time, so that they do not tremble with the landmarks;
          `published` leaves them as they are

    Args:
        model: The model.
        clip: The source; an image is a clip of one frame.
        faces: The face in every frame, or how to find it; may be None where the frames are face
            crops already.
        framing: How to frame it.
        options: How the clip is read.

    Returns:
        Crops and motion of every frame.

    Raises:
        FaceNotFoundError: No frame shows a face, or there are no frames.
    """
    options = options or ReadOptions()
    counted = CountedClip(clip, options.progress)
    track = _track(counted, faces, framing)
    transforms: list[CropTransform] = []
    if track is not None and not framing.already_cropped:
        transforms = source_crops(model, track, framing, clip.fps, published=options.published)
    read = _read_motion(model, counted, transforms, track, options, "source")
    _warn(track, ("missing",), "The source shows no face in frames %s; they stay as they are.")
    return read


def read_driving(
    model: LivePortraitModel,
    clip: Clip,
    faces: ClipTracker | FaceTrack | None,
    framing: Framing,
    options: ReadOptions | None = None,
) -> ReadClip:
    """Pass 1 over a driver: one upright crop for each shot, so that its movement stays in it.

    Convention:
        - a face that is partly outside of the picture counts as missing, unless that is so for
          most of the clip (`without_cut_off`; not `published`)
        - frames without a face get motion out of that of their neighbours
          (`interpolate_missing`); a warning names them once

    Args:
        model: The model.
        clip: The driver; an image is a clip of one frame.
        faces: The face in every frame, or how to find it; may be None where the frames are face
            crops already.
        framing: How to frame it; a driver's crop is never turned.
        options: How the clip is read.

    Returns:
        Crops and motion of every frame.

    Raises:
        FaceNotFoundError: No frame shows a face, or there are no frames.
    """
    options = options or ReadOptions()
    counted = CountedClip(clip, options.progress)
    track = _track(counted, faces, framing)
    transforms: list[CropTransform] = []
    if track is not None and not framing.already_cropped:
        if not options.published:
            track = without_cut_off(track, *frame_size(clip))
        transforms = driving_crops(model, track, framing, published=options.published)
    read = _read_motion(model, counted, transforms, track, options, "driver")
    text = (
        "The driver shows no face, or a part of one, in frames %s; their motion is made from that "
        "of the frames around them."
    )
    _warn(track, ("interpolated", "missing"), text)
    return read


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


def frame_ranges(frames: Sequence[int]) -> str:
    """Frame numbers in words: "3, 7-12 and 40-44"."""
    groups = groupby(enumerate(frames), key=lambda pair: pair[1] - pair[0])
    runs = [[frame for _, frame in group] for _, group in groups]
    ranges = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    if len(ranges) > MAX_RANGES:
        ranges = [*ranges[:MAX_RANGES], f"{len(ranges) - MAX_RANGES} more ranges"]
    return ranges[0] if len(ranges) == 1 else f"{', '.join(ranges[:-1])} and {ranges[-1]}"


def _track(
    clip: CountedClip, faces: ClipTracker | FaceTrack | None, framing: Framing
) -> FaceTrack | None:
    if faces is None:
        if not framing.already_cropped:
            raise ValueError(
                "The face is None, and the frames are not face crops; a face track or a face "
                "tracker is expected. Give one, or set already_cropped."
            )
        return None
    if isinstance(faces, FaceTrack):
        track = faces
    else:
        clip.num_passes = 2
        track = faces(clip)
    if not len(track) or not any(track.validity):
        raise _no_face(len(track))
    return track


def _warn(track: FaceTrack | None, states: Sequence[FaceState], text: str) -> None:
    """Name the frames of these states, once."""
    faces = track.faces if track is not None else ()
    frames = [index for index, face in enumerate(faces) if face.state in states]
    if frames:
        _LOG.warning(text, f"{frame_ranges(frames)} (of {len(faces)}, counted from 0)")


def _no_face(num_frames: int) -> FaceNotFoundError:
    return FaceNotFoundError(
        f"None of {num_frames} frames shows a face; at least one is expected. {FIND_ADVICE}"
    )


def read_crops(
    model: LivePortraitModel,
    crops: Iterable[Pixels],
    track: FaceTrack | None,
    role: Role,
    *,
    fps: Fraction,
    options: ReadOptions | None = None,
) -> Motion:
    """Motion of every crop, with openness where it can be measured.

    Convention:
        - below a validity of `MIN_VALIDITY` the motion is interpolated from that of the frames
          around
        - a driver's motion names its neutral frame (`neutral_frame`; the first if `published`)

    Args:
        model: The model.
        crops: (S, S, 3) uint8 each.
        track: The face in every frame; None where that is not known.
        role: Whose crops they are.
        fps: Frames per second.
        options: How they are read.

    Raises:
        FaceNotFoundError: There are no crops.
    """
    options = options or ReadOptions()
    min_validity = MIN_VALIDITY[role]
    bilinear = options.published and role == "driver"
    size = options.chunk or ChunkSize.for_device(model.device)

    def motion_of(part: Sequence[Pixels]) -> Motion:
        motion = extract_motion(model, face_tensor(model, part, bilinear=bilinear))
        return motion.map_tensors(Tensor.detach)

    parts = [part for batch in batched(crops, size) for part in in_chunks(motion_of, batch, size)]
    if not parts:
        raise _no_face(0)
    motion = concatenate(parts).describe(fps=fps)
    if track is not None and len(track) != len(motion):
        raise ValueError(_other_length(len(track), str(len(motion)), role))
    motion = _with_openness(motion, track)
    if track is not None:
        held = None if options.published else [face.state == "missing" for face in track.faces]
        known = [validity >= min_validity for validity in track.validity]
        motion = _filled(motion, known, held, track)
        motion = motion.describe(validity=motion.scale.new_tensor(track.validity))
    return _with_neutral_frame(motion) if role == "driver" and not options.published else motion


def _filled(motion: Motion, known: list[bool], held: list[bool] | None, track: FaceTrack) -> Motion:
    """Gaps filled in each shot by itself; a shot in which nothing is known goes by the others."""
    everywhere = all(any(known[shot]) for shot in track.shot_slices)
    if len(track.shots) == 1 or all(known):
        return interpolate_missing(motion, known, held)
    whole = motion if everywhere else interpolate_missing(motion, known, held)
    parts = [
        interpolate_missing(motion[shot], known[shot], held[shot] if held else None)
        if any(known[shot])
        else whole[shot]
        for shot in track.shot_slices
    ]
    return concatenate(parts)


def _with_neutral_frame(motion: Motion) -> Motion:
    """The motion with its neutral frame, which is named where it is not the first."""
    frame = neutral_frame(motion)
    if frame:
        text = (
            "The driver's first frame is not near neutral (head turned, eyes shut or mouth open); "
            "frame %d is its neutral frame. The option reference chooses another."
        )
        _LOG.warning(text, frame)
    return motion.describe(reference_frame=frame)


def _read_motion(
    model: LivePortraitModel,
    clip: CountedClip,
    transforms: list[CropTransform],
    track: FaceTrack | None,
    options: ReadOptions,
    role: Role,
) -> ReadClip:
    """Motion of every frame through its crop; without `transforms` the whole frame is the crop."""
    used: list[CropTransform] = []
    # an uncropped driver goes straight to M's size in the published program
    straight = options.published and role == "driver" and not transforms

    def crops() -> Iterator[Pixels]:
        for frame, transform in framed(model, clip, transforms, role):
            used.append(transform)
            yield frame if straight else crop_of(frame, transform, published=options.published)

    motion = read_crops(model, crops(), track, role, fps=clip.fps, options=options)
    return ReadClip(transforms=tuple(used), motion=motion)


def framed(
    model: LivePortraitModel,
    clip: Iterable[Pixels],
    transforms: Sequence[CropTransform],
    role: Role,
) -> Iterator[tuple[Pixels, CropTransform]]:
    """Each frame and where its crop lies; without `transforms` the whole frame is the crop.

    Raises:
        ValueError: There are more frames than transforms.
    """
    for index, frame in enumerate(clip):
        if transforms and index == len(transforms):
            raise ValueError(_other_length(len(transforms), "more", role))
        whole = whole_frame(frame, model.preset.output_size_px)
        yield frame, transforms[index] if transforms else whole


def _other_length(num_found: int, num_came: str, role: Role) -> str:
    return (
        f"The faces were found in {num_found} frames, but the {role} has {num_came}. "
        "Find them in the very frames that are used."
    )


def _with_openness(motion: Motion, track: FaceTrack | None) -> Motion:
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
