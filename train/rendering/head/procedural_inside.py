"""Eyeballs, teeth, gums, tongue and the bag of the mouth, of procedural heads."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, IndexArray, IntArray
from ..parts import grid_triangles, stack_points
from .procedural_skin import BALL_RADIUS, EYE_X, EYE_Y, EYE_Z, MOUTH_HALF_WIDTH, MOUTH_Y

BALL_RINGS: Final = 26
BALL_AROUND: Final = 32
CORNEA: Final = 0.06
BAG_RINGS: Final = 9
BAG_DEPTH: Final = 8.0
ARC_COLUMNS: Final = 85
TEETH_AROUND: Final = 12

Piece = tuple[FloatArray, IntArray]
"""Points and the triangles between them."""


def eyeball(sign: int) -> Piece:
    """A ball with a slight cornea whose first point is its front pole."""
    turn = np.linspace(0, np.pi, BALL_RINGS)[1:-1, None]
    angle = np.linspace(0, 2 * np.pi, BALL_AROUND, endpoint=False)[None]
    radius = BALL_RADIUS + CORNEA * np.exp(-((turn / 0.35) ** 2))
    sides = stack_points(
        radius * np.sin(turn) * np.cos(angle),
        radius * np.sin(turn) * np.sin(angle),
        radius * np.cos(turn) + 0 * angle,
    )
    poles = np.array([[0, 0, BALL_RADIUS + CORNEA], [0, 0, -BALL_RADIUS]], np.float32)
    points = np.concatenate([poles[:1], sides, poles[1:]])
    ring = np.arange(BALL_AROUND)
    following = (ring + 1) % BALL_AROUND
    triangles = [np.stack([0 * ring, 1 + ring, 1 + following], axis=1)]
    for k in range(BALL_RINGS - 3):
        a, b = 1 + k * BALL_AROUND, 1 + (k + 1) * BALL_AROUND
        triangles.append(np.stack([a + ring, b + ring, b + following], axis=1))
        triangles.append(np.stack([a + ring, b + following, a + following], axis=1))
    last = 1 + (BALL_RINGS - 3) * BALL_AROUND
    triangles.append(np.stack([last + ring, 0 * ring + len(points) - 1, last + following], axis=1))
    centre = np.array([sign * EYE_X, EYE_Y, EYE_Z], np.float32)
    return points + centre, np.concatenate(triangles).astype(np.int32)


def mouth_bag(edge: FloatArray) -> Piece:
    """The inside of cheeks and throat, seen from in front, hanging on the lips' inner edge.

    Args:
        edge: (M, 3) the inner edge all round: above from the person's right to left, then back.
    """
    count = len(edge)
    half = count // 2
    share = np.clip(edge[:, 0] / MOUTH_HALF_WIDTH, -1, 1)
    angle = np.where(np.arange(count) <= half, 1, -1) * np.arccos(share)
    rings = [edge.astype(np.float64)]
    for k in range(1, BAG_RINGS):
        s = k / (BAG_RINGS - 1)
        wide = np.sqrt(max(1 - s * s, 1e-4))
        wall = np.stack(
            [
                2.9 * wide * np.cos(angle),
                MOUTH_Y - 0.2 + 2.3 * wide * np.sin(angle),
                np.full(count, 10.0 - BAG_DEPTH * s),
            ],
            axis=1,
        )
        blend = min(1.0, 0.35 + s * 2)
        rings.append(edge + (wall - edge) * blend)
    # rings run from the front to the back and round against the clock: their inside faces forward
    triangles = grid_triangles(BAG_RINGS, count, closed=False)
    seam = np.arange(BAG_RINGS - 1) * count
    a, b = seam + count - 1, seam
    closing = np.concatenate(
        [np.stack([a, a + count, b + count], axis=1), np.stack([a, b + count, b], axis=1)]
    ).astype(np.int32)
    points = np.concatenate(rings).astype(np.float32)
    return points, _facing_inwards(points, np.concatenate([triangles, closing]))


def _facing_inwards(points: FloatArray, triangles: IntArray) -> IntArray:
    """Turn triangles whose outside does not face the mouth's middle."""
    a, b, c = (points[triangles[:, k]].astype(np.float64) for k in range(3))
    middle = np.array([0, MOUTH_Y, 9.0])
    towards = (np.cross(b - a, c - a) * (middle - (a + b + c) / 3)).sum(axis=1)
    turned = triangles.copy()
    turned[towards < 0] = turned[towards < 0][:, [0, 2, 1]]
    return turned


def teeth(upper: bool) -> Piece:
    """An arc of teeth: their outer face and their edge."""
    edge_y, root_y = (-3.5, -2.55) if upper else (-3.62, -4.5)
    rows = [(root_y, 0.12), (edge_y, 0.0), (edge_y, -0.25), (root_y, -0.5)]
    inset = 0.0 if upper else 0.18
    return _arc(rows, 2.45 - inset, 3.0 - inset, ripple=0.05)


def gums(upper: bool) -> Piece:
    """The gum above or below an arc of teeth."""
    near_y, far_y = (-2.75, -1.9) if upper else (-4.3, -5.1)
    rows = [(far_y, 0.15), (near_y, 0.2), (near_y, -0.6), (far_y, -0.7)]
    inset = 0.0 if upper else 0.18
    return _arc(rows, 2.45 - inset, 3.0 - inset, ripple=0.0)


def _arc(rows: list[tuple[float, float]], wide: float, deep: float, ripple: float) -> Piece:
    """A band bent round the front of the mouth; rows are heights and steps outwards."""
    angle = np.linspace(-1.35, 1.35, ARC_COLUMNS)[None]
    y = np.array([[height] for height, _ in rows])
    off = np.array([[step] for _, step in rows])
    off = off - ripple * np.abs(np.cos(angle / 2.7 * np.pi * TEETH_AROUND)) ** 8
    z = 7.55 + (deep + off) * np.cos(angle)
    points = stack_points((wide + off) * np.sin(angle) + 0 * y, y + 0 * angle, z)
    downwards = rows[1][0] < rows[0][0]
    grid = grid_triangles(len(rows), ARC_COLUMNS, closed=False)
    return points, grid if downwards else _turned(grid)


def _turned(triangles: IntArray) -> IntArray:
    """The same triangles seen from the other side."""
    return np.ascontiguousarray(triangles[:, [0, 2, 1]])


def tongue() -> Piece:
    """A flat dome behind the lower teeth."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 17)[:, None]
    angle = np.linspace(0, np.pi, 15)[None]
    points = stack_points(
        1.7 * np.cos(turn) * np.cos(angle),
        -4.6 + 0.75 * np.cos(turn) * np.sin(angle) + 0.1 * np.sin(turn),
        7.2 + 2.9 * np.sin(turn) + 0 * angle,
    )
    return points, _turned(grid_triangles(17, 15, closed=False))


def ear(sign: int, root: Floats) -> Piece:
    """A bowl at the side of the head, with a rim."""
    share = np.linspace(0, 1, 7)[:, None]
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)[None]
    y = 3.0 * share * np.sin(angle) * (1 + 0.12 * np.sin(angle))
    back = 1.75 * share * np.cos(angle) * (1 + 0.25 * np.sin(angle))
    rim = 0.15 + 0.75 * share**2 - 0.35 * np.clip(share - 0.8, 0, 1) * 5
    out = rim - 0.32 * back * share
    points = stack_points(sign * (out + 0 * y), y, back - 0.25 * y)
    grid = _round_grid(7, 20)
    return (points + root).astype(np.float32), grid if sign < 0 else _turned(grid)


def _round_grid(rings: int, around: int) -> IntArray:
    """Rings of points, each closed."""
    transposed = grid_triangles(around, rings)
    ring, place = transposed % rings, transposed // rings
    return (ring * around + place).astype(np.int32)


def lash_cards(upper_edge: FloatArray) -> Piece:
    """Cards on the upper lid's edge (K, 3): two roots and two tips each, as two triangles."""
    count = len(upper_edge) - 1
    out = np.array([0, 0.18, 0.42], np.float32)
    points: list[Floats] = []
    triangles: list[tuple[int, int, int]] = []
    for k in range(count):
        a, b = upper_edge[k], upper_edge[k + 1]
        points += [a, b, b + out, a + out]
        n = 4 * k
        triangles += [(n, n + 1, n + 2), (n, n + 2, n + 3)]
    return np.array(points, np.float32), np.array(triangles, np.int32)


def edge_round(upper: IndexArray, lower: IndexArray) -> IndexArray:
    """Points of an edge all round, each once: above, then back below."""
    return np.concatenate([upper, lower[-2:0:-1]])
