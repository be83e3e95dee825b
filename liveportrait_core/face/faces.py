"""Faces: where a face is in a frame, and in every frame of a clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np

from ..errors import FaceNotFoundError
from ..imaging.landmark_layouts import Landmarks

FaceState = Literal["measured", "interpolated", "missing"]
FaceOrder = Literal[
    "large-small", "small-large", "left-right", "right-left", "top-bottom", "bottom-top", "score"
]
Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the frame."""
FIND_ADVICE: Final = (
    "Use a picture with a larger, more frontal face, mark the face with a box, or say that the "
    "frames are face crops already."
)
"""What to do when no face was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face in one frame."""

    box: Box
    landmarks: Landmarks
    score: float
    """From 0 to 1."""
    face_id: int = 0
    """The same number for the same face in every frame of a clip."""
    state: FaceState = "measured"
    """`interpolated`: between two frames that show it. `missing`: not seen; the landmarks are
    those of the nearest frame that shows it."""
    openness_landmarks: Landmarks | None = None
    """What tells how open eyes and lips are, where it is not `landmarks`, which frame the face."""

    @property
    def area(self) -> float:
        """Of the box, square pixels."""
        return self.box[2] * self.box[3]

    @property
    def centre(self) -> tuple[float, float]:
        """Of the box, pixels."""
        return self.box[0] + self.box[2] / 2, self.box[1] + self.box[3] / 2


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face through a clip: an entry for every frame, none left out."""

    face_id: int
    faces: tuple[Face, ...]

    def __len__(self) -> int:
        return len(self.faces)

    @property
    def validity(self) -> tuple[float, ...]:
        """1 measured, 0.5 interpolated, 0 missing: as `Motion.validity` has it."""
        worth: dict[FaceState, float] = {"measured": 1.0, "interpolated": 0.5, "missing": 0.0}
        return tuple(worth[face.state] for face in self.faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """The faces of a clip: one track each, numbered from 0 by `face_id`."""

    tracks: tuple[FaceTrack, ...]
    num_frames: int
    width: int
    """Of the frames, pixels."""
    height: int
    fps: Fraction

    def __len__(self) -> int:
        return len(self.tracks)

    def __getitem__(self, face_index: int) -> FaceTrack:
        """One of them.

        Raises:
            FaceNotFoundError: There are fewer.
        """
        if not 0 <= face_index < len(self.tracks):
            raise FaceNotFoundError(
                f"Face number {face_index} was asked for, but {len(self.tracks)} can be seen. "
                f"Choose a face index from 0 to {len(self.tracks) - 1}."
            )
        return self.tracks[face_index]


_ORDER_KEYS: dict[str, Callable[[Face], float]] = {
    "large-small": lambda face: -face.area,
    "small-large": lambda face: face.area,
    "left-right": lambda face: face.centre[0],
    "right-left": lambda face: -face.centre[0],
    "top-bottom": lambda face: face.centre[1],
    "bottom-top": lambda face: -face.centre[1],
    "score": lambda face: -face.score,
}


def face_from_landmarks(landmarks: Landmarks, score: float) -> Face:
    """A face whose box is the upright box of its landmarks."""
    low, high = landmarks.points.min(0), landmarks.points.max(0)
    x, y, width, height = (float(value) for value in np.concatenate((low, high - low)))
    return Face(box=(x, y, width, height), landmarks=landmarks, score=score)


def sorted_faces(faces: Sequence[Face], order: FaceOrder = "large-small") -> list[Face]:
    """Faces in a named order; `large-small` goes by the area of the box.

    Raises:
        ValueError: An unknown order.
    """
    key = _ORDER_KEYS.get(order)
    if key is None:
        raise ValueError(f"There is no face order {order!r}. Use one of {', '.join(_ORDER_KEYS)}.")
    return sorted(faces, key=key)


def overlap(first: Box, second: Box) -> float:
    """Area that two boxes share, over that of the smaller one."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    smaller = min(first[2] * first[3], second[2] * second[3])
    return max(width, 0.0) * max(height, 0.0) / smaller if smaller > 0 else 0.0
