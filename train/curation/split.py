"""Scenes and pieces: where a film shows one face, in one stream and with flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from liveportrait_core.face.detector import FaceFinder
from liveportrait_core.face.faces import Face
from liveportrait_core.face.landmarks import LandmarkNetwork
from liveportrait_core.face.tracking import CUT_LEVELS, FaceTracker, TrackingConfig
from liveportrait_core.imaging.tensors import Pixels

from ..data.face_crops import DETECT_EVERY, are_several, thumbnail_of
from .settings import CurationSettings

CUT_OVER_USUAL: Final = 6.0
"""Change of a thumbnail over the usual one of its scene, from which it is a cut, too: two shots
of one room differ by less than the tracker's threshold."""
LEAST_CUT_LEVELS: Final = 12.0
"""Below this a change is no cut however still the scene was."""
USUAL_FRAMES: Final = 12
"""Frames over which the usual change is averaged, about."""
LONGEST_GAP: Final = 6
"""Frames in a row without the face that a piece may have; they are left out of it."""
TRACKING: Final = TrackingConfig(search_every=3, longest_wait=24)
"""A film without a face costs a search every two seconds."""
MOST_REACH: Final = 1.75
"""Side of the square that holds all of a piece's landmarks over the mean side of the face: the
crop, which does not move, is 2.2 times as large as the face and must hold it."""
MOST_GROWTH: Final = 1.6
"""The largest face of a piece over its smallest."""
LONGEST_SCENE: Final = 3000
"""Frames after which a scene ends anyhow: the tracker remembers all faces of one."""
MOST_JUMP: Final = 0.35
"""How far a face goes from frame to frame, in its sides, before it counts as another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames of one scene in which one face is seen and stays in its crop."""

    numbers: tuple[int, ...]
    """Of the frames, growing; few are left out."""
    faces: tuple[Face, ...]
    """As many."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames that are no clip."""

    reason: str
    first: int
    frames: int
    picture: Pixels | None = None
    """One of them, where it is at hand."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in frames."""

    least: int
    most: int

    @classmethod
    def of(cls, settings: CurationSettings, fps: float) -> Limits:
        """Of films with `fps` frames taken a second; 0 of a still."""
        if not fps:
            return cls(1, 1)
        most = int(np.ceil(settings.most_s * fps)) - 1  # under 30 seconds, not 30
        return cls(max(2, int(np.ceil(settings.least_s * fps))), max(2, most))


class SceneCuts:
    """Sees cuts: a change that is large, or far larger than is usual in the scene."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._usual: float | None = None

    def is_cut(self, frame: Pixels) -> bool:
        """Whether a new scene begins with this frame."""
        thumbnail = thumbnail_of(frame)
        before, self._before = self._before, thumbnail
        if before is None:
            return False
        change = float(np.abs(thumbnail - before).mean())
        usual = self._usual
        if change > CUT_LEVELS or (
            usual is not None and change > max(LEAST_CUT_LEVELS, CUT_OVER_USUAL * usual)
        ):
            self._usual = None
            return True
        self._usual = change if usual is None else usual + (change - usual) / USUAL_FRAMES
        return False


class Splitter:
    """Takes a film's frames one by one and gives its pieces as soon as they are whole.

    Convention:
        - a scene is looked at for other faces every `LOOK_EVERY` frames and at its end; what lies
          between two looks counts as shared when either shows several faces
        - it holds the faces of one piece, one frame, and no more pixels
    """

    def __init__(self, finder: FaceFinder, network: LandmarkNetwork, limits: Limits) -> None:
        """A splitter that has seen nothing.

        Args:
            finder: Finds faces.
            network: Follows them.
            limits: Of a piece.
        """
        self._finder, self._network, self._limits = _Remembering(finder), network, limits
        self._cuts = SceneCuts()
        self._number = 0
        self._frame: Pixels | None = None
        self._begin_scene()

    def update(self, frame: Pixels) -> Iterator[Piece | Stretch]:
        """Take the next frame."""
        if self._cuts.is_cut(frame) or self._in_scene == LONGEST_SCENE:
            yield from self.close()
        if self._in_scene % DETECT_EVERY == 0:
            yield from self._end_block(frame)
        (face,) = self._tracker.update(frame) or [None]
        self._block.append((self._number, face))
        self._frame = frame
        self._number += 1
        self._in_scene += 1

    def close(self) -> Iterator[Piece | Stretch]:
        """End the scene, or the film."""
        if self._frame is not None:
            yield from self._end_block(self._frame)
            yield from self._run.close()
        self._begin_scene()

    def _begin_scene(self) -> None:
        self._tracker = FaceTracker(self._finder, self._network, TRACKING)
        self._run = _Run(self._limits)
        self._block: list[tuple[int, Face | None]] = []
        self._in_scene = 0
        self._was_shared = False
        self._frame = None

    def _end_block(self, frame: Pixels) -> Iterator[Piece | Stretch]:
        shared = _shows_several(frame, self._finder)
        alone = not (shared or self._was_shared)
        picture = frame if not alone else self._frame
        for number, face in self._block:
            yield from self._run.add(number, face if alone else "several faces", picture)
        self._block, self._was_shared = [], shared


class _Remembering:
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
    """Whether a frame shows several faces, and its mirror image, too: finders err."""
    return are_several(finder.find(frame)) and are_several(
        finder.find(np.asarray(cv2.flip(frame, 1), np.uint8))
    )


class _Run:
    """The piece or stretch that is growing."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._faces: list[tuple[int, Face]] = []
        self._low, self._high = np.zeros(2), np.zeros(2)
        self._sides: list[float] = []
        self._bad: tuple[str, int, int] | None = None
        self._picture: Pixels | None = None

    def add(
        self, number: int, seen: Face | str | None, picture: Pixels | None
    ) -> Iterator[Piece | Stretch]:
        """A frame with its face, with none, or the reason why it is of no use."""
        if isinstance(seen, Face):
            yield from self._end_bad()
            if self._faces and not self._fits(number, seen):
                yield from self._end_piece()
            self._grow(number, seen)
        elif self._faces and seen is None and number - self._faces[-1][0] <= LONGEST_GAP:
            return
        else:
            yield from self._end_piece()
            reason = seen or "no face"
            if self._bad is not None and self._bad[0] != reason:
                yield from self._end_bad()
            first = self._bad[1] if self._bad is not None else number
            self._bad, self._picture = (reason, first, number), picture

    def close(self) -> Iterator[Piece | Stretch]:
        """End what is growing."""
        yield from self._end_piece()
        yield from self._end_bad()

    def _end_piece(self) -> Iterator[Piece | Stretch]:
        faces, self._faces, self._sides = self._faces, [], []
        if not faces:
            return
        numbers = tuple(number for number, _ in faces)
        if len(faces) < self._limits.least:
            yield Stretch("too short", numbers[0], numbers[-1] - numbers[0] + 1)
        else:
            yield Piece(numbers, tuple(face for _, face in faces))

    def _end_bad(self) -> Iterator[Stretch]:
        bad, self._bad = self._bad, None
        if bad is not None:
            reason, first, last = bad
            yield Stretch(reason, first, last - first + 1, self._picture)
            self._picture = None

    def _grow(self, number: int, face: Face) -> None:
        low, high = _bounds(face)
        self._low = low if not self._faces else np.minimum(self._low, low)
        self._high = high if not self._faces else np.maximum(self._high, high)
        self._faces.append((number, face))
        self._sides.append(_side(face))

    def _fits(self, number: int, face: Face) -> bool:
        """Whether a face may join the piece."""
        first, (last_number, last) = self._faces[0][0], self._faces[-1]
        if number - first >= self._limits.most or number - last_number > LONGEST_GAP + 1:
            return False
        if face.landmarks.layout != last.landmarks.layout:
            return False
        low, high = _bounds(face)
        reach = float((np.maximum(self._high, high) - np.minimum(self._low, low)).max())
        side = _side(face)
        sides = (min([*self._sides, side]), max([*self._sides, side]))
        moved = float(np.hypot(*np.subtract(face.centre, last.centre)))
        return (
            reach <= MOST_REACH * float(np.mean([*self._sides, side]))
            and sides[1] <= MOST_GROWTH * sides[0]
            and moved <= MOST_JUMP * side * (number - last_number)
        )


def _bounds(face: Face) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return face.landmarks.points.min(0), face.landmarks.points.max(0)


def _side(face: Face) -> float:
    return max(face.box[2:])
