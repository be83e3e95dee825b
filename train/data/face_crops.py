"""The face of a picture or video, cropped as the compact preset frames sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveportrait_core.animation.face_trackers import (
    SOURCE_WAIT,
    FaceTrackers,
    LandmarkTracker,
)
from liveportrait_core.config.fields import check_options, option
from liveportrait_core.errors import FaceNotFoundError, LivePortraitError
from liveportrait_core.face.clip_crops import CropFraming, fixed_crop, following_crops
from liveportrait_core.face.cuts import CutDetector
from liveportrait_core.face.detector import FaceFinder
from liveportrait_core.face.faces import Face, FaceTrack
from liveportrait_core.face.tracking import TrackingConfig, track_faces
from liveportrait_core.imaging.crop import CropTransform, crop_pixels
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.images import is_image, read_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import load_model
from liveportrait_core.preset import COMPACT

DETECT_EVERY = 16
"""Every N-th frame of a clip is searched for other faces."""
SEVERAL_SHARE = 0.25
"""Share of those frames that may show a second face: finders err now and then."""
SECOND_FACE = 0.3
"""A face of less than this times the largest one's box belongs to the background."""
MIN_ZOOM = 0.5
"""Pixels of the picture for one of the crop, below which there is nothing sharp to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSettings:
    """What every crop of a cache has in common."""

    size_px: int = option(256, "side of the crops", minimum=1, unit="px")
    max_frames: int = option(128, "frames of one clip at most, evenly taken", minimum=1)
    scale: float = option(
        COMPACT.source_crop.scale, "side of the crop over that of the face's box", above=0
    )
    vx_ratio: float = option(
        COMPACT.source_crop.vx_ratio, "shift of the crop to the right, in sides of the box"
    )
    vy_ratio: float = option(
        COMPACT.source_crop.vy_ratio, "shift of the crop downwards, in sides of the box"
    )

    def __post_init__(self) -> None:
        check_options(self)


class SkippedError(Exception):
    """A file has no usable face; the message is the reason, by which files are counted."""


def default_faces() -> LandmarkTracker:
    """The finder and the network by which the program itself reads sources."""
    tracker = FaceTrackers(load_model("default")).tracker("source")
    assert isinstance(tracker, LandmarkTracker)
    return tracker


def face_crops(path: Path, faces: LandmarkTracker, settings: CropSettings) -> NDArray[np.uint8]:
    """(N, size_px, size_px, 3): the face of a picture or video.

    Raises:
        SkippedError: It cannot be read, or shows no face, several faces or a tiny one.
    """
    try:
        clip = _EvenFrames(path, settings.max_frames)
        return _tracked_crops(clip, faces, settings)
    except FaceNotFoundError:
        raise SkippedError("no face") from None
    except LivePortraitError:
        raise SkippedError("unreadable") from None


def _tracked_crops(
    clip: _EvenFrames, faces: LandmarkTracker, settings: CropSettings
) -> NDArray[np.uint8]:
    watched = _Watched(clip, faces.finder)
    config = TrackingConfig(search_every=1, longest_wait=SOURCE_WAIT)
    (track,) = track_faces(watched, watched, faces.network, config)
    if watched.shows_several:
        raise SkippedError("several faces")
    chosen = _longest_scene(track, watched.scenes)
    faces_of_scene = tuple(face for number, face in enumerate(track.faces) if number in chosen)
    transform = framed(FaceTrack(0, faces_of_scene), settings)
    if transform.source_px_per_crop_px < MIN_ZOOM:
        raise SkippedError("face too small")
    crops = [
        crop_pixels(frame, transform, antialias=True)
        for number, frame in enumerate(clip)
        if number in chosen
    ]
    return np.stack(crops)


def _longest_scene(track: FaceTrack, scenes: Sequence[int]) -> frozenset[int]:
    """The frames in which the face was measured, of the scene with most of them."""
    measured = [number for number, face in enumerate(track.faces) if face.state == "measured"]
    ((longest, _),) = Counter(scenes[number] for number in measured).most_common(1)
    return frozenset(number for number in measured if scenes[number] == longest)


def framed(track: FaceTrack, settings: CropSettings) -> CropTransform:
    """The crop of a clip: one upright square for a video, turned with the face for an image."""
    framing = CropFraming(
        scale=settings.scale,
        vx_ratio=settings.vx_ratio,
        vy_ratio=settings.vy_ratio,
        size_px=settings.size_px,
    )
    if len(track) == 1:
        return following_crops(track, framing, sigma_frames=0.0)[0]
    return fixed_crop(track, framing)


class _EvenFrames:
    """A picture, or evenly taken frames of a video; may be iterated again."""

    def __init__(self, path: Path, most: int) -> None:
        if is_image(path):
            self._frames, length = [read_image(path).rgb], 1
        else:
            self._frames = VideoReader(path)
            length = self._frames.num_frames or sum(1 for _ in self._frames)
        chosen = np.linspace(0, length - 1, min(length, most)).round().astype(int)
        self._chosen = frozenset(chosen.tolist())

    def __iter__(self) -> Iterator[Pixels]:
        for number, frame in enumerate(self._frames):
            if number in self._chosen:
                yield frame


class _Watched:
    """Frames that are iterated once while scenes and faces are counted; and their finder."""

    def __init__(self, frames: _EvenFrames, finder: FaceFinder) -> None:
        self._frames, self._finder = frames, finder
        self._frame: Pixels | None = None
        self._faces: list[Face] = []
        self._several: list[bool] = []
        self.scenes: list[int] = []
        """Of each frame, counted from 0."""

    @property
    def tried(self) -> str:
        return self._finder.tried

    @property
    def shows_several(self) -> bool:
        """Whether more frames than by mistake show a second face."""
        return sum(self._several) > SEVERAL_SHARE * len(self._several)

    def __iter__(self) -> Iterator[Pixels]:
        cuts = CutDetector()
        for number, frame in enumerate(self._frames):
            cuts.update(frame)
            scene = self.scenes[-1] if self.scenes else 0
            # frames are seconds apart: only a large change says anything
            self.scenes.append(scene + cuts.changed)
            if number % DETECT_EVERY == 0:
                self._several.append(are_several(self.find(frame)))
            yield frame

    def find(self, frame: Pixels) -> list[Face]:
        """The finder's faces; one frame is searched once."""
        if frame is not self._frame:
            self._frame, self._faces = frame, self._finder.find(frame)
        return self._faces


def are_several(faces: Sequence[Face]) -> bool:
    """Whether there is a second face that is not in the background."""
    sides = sorted(max(face.box[2:]) for face in faces)
    return len(sides) > 1 and sides[-2] >= SECOND_FACE * sides[-1]
