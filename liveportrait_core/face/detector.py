"""Face finders that need nothing but the installed packages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np

from ..errors import FaceNotFoundError
from ..imaging.crop import FaceBox
from ..imaging.tensors import Pixels
from .faces import Box, Face, face_from_landmarks, overlap
from .landmarks import LandmarkNetwork, read_face, steadiness

FRONTAL_CASCADE: Final = "haarcascade_frontalface_alt2.xml"
FACE_OVER_BOX: Final = 0.78
"""Height from brows to chin over the side of the cascade's box, which also shows forehead."""
FACE_BELOW_BOX: Final = 0.11
"""How far the middle between brows and chin lies below the box's centre, in box sides."""
DEFAULT_MIN_SCORE: Final = 0.35
MOST_HITS: Final = 12
"""Hits of one attempt that are looked at, surest first: noise gives hundreds."""
LEAST_OF_BEST: Final = 0.6
"""Of several hits in a picture, those below this share of the best are no faces."""
SAME_FACE_OVERLAP: Final = 0.5
"""Overlap over the smaller box from which two hits are one face."""


class FaceFinder(Protocol):
    """Finds the faces of a picture, with landmarks."""

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of (H, W, 3) uint8, in no particular order; empty when there is none."""
        ...

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung of the ladder: how to look this time."""

    neighbours: int
    """Overlapping hits that count as one face."""
    smallest: float
    """Least side of a face over the picture's shorter side."""
    work_px: int = 480
    """The picture's longer side is brought to this size first, when larger."""
    enlarge: bool = False
    """Bring smaller pictures to `work_px`, too."""
    padding: float = 0.0
    """Border added around the picture, in sides: a face at the edge needs room."""
    equalise: bool = True
    """Stretch the contrast first: finds dark faces, and now and then half of a light one."""
    quarter_turns: int = 0
    """Turns of the picture, counter-clockwise."""
    strict: bool = True
    """A hit's score is weighed by its steadiness: a look this hard finds much that is no face."""


LADDER: Final = (
    Attempt(neighbours=3, smallest=0.12, equalise=False, strict=False),
    Attempt(neighbours=3, smallest=0.1, work_px=320, padding=0.15),
    Attempt(neighbours=2, smallest=0.05, work_px=800, padding=0.1),
    Attempt(neighbours=2, smallest=0.04, work_px=1024, padding=0.2, enlarge=True),
    Attempt(neighbours=1, smallest=0.1, work_px=320, padding=0.3, enlarge=True),
    Attempt(neighbours=3, smallest=0.1, work_px=320, padding=0.15, quarter_turns=1),
    Attempt(neighbours=3, smallest=0.1, work_px=320, padding=0.15, quarter_turns=3),
    Attempt(neighbours=3, smallest=0.1, work_px=320, padding=0.15, quarter_turns=2),
)
SCALE_STEP: Final = 1.05
"""Between the sizes that the cascade is tried at. 1.1 is twice as fast and misses whole faces
that 1.05 finds."""


@dataclass(frozen=True, slots=True)
class RoughFace:
    """A cascade's hit, in pixels of the frame."""

    box: Box
    weight: float
    """How sure the cascade is; comparable within one picture only."""
    quarter_turns: int = 0
    """How the frame was turned, counter-clockwise, when the face stood upright."""

    def crop(self, network: LandmarkNetwork) -> FaceBox:
        """The crop to read landmarks in first."""
        x, y, width, height = self.box
        face = max(width, height) * FACE_OVER_BOX
        side = face * network.scale
        # A picture turned counter-clockwise shows upright what was turned clockwise.
        angle = self.quarter_turns * math.pi / 2
        down = max(width, height) * FACE_BELOW_BOX + network.vy_ratio * side
        centre_x = x + width / 2 - math.sin(angle) * down
        centre_y = y + height / 2 + math.cos(angle) * down
        return FaceBox((centre_x, centre_y), side, angle)


class HaarFaceFinder:
    """OpenCV's frontal cascade, refined and checked by a landmark network."""

    def __init__(
        self,
        network: LandmarkNetwork,
        *,
        min_score: float = DEFAULT_MIN_SCORE,
        ladder: Sequence[Attempt] = LADDER,
    ) -> None:
        """A finder.

        Args:
            network: Reads landmarks; its agreement with itself rejects false hits.
            min_score: Faces below are no faces.
            ladder: Attempts, tried in order until one gives a face.

        Raises:
            FaceNotFoundError: The installed OpenCV has no cascades.
        """
        self._cascade = load_cascade(FRONTAL_CASCADE)
        self._network = network
        self._min_score = min_score
        self._ladder = tuple(ladder)

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return (
            f"OpenCV frontal cascade, {len(self._ladder)} attempts: smaller, enlarged, with "
            f"borders, turned; least score {self._min_score:.2f}"
        )

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of the first attempt that gives any."""
        for attempt in self._ladder:
            hits = (self._face(frame, rough, attempt) for rough in self._hits(frame, attempt))
            faces = _without_doubles([face for face in hits if face.score >= self._min_score])
            if faces:
                return self._credible(frame, faces)
        return []

    def _hits(self, frame: Pixels, attempt: Attempt) -> list[RoughFace]:
        return cascade_hits(self._cascade, frame, attempt)[:MOST_HITS]

    def _face(self, frame: Pixels, rough: RoughFace, attempt: Attempt) -> Face:
        reading = read_face(frame, self._network, rough.crop(self._network))
        score = reading.score
        if attempt.strict and score >= self._min_score:
            score *= steadiness(frame, self._network, reading.landmarks)
        return face_from_landmarks(reading.landmarks, score)

    def _credible(self, frame: Pixels, faces: list[Face]) -> list[Face]:
        """Without the hits that are far less steady than the best: folds of cloth, a mouth."""
        if len(faces) == 1:
            return faces
        weighed = [face.score * steadiness(frame, self._network, face.landmarks) for face in faces]
        least = LEAST_OF_BEST * max(weighed)
        return [face for face, weight in zip(faces, weighed, strict=True) if weight >= least]


class BoxFaceFinder:
    """The face in a box given by hand."""

    tried = "the given box"

    def __init__(self, box: Box, network: LandmarkNetwork) -> None:
        """A finder.

        Args:
            box: x, y, width, height in pixels, roughly from brows to chin.
            network: Reads landmarks there.

        Raises:
            ValueError: A box without area.
        """
        if min(box[2:]) <= 0:
            raise ValueError(
                f"The box {_written(box)} has no area; x,y,w,h with w and h above 0 was "
                "expected. Mark the face from brows to chin."
            )
        self._box, self._network = box, network

    def find(self, frame: Pixels) -> list[Face]:
        """One face: whoever marked the box knows better than any score.

        Raises:
            FaceNotFoundError: The box lies outside the picture.
        """
        height, width = frame.shape[:2]
        x, y, box_width, box_height = self._box
        if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
            raise FaceNotFoundError(
                f"The box {_written(self._box)} lies outside the {width}x{height} picture. "
                "Give x,y,w,h in pixels of this picture."
            )
        reading = read_face(frame, self._network, RoughFace(self._box, 1.0).crop(self._network))
        return [face_from_landmarks(reading.landmarks, reading.score)]


class CroppedFaceFinder:
    """The face of a picture that is a face crop already."""

    tried = "the whole picture"

    def __init__(self, network: LandmarkNetwork) -> None:
        self._network = network

    def find(self, frame: Pixels) -> list[Face]:
        """One face, read once in the square around the whole picture."""
        height, width = frame.shape[:2]
        whole = FaceBox((width / 2, height / 2), float(max(height, width)), 0.0)
        reading = read_face(frame, self._network, whole, readings=1)
        return [face_from_landmarks(reading.landmarks, reading.score)]


def load_cascade(name: str) -> Any:
    """One of the cascades that OpenCV 4 ships.

    Raises:
        FaceNotFoundError: The installed OpenCV has none.
    """
    make = getattr(cv2, "CascadeClassifier", None)
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    path = Path(folder or "") / name
    if make is None or folder is None or not path.is_file():
        raise FaceNotFoundError(
            f"OpenCV {cv2.__version__} has no face cascades; version 4 has them. Install "
            "opencv-python-headless<5, mark the face with a box, say that the frames are face "
            "crops already, or install onnxruntime and give InsightFace's model folder."
        )
    return make(str(path))


def cascade_hits(
    cascade: Any,
    frame: Pixels,
    attempt: Attempt,
) -> list[RoughFace]:
    """What a cascade finds in one attempt, surest first."""
    turned = np.ascontiguousarray(np.rot90(frame, attempt.quarter_turns))
    height, width = turned.shape[:2]
    zoom = attempt.work_px / max(height, width)
    zoom = zoom if attempt.enlarge else min(1.0, zoom)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    grey = cv2.cvtColor(cv2.resize(turned, size, interpolation=method), cv2.COLOR_RGB2GRAY)
    border = round(attempt.padding * max(size))
    if border:
        grey = np.pad(grey, border, mode="edge")
    smallest = max(20, round(attempt.smallest * min(size)))
    boxes, _, weights = cascade.detectMultiScale3(
        cv2.equalizeHist(grey) if attempt.equalise else grey,
        scaleFactor=SCALE_STEP,
        minNeighbors=attempt.neighbours,
        minSize=(smallest, smallest),
        outputRejectLevels=True,
    )
    hits: list[RoughFace] = []
    for (x, y, box_width, box_height), weight in zip(boxes, np.ravel(weights), strict=True):
        box = ((x - border) / zoom, (y - border) / zoom, box_width / zoom, box_height / zoom)
        there = _turned_back(box, frame, attempt.quarter_turns)
        hits.append(RoughFace(there, float(weight), attempt.quarter_turns))
    return sorted(hits, key=lambda hit: -hit.weight)


def _turned_back(box: Box, frame: Pixels, quarter_turns: int) -> Box:
    """A box of the picture turned counter-clockwise -> of the picture itself."""
    x, y, width, height = box
    rows, columns = frame.shape[:2]
    match quarter_turns:
        case 1:  # turned picture: x' = y, y' = columns - x
            return columns - y - height, x, height, width
        case 2:
            return columns - x - width, rows - y - height, width, height
        case 3:
            return y, rows - x - width, height, width
        case _:
            return x, y, width, height


def _without_doubles(faces: Sequence[Face]) -> list[Face]:
    """Of hits that overlap, the largest: a smaller one is often a mouth taken for a face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.area):
        if all(overlap(face.box, other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return kept


def _written(box: Box) -> str:
    return ",".join(f"{value:g}" for value in box)
