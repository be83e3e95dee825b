"""Arithmetic on the vertices of a mesh, compiled by numba.

Convention:
    - the order of summation is fixed, so that a mesh is the same on every machine
"""

# numba's decorators are untyped: what they return is the plain function, as annotated.
# pyright: reportUntypedFunctionDecorator=false

import numpy as np
from numba import njit

from ..arrays import FloatArray, IntArray


@njit(cache=True, nogil=True)
def add_weighted(
    weights: FloatArray,
    starts: IntArray,
    indices: IntArray,
    offsets: FloatArray,
    points: FloatArray,
) -> None:
    """Add sparse offsets to points in place: points[indices] += weight * offsets, shape by shape.

    Args:
        weights: (E,); a zero costs nothing.
        starts: (E + 1,) where each shape's rows begin in indices and offsets.
        indices: (R,) vertex of each row.
        offsets: (R, 3).
        points: (N, 3), changed.
    """
    for shape in range(len(weights)):
        weight = weights[shape]
        if weight != 0:
            for row in range(starts[shape], starts[shape + 1]):
                vertex = indices[row]
                points[vertex, 0] += weight * offsets[row, 0]
                points[vertex, 1] += weight * offsets[row, 1]
                points[vertex, 2] += weight * offsets[row, 2]


@njit(cache=True, nogil=True)
def combine_modes(weights: FloatArray, modes: FloatArray, points: FloatArray) -> None:
    """Add dense modes (M, 3 N) to points (3 N,) in place, in one fixed order of summation."""
    for mode in range(len(weights)):
        weight = weights[mode]
        for k in range(len(points)):
            points[k] += weight * modes[mode, k]


@njit(cache=True, nogil=True)
def weighted_points(points: FloatArray, vertices: IntArray, weights: FloatArray) -> FloatArray:
    """Sums of points (V, 3) by indices (B, K) and weights (B, K), (B, 3)."""
    total = np.zeros((len(vertices), 3), dtype=np.float32)
    for row in range(len(vertices)):
        for k in range(vertices.shape[1]):
            vertex, weight = vertices[row, k], weights[row, k]
            for c in range(3):
                total[row, c] += weight * points[vertex, c]
    return total


@njit(cache=True, nogil=True)
def vertex_normals(points: FloatArray, triangles: IntArray, normals: FloatArray) -> None:
    """Unit normals, weighted by area, outwards for counter-clockwise triangles; fills normals."""
    normals[:] = 0
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux = points[b, 0] - points[a, 0]
        uy = points[b, 1] - points[a, 1]
        uz = points[b, 2] - points[a, 2]
        vx = points[c, 0] - points[a, 0]
        vy = points[c, 1] - points[a, 1]
        vz = points[c, 2] - points[a, 2]
        nx = uy * vz - uz * vy
        ny = uz * vx - ux * vz
        nz = ux * vy - uy * vx
        for vertex in (a, b, c):
            normals[vertex, 0] += nx
            normals[vertex, 1] += ny
            normals[vertex, 2] += nz
    for n in range(len(normals)):
        x, y, z = normals[n, 0], normals[n, 1], normals[n, 2]
        inverse = np.float32(1) / (np.sqrt(x * x + y * y + z * z) + np.float32(1e-9))
        normals[n, 0] = x * inverse
        normals[n, 1] = y * inverse
        normals[n, 2] = z * inverse


@njit(cache=True, nogil=True)
def turn_with_neck(
    points: FloatArray, rotation: FloatArray, pivot: FloatArray, low_y: float, high_y: float
) -> None:
    """Turn points about a pivot in place: fully above high_y, not at all below low_y.

    Args:
        points: (N, 3) model units, changed.
        rotation: (3, 3), columns are points: R p.
        pivot: (3,).
        low_y: height where the neck stands still.
        high_y: height from which everything follows the head.
    """
    for n in range(len(points)):
        x, y, z = points[n, 0] - pivot[0], points[n, 1] - pivot[1], points[n, 2] - pivot[2]
        share = min(max((points[n, 1] - low_y) / (high_y - low_y), 0.0), 1.0)
        turned_x = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z
        turned_y = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z
        turned_z = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z
        points[n, 0] += share * (turned_x - x)
        points[n, 1] += share * (turned_y - y)
        points[n, 2] += share * (turned_z - z)
