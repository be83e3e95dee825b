"""Landmark layouts: number of points, which align a crop, which give openness.

The only table of point numbers; everything that reads landmarks looks them up here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Points = NDArray[np.float64]
"""(N, 2) x, y in pixels; whole numbers are pixel centres."""

COMPACT_BOX_RATIO: Final = 1.15
"""Side of the 203 points' box over that of our 21: ours end at the brows' middle and the chin,
and lie inside the jaw line."""

XY: Final = 2
"""Coordinates of a landmark."""

Indices = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkLayout:
    """One way to mark a face with points.

    Convention:
        - "left" is the image's left, as the person is seen
        - an eye's centre and the lip's centre are means of the points named here
        - openness is the distance of an upper/lower pair over that of a corner pair
    """

    name: str
    num_points: int
    left_eye: Indices
    right_eye: Indices
    lip: Indices
    box_ratio: float = 1.0
    """Multiplies the crop scale, so that one scale frames a face alike in each layout. 1 for
    the published layouts: their scales were chosen without it."""
    left_eye_lids: Pair | None = None
    left_eye_corners: Pair | None = None
    right_eye_lids: Pair | None = None
    right_eye_corners: Pair | None = None
    lip_height: Pair | None = None
    """Inner edges of the upper and the lower lip."""
    lip_width: Pair | None = None

    @property
    def has_openness(self) -> bool:
        """True when eye and lip opening can be measured."""
        return self.left_eye_lids is not None


COMPACT_21: Final = LandmarkLayout(
    name="compact-21",
    num_points=21,
    left_eye=(4, 5),
    right_eye=(6, 7),
    lip=(15, 16),
    box_ratio=COMPACT_BOX_RATIO,
    left_eye_lids=(8, 9),
    left_eye_corners=(4, 5),
    right_eye_lids=(10, 11),
    right_eye_corners=(6, 7),
    lip_height=(17, 18),
    lip_width=(15, 16),
)
LIVEPORTRAIT_203: Final = LandmarkLayout(
    name="liveportrait-203",
    num_points=203,
    left_eye=(0, 6, 12, 18),
    right_eye=(24, 30, 36, 42),
    lip=(48, 66),
    left_eye_lids=(6, 18),
    left_eye_corners=(0, 12),
    right_eye_lids=(30, 42),
    right_eye_corners=(24, 36),
    lip_height=(90, 102),
    lip_width=(48, 66),
)
INSIGHTFACE_106: Final = LandmarkLayout(
    name="insightface-106",
    num_points=106,
    left_eye=(33, 35, 40, 39),
    right_eye=(87, 89, 94, 93),
    lip=(52, 61),
    left_eye_lids=(40, 33),
    left_eye_corners=(35, 39),
    right_eye_lids=(94, 87),
    right_eye_corners=(89, 93),
    lip_height=(62, 60),
    lip_width=(52, 61),
)
DENSE_101: Final = LandmarkLayout(
    name="dense-101",
    num_points=101,
    left_eye=(39, 42, 45, 48),
    right_eye=(51, 54, 57, 60),
    lip=(75, 81),
)
IBUG_68: Final = LandmarkLayout(
    name="ibug-68",
    num_points=68,
    left_eye=(36, 39),
    right_eye=(42, 45),
    lip=(48, 54),
    left_eye_lids=(37, 41),
    left_eye_corners=(36, 39),
    right_eye_lids=(43, 47),
    right_eye_corners=(42, 45),
    lip_height=(62, 66),
    lip_width=(48, 54),
)
FIVE_POINTS: Final = LandmarkLayout(
    name="five", num_points=5, left_eye=(0,), right_eye=(1,), lip=(3, 4)
)
ANIMAL_9: Final = LandmarkLayout(
    name="animal-9", num_points=9, left_eye=(2, 3), right_eye=(0, 1), lip=(5, 6)
)
LAYOUTS: Final = {
    layout.name: layout
    for layout in (
        COMPACT_21,
        LIVEPORTRAIT_203,
        INSIGHTFACE_106,
        DENSE_101,
        IBUG_68,
        FIVE_POINTS,
        ANIMAL_9,
    )
}
_BY_COUNT = {layout.num_points: layout for layout in LAYOUTS.values()}


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Points of one face and the name of their layout."""

    points: Points
    """(N, 2) x, y in pixels."""
    layout: str

    def __post_init__(self) -> None:
        known = LAYOUTS.get(self.layout)
        if known is None:
            raise ValueError(
                f"The landmark layout is {self.layout!r}; one of {', '.join(LAYOUTS)} is expected. "
                "Choose one of these."
            )
        extra = len(self.points) - known.num_points
        fits = extra == 0 or (extra > 0 and known is DENSE_101)
        if self.points.shape[1:] != (XY,) or not fits:
            raise ValueError(
                f"The landmarks have shape {self.points.shape}; ({known.num_points}, 2) is "
                f"expected in layout {self.layout}. Name the layout of the points."
            )


AnyLandmarks = Landmarks | Tensor | ArrayLike
"""What the crops accept: `Landmarks`, or (N, 2) points whose layout follows from their number."""


def as_landmarks(landmarks: AnyLandmarks) -> Landmarks:
    """Landmarks with their layout looked up by the number of points.

    Convention:
        - more than 101 points of no known layout are aligned by the first 101 as `dense-101`,
          as in the published code; all of them count for the box

    Raises:
        ValueError: Not (N, 2), not finite, or of no known layout.
    """
    if isinstance(landmarks, Landmarks):
        return landmarks
    values = landmarks.detach().cpu().numpy() if isinstance(landmarks, Tensor) else landmarks
    points = np.array(values, np.float64)
    if points.shape[:1] == (1,) and points.shape[2:] == (XY,):
        points = points[0]  # one face with a batch axis
    if points.shape[1:] != (XY,):
        raise ValueError(
            f"The landmarks have shape {points.shape}; (N, 2) pixel positions x, y of one face "
            "are expected. Crop one face at a time."
        )
    if not np.isfinite(points).all():
        raise ValueError(
            "The landmarks hold values that are not finite; pixel positions are expected. "
            "Leave out faces that were not measured."
        )
    layout = _BY_COUNT.get(len(points))
    if layout is None and len(points) > DENSE_101.num_points:
        layout = DENSE_101
    if layout is None:
        counts = ", ".join(str(count) for count in sorted(_BY_COUNT))
        raise ValueError(
            f"There are {len(points)} landmarks; {counts} are expected, as the known layouts have. "
            "Use landmarks of a known layout."
        )
    return Landmarks(points, layout.name)
