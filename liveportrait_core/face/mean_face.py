"""A mean face fitted to five points, for faces on which the landmark network fails."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..imaging.landmark_layouts import COMPACT_21, Landmarks, Points
from .landmarks import mouth_is_below_eyes

MEAN_FACE: Final = (
    (-0.23, -0.43), (-0.07, -0.41), (0.07, -0.41), (0.23, -0.43),
    (-0.27, -0.24), (-0.11, -0.23), (0.11, -0.23), (0.27, -0.24),
    (-0.21, -0.26), (-0.20, -0.22), (0.21, -0.26), (0.20, -0.22),
    (-0.19, -0.26), (0.19, -0.26), (0.0, -0.07), (-0.15, 0.17), (0.15, 0.17),
    (0.0, 0.15), (0.0, 0.21), (0.0, 0.26), (0.0, 0.43),
)  # fmt: skip
"""The 21 points of rendered heads seen from the front, from the middle of the square about the
face, in its sides: mean of both halves."""
FIVE_POINTS: Final = ((4, 5), (6, 7), (14,), (15,), (16,))
"""Which of them the five points are the middles of: eyes, nose, corners of the mouth."""
MAX_SKEW: Final = 0.6
"""Largest |cosine| between the line of the eyes and the line to the mouth."""


def mean_face_landmarks(five: Points) -> Landmarks:
    """The 21 points of a mean face, mapped to five points by an affine least-squares fit.

    Args:
        five: (5, 2) middles of the eyes, tip of the nose, corners of the mouth, pixels.

    Returns:
        Enough for a crop. Openness of eyes and mouth is the mean face's.
    """
    mean = np.array(MEAN_FACE)
    known = np.stack([mean[list(group)].mean(0) for group in FIVE_POINTS])
    solution, *_ = np.linalg.lstsq(_with_one(known), np.asarray(five, np.float64), rcond=None)
    return Landmarks(_with_one(mean) @ solution, COMPACT_21.name)


def are_plausible_points(five: Points) -> bool:
    """True when the mouth lies below the eyes as in a face, also an animal's.

    Args:
        five: (5, 2) as for `mean_face_landmarks`.
    """
    return mouth_is_below_eyes(five[0], five[1], five[3:].mean(0), max_skew=MAX_SKEW)


def _with_one(points: Points) -> Points:
    return np.concatenate((points, np.ones((len(points), 1))), 1)
