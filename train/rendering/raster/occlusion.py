"""How much of the sky each point of a mesh sees, and what lies in the shadow of a light."""

from typing import Final

import numpy as np

from ..arrays import BoolArray, FloatArray, Floats, IntArray
from .kernels import NUMBA, Kernels

DIRECTIONS: Final = 30
MAP_PX: Final = 128
BIAS: Final = 0.3
"""Model units by which a surface may lie behind what a light sees and still be lit."""
MIN_SKY_VISIBILITY: Final = 0.12
SMOOTHING: Final = 2
SHADOW_PX: Final = 192
SHADOW_BIAS: Final = 0.45
SOFT_STEPS: Final = ((-0.9, -0.4), (0.4, -0.9), (0.9, 0.4), (-0.4, 0.9), (0.0, 0.0))
"""Cells of the shadow's picture that are averaged."""


def sky_visibility(points: FloatArray, triangles: IntArray, inner: BoolArray) -> FloatArray:
    """Share of the sky that each point (N, 3) of a mesh sees, (N,), MIN_SKY_VISIBILITY to 1.

    Args:
        points: (N, 3).
        triangles: (T, 3).
        inner: (T,) triangles that are measured without the others, which would hide them: the
            inside of a mouth behind lips and cheeks would be black.
    """
    visibility = np.ones(len(points), dtype=np.float32)
    for chosen in (~inner, inner):
        part = np.ascontiguousarray(triangles[chosen])
        if len(part):
            vertices = np.unique(part)
            visibility[vertices] = _sky_visibility(points, part)[vertices]
    return visibility


def _sky_visibility(points: FloatArray, triangles: IntArray) -> FloatArray:
    normals = _normals(points, triangles)
    seen, total = np.zeros(len(points)), np.full(len(points), 1e-6)
    for direction in _sphere(DIRECTIONS):
        weight = np.maximum(normals @ direction, 0)
        seen += weight * lit_from(points, triangles, direction, MAP_PX)
        total += weight
    share = np.clip(seen / total, MIN_SKY_VISIBILITY, 1)
    corners = triangles.ravel()
    count = np.maximum(np.bincount(corners, minlength=len(points)), 1)
    for _ in range(SMOOTHING):
        mean = np.repeat(share[triangles].mean(axis=1), 3)
        share = np.bincount(corners, weights=mean, minlength=len(points)) / count
    return share.astype(np.float32)


def _sphere(count: int) -> Floats:
    """Directions spread evenly, (count, 3)."""
    k = np.arange(count) + 0.5
    y, turn = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    radius = np.sqrt(1 - y * y)
    return np.stack([np.cos(turn) * radius, y, np.sin(turn) * radius], axis=1)


def _normals(points: FloatArray, triangles: IntArray) -> Floats:
    a, b, c = (points[triangles[:, k]].astype(np.float64) for k in range(3))
    face = np.cross(b - a, c - a)
    corners = triangles.ravel()
    spread = np.repeat(face, 3, axis=0)
    total = np.stack(
        [np.bincount(corners, weights=spread[:, k], minlength=len(points)) for k in range(3)], 1
    )
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-9)


def key_light_share(
    points: FloatArray, triangles: IntArray, direction: FloatArray, kernels: Kernels = NUMBA
) -> FloatArray:
    """Share of a far light in a direction (3,) that reaches each point, (N,), soft at its edge."""
    screen, depth = _seen_from_light(points, triangles, direction, SHADOW_PX, kernels)
    total = np.zeros(len(points), dtype=np.float32)
    for right, down in SOFT_STEPS:
        column = np.clip((screen[:, 0] + np.float32(right)).astype(np.int32), 0, SHADOW_PX - 1)
        row = np.clip((screen[:, 1] + np.float32(down)).astype(np.int32), 0, SHADOW_PX - 1)
        total += screen[:, 2] <= depth[row, column] + np.float32(SHADOW_BIAS)
    return (total / len(SOFT_STEPS)).astype(np.float32)


def lit_from(points: FloatArray, triangles: IntArray, direction: Floats, size_px: int) -> BoolArray:
    """Which points a far light in a direction (3,) sees past the triangles, (N,)."""
    screen, depth = _seen_from_light(points, triangles, direction, size_px, NUMBA)
    cell = np.clip(screen[:, :2].astype(int), 0, size_px - 1)
    return screen[:, 2] <= depth[cell[:, 1], cell[:, 0]] + BIAS


def _light_axes(direction: Floats) -> FloatArray:
    """Axes of a light's own picture, (3, 3), columns are right, up and away from the light."""
    side = np.cross([0.0, 1.0, 0.05], direction)
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(direction, side), -direction], axis=1).astype(np.float32)


def _seen_from_light(
    points: FloatArray, triangles: IntArray, direction: Floats, size_px: int, kernels: Kernels
) -> tuple[FloatArray, FloatArray]:
    """Points in the light's own picture, and that picture's depth."""
    seen = points @ _light_axes(direction)
    low, high = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
    screen = seen.copy()
    screen[:, :2] = (seen[:, :2] - low) * (size_px / np.maximum(high - low, 1e-6))
    depth = np.empty((size_px, size_px), dtype=np.float32)
    nearest = np.empty((size_px, size_px), dtype=np.int32)
    kernels.rasterise(screen, triangles, np.zeros(len(triangles), np.uint8), depth, nearest)
    return screen, depth
