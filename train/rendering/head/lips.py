"""How far the lips of a head are apart, and what each shape does to that."""

from __future__ import annotations

from typing import Final

import numpy as np

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.speech.lip_gap import LipGap

from ..arrays import FloatArray, IndexArray
from .head_model import HeadModel

UPPER_LIP: Final = (61, 62, 63)
LOWER_LIP: Final = (67, 66, 65)
"""Landmarks of the inner lips (Multi-PIE, 68), each above one of the lower."""
CORNERS: Final = (48, 54)
INNER_CORNERS: Final = (60, 64)
CLOSE: Final = "mouthClose"
LEAST_SLOPE_CM: Final = 0.02
SIDES: Final = {"": "", "_L": "Left", "_R": "Right"}
"""Ends of a face model's names, and of the 52 shapes'."""


def lip_gap_of(head: HeadModel, identity: FloatArray | None = None) -> LipGap:
    """The lips of one person, for curves whose lips meet on that person's head.

    `articulate(phones, frames, lips=lip_gap_of(head, identity))`

    Convention:
        - the gap is vertical, the mean of three places of the inner lips; shapes that change it
          by less than `LEAST_SLOPE_CM` are left out

    Args:
        head: The face model.
        identity: (M,) weights of its identity modes; None for the mean head.

    Raises:
        ValueError: The model's `mouthClose` does not bring the lips together.
    """
    upper, lower = (head.landmarks[list(numbers)] for numbers in (UPPER_LIP, LOWER_LIP))
    vertices = head.vertices
    if identity is not None:
        vertices = vertices + (identity @ head.identity_modes).reshape(-1, 3)
    slopes: dict[str, float] = {}
    for name in head.expression_names:
        slope = _rise(head, name, upper) - _rise(head, name, lower)
        shape = _arkit_name(name)
        if shape in ARKIT_SHAPES and abs(slope) >= LEAST_SLOPE_CM:
            slopes[shape] = slope
    left, right, inner_left, inner_right = (
        vertices[head.landmarks[number]] for number in (*CORNERS, *INNER_CORNERS)
    )
    width = float(np.linalg.norm(left - right))
    return LipGap(
        rest_cm=float((vertices[upper, 1] - vertices[lower, 1]).mean()),
        slopes_cm={name: slope for name, slope in slopes.items() if name != CLOSE},
        close_cm=-slopes.get(CLOSE, 0.0),
        width_cm=width,
        inner_share=float(np.linalg.norm(inner_left - inner_right)) / width,
    )


def _rise(head: HeadModel, name: str, vertices: IndexArray) -> float:
    """How far a whole expression lifts some vertices, on the mean."""
    number = head.expression_index(name)
    part = slice(*head.expressions.starts[number : number + 2])
    moved = np.isin(head.expressions.indices[part], vertices)
    return float(head.expressions.offsets[part][moved, 1].sum()) / len(vertices)


def _arkit_name(name: str) -> str:
    stem, end = (name[:-2], name[-2:]) if name.endswith(("_L", "_R")) else (name, "")
    return stem + SIDES[end]
