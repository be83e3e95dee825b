"""Faces: where a face is in a frame, and in every frame of a clip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, Protocol, TypeVar

import numpy as np

from ..config.find_options import FaceOrder
from ..constants import Box
from ..errors import FaceNotFoundError, about, counted, indexes
from ..imaging.landmark_layouts import Landmarks
from ..preset import CropDefaults

FaceState = Literal["measured", "interpolated", "missing"]
FIND_ADVICE: Final = (
    "Use a picture with a larger, more frontal face, mark the face with a box, or say that the "
    "frames are face crops already."
)
"""What to do when no face was found."""
PHOTO: Final = "photo"
"""What messages call a picture that only its expression is taken of, and that has no box."""
_PHOTO_ADVICE: Final = "Use a picture with a larger, more frontal face."
SAME_FACE_OVERLAP: Final = 0.5
"""Overlap over the smaller box from which two detections are one face."""


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
    """Landmarks that openness is measured on, where it is not `landmarks`, which frame the face."""

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
    """One face through a clip: an entry for every frame, none left out.

    `prepare(model, source, driving, source_faces=faces[1])`
    """

    face_id: int
    faces: tuple[Face, ...]
    shots: tuple[int, ...] = (0,)
    """The first frame of each shot: what happens in one says nothing of the others."""

    @property
    def shot_slices(self) -> tuple[slice, ...]:
        """The frames of each shot."""
        stops = (*self.shots[1:], len(self.faces))
        return tuple(slice(*ends) for ends in zip(self.shots, stops, strict=True))

    def __len__(self) -> int:
        return len(self.faces)

    @property
    def validity(self) -> tuple[float, ...]:
        """1 measured, 0.5 interpolated, 0 missing: as `Motion.validity` has it."""
        of_state: dict[FaceState, float] = {"measured": 1.0, "interpolated": 0.5, "missing": 0.0}
        return tuple(of_state[face.state] for face in self.faces)

    @property
    def unmeasured(self) -> list[int]:
        """The frames in which the face was not found."""
        return [index for index, face in enumerate(self.faces) if face.state != "measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """The faces of a clip: one track each, numbered from 0 by `face_id`.

    `faces = FaceTrackers(model).find_all(clip, options=FindOptions(max_faces=2))`, then `faces[1]`
    """

    tracks: tuple[FaceTrack, ...]
    num_frames: int
    width: int
    """Of the frames, pixels."""
    height: int
    fps: Fraction
    source_crop: CropDefaults | None = None
    """How the model that they were found for frames a source; None where that is not known."""

    def __len__(self) -> int:
        return len(self.tracks)

    def __getitem__(self, face_index: int) -> FaceTrack:
        """One of them.

        Raises:
            FaceNotFoundError: There are fewer.
        """
        if not 0 <= face_index < len(self.tracks):
            with about("face_index"):
                raise no_such_face(face_index, len(self.tracks))
        return self.tracks[face_index]


def find_advice(name: str) -> str:
    """What to do when no face was found in a clip of this name."""
    return _PHOTO_ADVICE if name == PHOTO else FIND_ADVICE


def no_such_face(index: int, num_faces: int, where: str = "") -> FaceNotFoundError:
    """The error for an index that is beyond the faces that were found.

    Args:
        index: That was asked for.
        num_faces: How many were found, 1 or more.
        where: " in the source", for the message.
    """
    return FaceNotFoundError(
        f"The face index is {index}; {indexes(num_faces)} is expected, for "
        f"{counted(num_faces, 'face')} found{where}. Choose another index."
    )


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
        raise ValueError(
            f"The face order is {order!r}; one of {', '.join(_ORDER_KEYS)} is expected. "
            "Choose one of these."
        )
    return sorted(faces, key=key)


class Boxed(Protocol):
    """Anything with a box, as `Face`."""

    @property
    def box(self) -> Box:
        """In pixels of the frame."""
        ...


BoxedT = TypeVar("BoxedT", bound=Boxed)


def without_overlaps(ranked: Iterable[BoxedT]) -> list[BoxedT]:
    """Non-maximum suppression: of entries whose boxes overlap, the first.

    Args:
        ranked: The best first.
    """
    kept: list[BoxedT] = []
    for entry in ranked:
        if all(overlap(entry.box, other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(entry)
    return kept


def overlap(first: Box, second: Box) -> float:
    """Intersection area of two boxes over the area of the smaller one."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    smaller = min(first[2] * first[3], second[2] * second[3])
    return max(width, 0.0) * max(height, 0.0) / smaller if smaller > 0 else 0.0
