"""Animal faces, as far as the installed packages can find them: the front of a cat's face."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..imaging.landmark_layouts import Landmarks
from ..imaging.tensors import Pixels
from .detector import Attempt, RoughFace, cascade_hits, load_cascade
from .faces import Box, Face, sorted_faces

CAT_CASCADE: Final = "haarcascade_frontalcatface_extended.xml"
LADDER: Final = (
    Attempt(neighbours=3, smallest=0.15, equalise=False),
    Attempt(neighbours=3, smallest=0.15),
    Attempt(neighbours=2, smallest=0.15, work_px=640, padding=0.15),
    Attempt(neighbours=1, smallest=0.2, work_px=320, padding=0.3, enlarge=True),
)
GUESSED_SCORE: Final = 0.3
"""Of landmarks that were placed in a box, not read."""
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
"""The nine points of `animal-9` in a cat's face, shares of the cascade's box."""


class AnimalFaceFinder:
    """OpenCV's cat cascade; landmarks are placed, not read: good for a crop, not for openness."""

    def __init__(self) -> None:
        """A finder.

        Raises:
            FaceNotFoundError: The installed OpenCV has no cascades.
        """
        self._cascade = load_cascade(CAT_CASCADE)

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return f"OpenCV cat-face cascade, {len(LADDER)} attempts"

    def find(self, frame: Pixels) -> list[Face]:
        """The animal faces of the first attempt that gives any."""
        for attempt in LADDER:
            hits = cascade_hits(self._cascade, frame, attempt)
            if hits:
                return sorted_faces([_face(hit) for hit in hits])
        return []


class AnimalBoxFinder:
    """The animal's face in a box given by hand, from above the eyes to the chin."""

    tried = "the given box"

    def __init__(self, box: Box) -> None:
        self._box = box

    def find(self, frame: Pixels) -> list[Face]:
        """One face with placed landmarks."""
        del frame
        return [_face(RoughFace(self._box, 1.0))]


def _face(hit: RoughFace) -> Face:
    x, y, width, height = hit.box
    points = np.array(POINTS_IN_BOX) * (width, height) + (x, y)
    return Face(box=hit.box, landmarks=Landmarks(points, "animal-9"), score=GUESSED_SCORE)
