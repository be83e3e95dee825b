"""A piece of geometry beside the head: hair, hat, glasses, torso."""

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, Floats, IntArray
from .regions import Region


@dataclass(frozen=True, slots=True)
class Part:
    """Points, their colours and the triangles between them; seen from both sides."""

    points: FloatArray
    albedo: FloatArray
    triangles: IntArray
    region: Region
    gloss: float = 0.0
    """Strength of the wide highlight."""


def grid_triangles(rows: int, columns: int, *, closed: bool = True) -> IntArray:
    """Triangles of a grid of points numbered row by row; closed joins the last row to the first."""
    row = np.arange(rows if closed else rows - 1)[:, None]
    column = np.arange(columns - 1)[None]
    a = row * columns + column
    b = (row + 1) % rows * columns + column
    first = np.stack([a, b, b + 1], axis=-1).reshape(-1, 3)
    second = np.stack([a, b + 1, a + 1], axis=-1).reshape(-1, 3)
    return np.concatenate([first, second]).astype(np.int32)


def stack_points(x: Floats, y: Floats, z: Floats) -> FloatArray:
    """Three grids of coordinates as (N, 3) points."""
    return np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
