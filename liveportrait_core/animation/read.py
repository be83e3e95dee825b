"""Pass 1 over a clip: where the face is, how it is framed, and what it does.

Frames are streamed and let go; what stays is half a kilobyte of motion a frame and a matrix.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ..face.faces import FaceState, FaceTrack
from ..imaging.crop import CropTransform
from ..imaging.tensors import Pixels
from ..media.clips import Clip, CountedClip
from ..model import LivePortraitModel
from ..motion.types import Motion
from ..options import Framing, Role
from .crop_motion import MIN_VALIDITY, ReadOptions, no_face, other_length, read_crops
from .crops import ClipCrops, clip_crops, crop_of, whole_frame
from .face_trackers import ClipTracker
from .frame_numbers import frame_ranges

_LOG = logging.getLogger(__name__)
_WITHOUT_FACE: Final[Mapping[Role, tuple[float, str]]] = {
    "source": (
        MIN_VALIDITY["source"],
        "The %s shows no face in %s; what is there stays as it is.",
    ),
    "driver": (
        MIN_VALIDITY["driver"],
        "The %s shows no face, or a part of one, in %s; its motion there is made from that of "
        "the frames around.",
    ),
}
"""Least validity of frames that no warning names, and its text."""


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

    def state(self, index: int) -> FaceState:
        """Whether the clip shows its face in a frame."""
        valid = 1.0 if self.motion.validity is None else float(self.motion.validity[index])
        return "missing" if valid == 0 else "interpolated" if valid < 1 else "measured"


def read_clip(
    model: LivePortraitModel,
    clip: Clip,
    faces: ClipTracker | FaceTrack | None,
    framing: Framing,
    role: Role,
    options: ReadOptions | None = None,
) -> ReadClip:
    """Pass 1 over a source or a driver: crops and motion of every frame.

    Convention:
        - each frame of a source is framed by its own face; the crops of a clip are smoothed over
          time, so that they do not tremble with the landmarks (not `published`)
        - all motion of a driver's shot is measured in one upright crop (`driving_crops`); where M
          looks at another (`clip_crops`), its travel is added to what M reads
          (`in_other_crop`)
        - a driver's face that is partly outside of the picture counts as missing, unless that is
          so for most of the clip (`without_cut_off`; not `published`)
        - frames of a driver without a face get motion out of that of their neighbours
          (`interpolate_missing`); a warning names frames without a face once

    Args:
        model: The model.
        clip: The source or driver; an image is a clip of one frame.
        faces: The face in every frame, or how to find it; may be None where the frames are face
            crops already.
        framing: How to frame it; a driver's crop is never turned.
        role: Which of the two it is.
        options: How the clip is read.

    Raises:
        FaceNotFoundError: No frame shows a face, or there are no frames.
    """
    options = options or ReadOptions()
    counted = CountedClip(clip, options.progress)
    track = _track(counted, faces, framing)
    crops: ClipCrops | None = None
    if track is not None and not framing.already_cropped:
        crops = clip_crops(
            model,
            track,
            framing,
            clip,
            role,
            driving_crop=options.driving_crop,
            published=options.published,
        )
        track = crops.track
    read = _read_motion(model, counted, crops, track, role, options)
    _warn(read.motion, role, options.name or role)
    return read


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
        raise no_face(len(track))
    return track


def _warn(motion: Motion, role: Role, name: str) -> None:
    """Name the frames that show no face, once."""
    if motion.validity is None:
        return
    least, text = _WITHOUT_FACE[role]
    frames = (motion.validity < least).nonzero().flatten().tolist()
    if frames:
        _LOG.warning(text, name, f"{frame_ranges(frames)} (of {len(motion)}, counted from 0)")


def _read_motion(
    model: LivePortraitModel,
    clip: CountedClip,
    crops: ClipCrops | None,
    track: FaceTrack | None,
    role: Role,
    options: ReadOptions,
) -> ReadClip:
    """Motion of every frame through its crop; without `crops` the whole frame is the crop."""
    used: list[CropTransform] = []
    # an uncropped driver goes straight to M's size in the published program
    straight = options.published and role == "driver" and crops is None

    def pictures() -> Generator[Pixels]:
        for frame, transform in framed(model, clip, crops.transforms if crops else (), role):
            used.append(transform)
            yield frame if straight else crop_of(frame, transform, published=options.published)

    travel = crops.travel if crops else None
    with closing(pictures()) as seen:  # also where M fails: decoding ahead ends with it
        motion = read_crops(model, seen, track, role, fps=clip.fps, travel=travel, options=options)
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
            raise ValueError(other_length(len(transforms), "more", role))
        whole = whole_frame(frame, model.preset.output_size_px)
        yield frame, transforms[index] if transforms else whole
