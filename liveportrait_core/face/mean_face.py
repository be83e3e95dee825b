"""Landmarks that are placed by five points, for faces that no landmark network can read."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..imaging.landmark_layouts import COMPACT_21, Landmarks, Points

MEAN_FACE: Final = (
    (-0.23, -0.43), (-0.07, -0.41), (0.07, -0.41), (0.23, -0.43),
    (-0.27, -0.24), (-0.11, -0.23), (0.11, -0.23), (0.27, -0.24),
    (-0.21, -0.26), (-0.20, -0.22), (0.21, -0.26), (0.20, -0.22),
    (-0.19, -0.26), (0.19, -0.26), (0.0, -0.07), (-0.15, 0.17), (0.15, 0.17),
    (0.0, 0.15), (0.0, 0.21), (0.0, 0.26), (0.0, 0.43),
)  # fmt: skip
"""The 21 points of rendered heads seen from the front, from the middle of the square about the
face, in its sides: mean of both halves."""
FIVE: Final = ((4, 5), (6, 7), (14,), (15,), (16,))
"""Which of them the five points are the middles of: eyes, nose, corners of the mouth."""
LEAST_EYES_OVER_DROP, MOST_EYES_OVER_DROP = 0.3, 2.2
"""Distance of the eyes over that from their middle to the mouth's; about 1 from the front."""
MOST_SKEW: Final = 0.6
"""Largest |cosine| between the line of the eyes and the line to the mouth."""


def place_landmarks(five: Points) -> Landmarks:
    """The 21 points of a mean face that is laid on five points, stretched and sheared to fit.

    Args:
        five: (5, 2) middles of the eyes, tip of the nose, corners of the mouth, pixels.

    Returns:
        Good for a crop. They tell nothing of how open eyes and mouth are.
    """
    mean = np.array(MEAN_FACE)
    known = np.stack([mean[list(group)].mean(0) for group in FIVE])
    solution, *_ = np.linalg.lstsq(_with_one(known), np.asarray(five, np.float64), rcond=None)
    return Landmarks(_with_one(mean) @ solution, COMPACT_21.name)


def could_be_a_face(five: Points) -> bool:
    """True when the mouth lies below the eyes as in a face, also an animal's."""
    across, down = five[1] - five[0], five[3:].mean(0) - five[:2].mean(0)
    width, drop = float(np.hypot(*across)), float(np.hypot(*down))
    if not drop > 0 or not LEAST_EYES_OVER_DROP <= width / drop <= MOST_EYES_OVER_DROP:
        return False
    skew = float(across @ down) / (width * drop)
    return abs(skew) <= MOST_SKEW and bool(across[0] * down[1] > across[1] * down[0])


def _with_one(points: Points) -> Points:
    return np.concatenate((points, np.ones((len(points), 1))), 1)
