"""Scenes and segments: where a video shows one face, in one stream and with constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from liveportrait_core.face.cuts import CUT_LEVELS, THUMBNAIL_PX
from liveportrait_core.face.detector import FaceFinder
from liveportrait_core.face.faces import Face
from liveportrait_core.face.landmarks import LandmarkNetwork
from liveportrait_core.face.tracking import FaceTracker, TrackingConfig
from liveportrait_core.imaging.tensors import Pixels

from ..data.face_crops import DETECT_EVERY, are_several
from .settings import CurationSettings

CUT_OVER_USUAL: Final = 6.0
"""A change of the thumbnail this many times the usual one of its scene is a cut, too: two shots
of one room differ by less than the tracker's threshold."""
MIN_CUT_LEVELS: Final = 12.0
"""A smaller change is no cut, even in a scene without motion."""
USUAL_FRAMES: Final = 12
"""Frames over which the usual change is averaged, about."""
MAX_GAP: Final = 6
"""Frames in a row without the face that a segment may have; they are left out of it."""
TRACKING: Final = TrackingConfig(search_every=3, longest_wait=24)
"""A video without a face costs a search every two seconds."""
MAX_REACH: Final = 1.75
"""Side of the square that holds all of a segment's landmarks over the mean side of the face: the
crop, which does not move, is 2.2 times as large as the face and must hold it."""
MAX_GROWTH: Final = 1.6
"""The largest face of a segment over its smallest."""
MAX_SCENE: Final = 3000
"""Frames after which a scene ends in any case: the tracker remembers all faces of a scene."""
MAX_JUMP: Final = 0.35
"""Motion of a face from frame to frame, in sides of the face, above which it is another face."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames of one scene in which one face is visible and stays in its crop."""

    numbers: tuple[int, ...]
    """Of the frames, increasing; few are left out."""
    faces: tuple[Face, ...]
    """As many."""


@dataclass(frozen=True, slots=True)
class RejectedSpan:
    """Frames that are no clip."""

    reason: str
    first: int
    frames: int
    picture: Pixels | None = None
    """One of them, where one is still in memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in frames."""

    minimum: int
    maximum: int

    @classmethod
    def of(cls, settings: CurationSettings, fps: float) -> Limits:
        """For videos of which `fps` frames a second are taken; 0 for an image."""
        if not fps:
            return cls(1, 1)
        maximum = int(np.ceil(settings.max_s * fps)) - 1  # under 30 seconds, not 30
        return cls(max(2, int(np.ceil(settings.min_s * fps))), max(2, maximum))


class SceneDetector:
    """Tells by the pictures alone where a scene ends: a large change, or an unusual one.

    Convention:
        - the colours of a thumbnail count, and the whole change, that of the light, too: a flash
          ends a scene
        - core's `CutDetector` looks for smaller changes, and asks the tracker whether the face
          stayed. Here a wrong cut costs one clip, and a missed one puts two people into it; and a
          set that is curated again has to hold the same clips
    """

    def __init__(self) -> None:
        """Before the first frame."""
        self._before: NDArray[np.float32] | None = None
        self._usual: float | None = None

    def is_cut(self, frame: Pixels) -> bool:
        """Whether a new scene begins with this frame."""
        small = cv2.resize(frame, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
        thumbnail = np.asarray(small, np.float32)
        before, self._before = self._before, thumbnail
        if before is None:
            return False
        change = float(np.abs(thumbnail - before).mean())
        usual = self._usual
        if change > CUT_LEVELS or (
            usual is not None and change > max(MIN_CUT_LEVELS, CUT_OVER_USUAL * usual)
        ):
            self._usual = None
            return True
        self._usual = change if usual is None else usual + (change - usual) / USUAL_FRAMES
        return False


class Splitter:
    """Takes a video's frames one by one and gives its segments as soon as they are whole.

    Convention:
        - other faces are searched for every `DETECT_EVERY` frames of a scene and at its end; frames
          between two searches are rejected when either finds several faces
        - it holds the faces of one segment, one frame, and no more pixels
    """

    def __init__(self, finder: FaceFinder, network: LandmarkNetwork, limits: Limits) -> None:
        """A splitter before its first frame.

        Args:
            finder: Finds faces.
            network: Follows them.
            limits: Of a segment.
        """
        self._finder, self._network, self._limits = _CachingFinder(finder), network, limits
        self._scenes = SceneDetector()
        self._number = 0
        self._frame: Pixels | None = None
        self._begin_scene()

    def update(self, frame: Pixels) -> Iterator[Segment | RejectedSpan]:
        """Take the next frame."""
        if self._scenes.is_cut(frame) or self._in_scene == MAX_SCENE:
            yield from self.close()
        if self._in_scene % DETECT_EVERY == 0:
            yield from self._end_block(frame)
        (face,) = self._tracker.update(frame) or [None]
        self._block.append((self._number, face))
        self._frame = frame
        self._number += 1
        self._in_scene += 1

    def close(self) -> Iterator[Segment | RejectedSpan]:
        """End the scene, or the video."""
        if self._frame is not None:
            yield from self._end_block(self._frame)
            yield from self._run.close()
        self._begin_scene()

    def _begin_scene(self) -> None:
        self._tracker = FaceTracker(self._finder, self._network, TRACKING)
        self._run = _SegmentBuilder(self._limits)
        self._block: list[tuple[int, Face | None]] = []
        self._in_scene = 0
        self._was_shared = False
        self._frame = None

    def _end_block(self, frame: Pixels) -> Iterator[Segment | RejectedSpan]:
        shared = _shows_several(frame, self._finder)
        alone = not (shared or self._was_shared)
        picture = frame if not alone else self._frame
        for number, face in self._block:
            yield from self._run.add(number, face if alone else "several faces", picture)
        self._block, self._was_shared = [], shared


class _CachingFinder:
    """A finder that does not search the same frame twice."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._frame: Pixels | None = None
        self._faces: list[Face] = []

    @property
    def tried(self) -> str:
        return self._finder.tried

    def find(self, frame: Pixels) -> list[Face]:
        if frame is not self._frame:
            self._frame, self._faces = frame, self._finder.find(frame)
        return self._faces


def _shows_several(frame: Pixels, finder: FaceFinder) -> bool:
    """Whether a frame and its mirror image show several faces; finders make mistakes."""
    return are_several(finder.find(frame)) and are_several(
        finder.find(np.asarray(cv2.flip(frame, 1), np.uint8))
    )


class _SegmentBuilder:
    """Builds segments and rejected spans from a scene's frames."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._faces: list[tuple[int, Face]] = []
        self._low, self._high = np.zeros(2), np.zeros(2)
        self._sides: list[float] = []
        self._bad: tuple[str, int, int] | None = None
        self._picture: Pixels | None = None

    def add(
        self, number: int, face: Face | str | None, picture: Pixels | None
    ) -> Iterator[Segment | RejectedSpan]:
        """A frame with its face, with none, or with the reason why it cannot be used."""
        if isinstance(face, Face):
            yield from self._end_bad()
            if self._faces and not self._fits(number, face):
                yield from self._end_segment()
            self._grow(number, face)
        elif self._faces and face is None and number - self._faces[-1][0] <= MAX_GAP:
            return
        else:
            yield from self._end_segment()
            reason = face or "no face"
            if self._bad is not None and self._bad[0] != reason:
                yield from self._end_bad()
            first = self._bad[1] if self._bad is not None else number
            self._bad, self._picture = (reason, first, number), picture

    def close(self) -> Iterator[Segment | RejectedSpan]:
        """End the segment or span."""
        yield from self._end_segment()
        yield from self._end_bad()

    def _end_segment(self) -> Iterator[Segment | RejectedSpan]:
        faces, self._faces, self._sides = self._faces, [], []
        if not faces:
            return
        numbers = tuple(number for number, _ in faces)
        if len(faces) < self._limits.minimum:
            yield RejectedSpan("too short", numbers[0], numbers[-1] - numbers[0] + 1)
        else:
            yield Segment(numbers, tuple(face for _, face in faces))

    def _end_bad(self) -> Iterator[RejectedSpan]:
        bad, self._bad = self._bad, None
        if bad is not None:
            reason, first, last = bad
            yield RejectedSpan(reason, first, last - first + 1, self._picture)
            self._picture = None

    def _grow(self, number: int, face: Face) -> None:
        low, high = _bounds(face)
        self._low = low if not self._faces else np.minimum(self._low, low)
        self._high = high if not self._faces else np.maximum(self._high, high)
        self._faces.append((number, face))
        self._sides.append(_side(face))

    def _fits(self, number: int, face: Face) -> bool:
        """Whether a face may join the segment."""
        first, (last_number, last) = self._faces[0][0], self._faces[-1]
        if number - first >= self._limits.maximum or number - last_number > MAX_GAP + 1:
            return False
        if face.landmarks.layout != last.landmarks.layout:
            return False
        low, high = _bounds(face)
        reach = float((np.maximum(self._high, high) - np.minimum(self._low, low)).max())
        side = _side(face)
        sides = (min([*self._sides, side]), max([*self._sides, side]))
        moved = float(np.hypot(*np.subtract(face.centre, last.centre)))
        return (
            reach <= MAX_REACH * float(np.mean([*self._sides, side]))
            and sides[1] <= MAX_GROWTH * sides[0]
            and moved <= MAX_JUMP * side * (number - last_number)
        )


def _bounds(face: Face) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return face.landmarks.points.min(0), face.landmarks.points.max(0)


def _side(face: Face) -> float:
    return max(face.box[2:])
