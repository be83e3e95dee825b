"""Finders of animal faces that need only the installed packages: a cat seen from the front."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..imaging.landmark_layouts import Landmarks
from ..imaging.tensors import Pixels
from .detector import Attempt, CascadeDetection, cascade_detections, load_cascade
from .faces import Box, Face, sorted_faces

CAT_CASCADE: Final = "haarcascade_frontalcatface_extended.xml"
ATTEMPTS: Final = (
    Attempt(neighbours=3, min_size=0.15, equalise=False),
    Attempt(neighbours=3, min_size=0.15),
    Attempt(neighbours=2, min_size=0.15, work_px=640, padding=0.15),
    Attempt(neighbours=1, min_size=0.2, work_px=320, padding=0.3, enlarge=True),
)
FIXED_LANDMARKS_SCORE: Final = 0.3
"""Of landmarks at fixed places in a box, which no network predicted."""
POINTS_IN_BOX: Final = (
    (0.60, 0.42),
    (0.78, 0.42),
    (0.22, 0.42),
    (0.40, 0.42),
    (0.50, 0.66),
    (0.60, 0.80),
    (0.40, 0.80),
    (0.50, 0.76),
    (0.50, 0.84),
)
"""The nine points of `animal-9` in a cat's face, as fractions of the cascade's box."""


class AnimalFaceFinder:
    """OpenCV's cat cascade; landmarks are at fixed places in its box: enough for a crop."""

    def __init__(self) -> None:
        """A finder.

        Raises:
            FaceNotFoundError: The installed OpenCV has no cascades.
        """
        self._cascade = load_cascade(CAT_CASCADE)

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return "only faces of cats are found without a box"

    def find(self, frame: Pixels) -> list[Face]:
        """The animal faces of the first attempt that gives any."""
        for attempt in ATTEMPTS:
            detections = cascade_detections(self._cascade, frame, attempt)
            if detections:
                return sorted_faces([_face(detection) for detection in detections])
        return []


class AnimalBoxFinder:
    """The animal's face in a box given by hand, from above the eyes to the chin."""

    tried = "the given box"

    def __init__(self, box: Box) -> None:
        self._box = box

    def find(self, frame: Pixels) -> list[Face]:
        """One face, its landmarks at fixed places in the box."""
        del frame
        return [_face(CascadeDetection(self._box, 1.0))]


def _face(detection: CascadeDetection) -> Face:
    x, y, width, height = detection.box
    points = np.array(POINTS_IN_BOX) * (width, height) + (x, y)
    return Face(
        box=detection.box, landmarks=Landmarks(points, "animal-9"), score=FIXED_LANDMARKS_SCORE
    )
