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
from .faces import Box, Face, face_from_landmarks, without_overlaps
from .landmarks import LandmarkNetwork, refine_landmarks, stability

FRONTAL_CASCADE: Final = "haarcascade_frontalface_alt2.xml"
FACE_OVER_BOX: Final = 0.78
"""Height from brows to chin over the side of the cascade's box, which also shows forehead."""
FACE_BELOW_BOX: Final = 0.11
"""How far the middle between brows and chin lies below the box's centre, in box sides."""
DEFAULT_MIN_SCORE: Final = 0.35
LOOKED_FOR: Final = "it was looked for upright, turned, small and large"
"""What finders do, for the message when they find nothing."""
MAX_DETECTIONS: Final = 12
"""Detections of one attempt that are verified, best first: noise gives hundreds."""
MIN_RELATIVE_SCORE: Final = 0.6
"""Of several detections in a picture, those below this fraction of the best are no faces."""


class FaceFinder(Protocol):
    """Finds the faces of a picture, with landmarks."""

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of (H, W, 3) uint8, in no particular order; empty when there is none."""
        ...

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        ...


class Verifier(Protocol):
    """Judges the detections of another finder."""

    def may_be_face(self, frame: Pixels, square: FaceBox) -> bool:
        """Whether there is anything like a face in a square from brows to chin.

        Args:
            frame: (H, W, 3) uint8 RGB.
            square: In pixels of the frame.
        """
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """Settings of one run of a cascade; attempts are tried in order."""

    neighbours: int
    """Smallest number of overlapping detections that count as one face."""
    min_size: float
    """Smallest side of a face over the picture's shorter side."""
    work_px: int = 480
    """The picture's longer side is reduced to this size first, when larger."""
    enlarge: bool = False
    """Enlarge smaller pictures to `work_px`, too."""
    padding: float = 0.0
    """Border added around the picture, in sides: a face at the edge needs room."""
    equalise: bool = True
    """Equalise the histogram first: finds dark faces, and sometimes half of a light one."""
    quarter_turns: int = 0
    """Turns of the picture, counter-clockwise."""
    strict: bool = True
    """Multiply scores by their stability: a sensitive attempt finds much that is no face."""


ATTEMPTS: Final = (
    Attempt(neighbours=3, min_size=0.12, equalise=False, strict=False),
    Attempt(neighbours=3, min_size=0.1, work_px=320, padding=0.15),
    Attempt(neighbours=2, min_size=0.05, work_px=800, padding=0.1),
    Attempt(neighbours=2, min_size=0.04, work_px=1024, padding=0.2, enlarge=True),
    Attempt(neighbours=1, min_size=0.1, work_px=320, padding=0.3, enlarge=True),
    Attempt(neighbours=3, min_size=0.1, work_px=320, padding=0.15, quarter_turns=1),
    Attempt(neighbours=3, min_size=0.1, work_px=320, padding=0.15, quarter_turns=3),
    Attempt(neighbours=3, min_size=0.1, work_px=320, padding=0.15, quarter_turns=2),
)
SCALE_STEP: Final = 1.05
"""Between the sizes that the cascade is tried at. 1.1 is twice as fast and misses whole faces
that 1.05 finds."""


@dataclass(frozen=True, slots=True)
class CascadeDetection:
    """A detection of a cascade, in pixels of the frame."""

    box: Box
    weight: float
    """The cascade's confidence; comparable within one picture only."""
    quarter_turns: int = 0
    """How the frame was turned, counter-clockwise, when the face stood upright."""

    @property
    def square(self) -> FaceBox:
        """The square from brows to chin."""
        return self._square(1.0, 0.0)

    def crop(self, network: LandmarkNetwork) -> FaceBox:
        """The first crop for a landmark network."""
        return self._square(network.scale, network.vy_ratio)

    def _square(self, scale: float, vy_ratio: float) -> FaceBox:
        """A square that is so many times as large as the face, shifted down in its own sides."""
        x, y, width, height = self.box
        side = max(width, height) * FACE_OVER_BOX * scale
        # A picture turned counter-clockwise shows upright what was turned clockwise.
        angle = self.quarter_turns * math.pi / 2
        down = max(width, height) * FACE_BELOW_BOX + vy_ratio * side
        centre_x = x + width / 2 - math.sin(angle) * down
        centre_y = y + height / 2 + math.cos(angle) * down
        return FaceBox((centre_x, centre_y), side, angle)


class HaarFaceFinder:
    """Faces detected by OpenCV's frontal cascade, refined and verified by a landmark network."""

    def __init__(
        self,
        network: LandmarkNetwork,
        *,
        min_score: float = DEFAULT_MIN_SCORE,
        attempts: Sequence[Attempt] = ATTEMPTS,
        verifier: Verifier | None = None,
    ) -> None:
        """A finder.

        Args:
            network: Predicts landmarks; the agreement of its predictions rejects false detections.
            min_score: Smallest score of a face, 0 to 1.
            attempts: Tried in order until one gives a face.
            verifier: Says whether to look for landmarks in a detection at all; None looks in each.

        Raises:
            FaceNotFoundError: The installed OpenCV has no cascades.
        """
        self._cascade = load_cascade(FRONTAL_CASCADE)
        self._network = network
        self._min_score = min_score
        self._attempts = tuple(attempts)
        self._verifier = verifier

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return LOOKED_FOR

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of the first attempt that gives any."""
        for attempt in self._attempts:
            detections = cascade_detections(self._cascade, frame, attempt)[:MAX_DETECTIONS]
            if self._verifier is not None:
                seen = self._verifier.may_be_face
                detections = [found for found in detections if seen(frame, found.square)]
            faces = [self._face(frame, detection, attempt) for detection in detections]
            # the largest first: a smaller one is often a mouth taken for a face
            ranked = sorted(faces, key=lambda face: -face.area)
            kept = without_overlaps(face for face in ranked if face.score >= self._min_score)
            if kept:
                return self._without_outliers(frame, kept)
        return []

    def _face(self, frame: Pixels, detection: CascadeDetection, attempt: Attempt) -> Face:
        refined = refine_landmarks(frame, self._network, detection.crop(self._network))
        score = refined.score
        if attempt.strict and score >= self._min_score:
            score *= stability(frame, self._network, refined.landmarks)
        return face_from_landmarks(refined.landmarks, score)

    def _without_outliers(self, frame: Pixels, faces: list[Face]) -> list[Face]:
        """Without those that are far less stable than the best: folds of cloth, a mouth."""
        if len(faces) == 1:
            return faces
        weighted = [face.score * stability(frame, self._network, face.landmarks) for face in faces]
        low = MIN_RELATIVE_SCORE * max(weighted)
        return [face for face, weight in zip(faces, weighted, strict=True) if weight >= low]


def check_box(box: Box, height: int, width: int) -> None:
    """Refuse a box that marks nothing of a picture.

    Raises:
        FaceNotFoundError: It lies outside.
    """
    x, y, box_width, box_height = box
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        raise FaceNotFoundError(
            f"The box {_written(box)} lies outside the {width}x{height} picture; a box inside it "
            "is expected. Give x,y,w,h in pixels of this picture."
        )


class BoxFaceFinder:
    """The face in a box given by hand."""

    tried = "the given box"

    def __init__(self, box: Box, network: LandmarkNetwork) -> None:
        """A finder.

        Args:
            box: x, y, width, height in pixels, roughly from brows to chin.
            network: Predicts landmarks there.

        Raises:
            ValueError: A box without area.
        """
        if min(box[2:]) <= 0:
            raise ValueError(
                f"The box {_written(box)} has no area; x,y,w,h with w and h above 0 is "
                "expected. Mark the face from brows to chin."
            )
        self._box, self._network = box, network

    def find(self, frame: Pixels) -> list[Face]:
        """One face, whatever its score: the user has marked it.

        Raises:
            FaceNotFoundError: The box lies outside the picture.
        """
        check_box(self._box, *frame.shape[:2])
        crop = CascadeDetection(self._box, 1.0).crop(self._network)
        refined = refine_landmarks(frame, self._network, crop)
        return [face_from_landmarks(refined.landmarks, refined.score)]


class CroppedFaceFinder:
    """The face of a picture that is a face crop already."""

    tried = "the whole picture"

    def __init__(self, network: LandmarkNetwork) -> None:
        self._network = network

    def find(self, frame: Pixels) -> list[Face]:
        """One face, its landmarks predicted once in the square around the whole picture."""
        height, width = frame.shape[:2]
        whole = FaceBox((width / 2, height / 2), float(max(height, width)), 0.0)
        refined = refine_landmarks(frame, self._network, whole, predictions=1)
        return [face_from_landmarks(refined.landmarks, refined.score)]


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
            f"OpenCV {cv2.__version__} has no face cascades; version 4 is expected. Install "
            "opencv-python-headless<5, mark the face with a box, say that the frames are face "
            "crops already, or install onnxruntime and give InsightFace's model folder."
        )
    return make(str(path))


def cascade_detections(cascade: Any, frame: Pixels, attempt: Attempt) -> list[CascadeDetection]:
    """What a cascade detects in one attempt, most confident first.

    Args:
        cascade: From `load_cascade`.
        frame: (H, W, 3) uint8 RGB.
        attempt: Size, turn and thresholds.
    """
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
    min_side = max(20, round(attempt.min_size * min(size)))
    boxes, _, weights = cascade.detectMultiScale3(
        cv2.equalizeHist(grey) if attempt.equalise else grey,
        scaleFactor=SCALE_STEP,
        minNeighbors=attempt.neighbours,
        minSize=(min_side, min_side),
        outputRejectLevels=True,
    )
    detections: list[CascadeDetection] = []
    for (x, y, box_width, box_height), weight in zip(boxes, np.ravel(weights), strict=True):
        box = ((x - border) / zoom, (y - border) / zoom, box_width / zoom, box_height / zoom)
        there = _turned_back(box, frame, attempt.quarter_turns)
        detections.append(CascadeDetection(there, float(weight), attempt.quarter_turns))
    return sorted(detections, key=lambda detection: -detection.weight)


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


def _written(box: Box) -> str:
    return ",".join(f"{value:g}" for value in box)
