"""Eyelashes: thin hairs on the face model's lash cards, which move with the lids."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, IndexArray, IntArray
from ..head.head_model import HeadModel
from ..raster.vertices import weighted_points

HAIRS_PER_QUAD: Final = 3
ROOT_WIDTH: Final = 0.3
"""Width of a hair at its root, in shares of its quad."""


@dataclass(frozen=True, slots=True)
class BoundPoints:
    """Points that hang on vertices of the head and move with them."""

    vertices: IntArray
    """(B, 4) of the head."""
    weights: FloatArray
    """(B, 4) sum to 1, or go beyond it for points outside."""
    triangles: IntArray
    """(T, 3), counted from the first bound point."""

    def points(self, head_points: FloatArray) -> FloatArray:
        """Where they are, (B, 3), for the head's vertices (V, 3) of a frame."""
        return weighted_points(head_points, self.vertices, self.weights)


def no_lashes() -> BoundPoints:
    """Nothing bound."""
    return BoundPoints(
        np.zeros((0, 4), np.int32), np.zeros((0, 4), np.float32), np.zeros((0, 3), np.int32)
    )


def lash_quads(head: HeadModel) -> IndexArray:
    """The cards' quads, (Q, 4) vertices: two roots, then the tips that belong to them."""
    first, second = head.lash_triangles[0::2], head.lash_triangles[1::2]
    if len(first) != len(second):
        return np.zeros((0, 4), np.int64)
    quads = np.concatenate([first, second[:, 2:]], axis=1).astype(np.int64)
    face = head.vertices[head.parts["face"]]
    vertices = np.unique(quads)
    if len(vertices) == 0:
        return np.zeros((0, 4), np.int64)
    points = head.vertices[vertices]
    near = face[(face > points.min(0) - 1).all(1) & (face < points.max(0) + 1).all(1)]
    gaps = points[:, None] - (near if len(near) else face)[None]
    away = np.zeros(int(vertices.max()) + 1, dtype=np.float32)
    away[vertices] = np.einsum("nmk,nmk->nm", gaps, gaps).min(axis=1)
    # turn each quad until its two roots come first; the others then are tips in turned order
    sums = np.stack([away[quads[:, k]] + away[quads[:, (k + 1) % 4]] for k in range(4)], axis=1)
    turn = sums.argmin(axis=1)
    turned = quads[np.arange(len(quads))[:, None], (turn[:, None] + np.arange(4)) % 4]
    return turned[:, [0, 1, 3, 2]]


def grow_lashes(quads: IndexArray, length: float, random: np.random.Generator) -> BoundPoints:
    """Hairs of one identity.

    Args:
        quads: (Q, 4), see `lash_quads`.
        length: 1 for the face model's own.
        random: source of where hairs stand.
    """
    if len(quads) == 0 or length <= 0:
        return no_lashes()
    quads = np.repeat(quads, HAIRS_PER_QUAD, axis=0)
    place = random.random(len(quads)).astype(np.float32)
    lean = np.clip(place + random.normal(size=len(quads)) * 0.35, -0.5, 1.5)
    reach = (length * random.uniform(0.6, 1.15, len(quads))).astype(np.float32)
    low, high = np.clip(place - ROOT_WIDTH / 2, 0, 1), np.clip(place + ROOT_WIDTH / 2, 0, 1)
    zero = np.zeros_like(place)
    roots = [np.stack([1 - share, share, zero, zero], axis=1) for share in (low, high)]
    tips = np.stack(
        [(1 - reach) * (1 - place), (1 - reach) * place, reach * (1 - lean), reach * lean], axis=1
    )
    weights = np.stack([*roots, tips], axis=1).reshape(-1, 4)
    return BoundPoints(
        vertices=np.repeat(quads, 3, axis=0).astype(np.int32),
        weights=weights.astype(np.float32),
        triangles=np.arange(len(weights), dtype=np.int32).reshape(-1, 3),
    )
