"""Ears that stand on a head or hang from it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, IntArray
from ..parts import grid_triangles
from .species import EarShape, Species

ROWS: Final = 14
COLUMNS: Final = 9
SINK: Final = 0.9
"""How deep an ear is rooted in the head, model units."""
THICKNESS: Final = 0.35
HANGING_CUP: Final = -0.25
ROOT_REACH: Final = 0.9
ROOT_Z: Final = (-2.5, 2.5)
"""Where on the head a root may be: this far sideways from its place, and between these depths."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Both ears: a front and a back grid each."""

    points: FloatArray
    """(P, 3)."""
    triangles: IntArray
    bare: FloatArray
    """(P,) 1 in the ear, 0 on its furry back and rim."""
    along: FloatArray
    """(P,) 0 at the root, 1 at the tip."""


def make_ears(species: Species, head: FloatArray, random: np.random.Generator) -> Ears:
    """A pair of ears, nearly mirror images.

    Args:
        species: whose ears.
        head: (N, 3) face and scalp in their final shape, to stand on.
        random: source of size, tilt and cup.
    """
    grids = _grids(species, random)
    along = np.repeat(np.linspace(0, 1, ROWS), COLUMNS)
    across = np.tile(np.linspace(-1, 1, COLUMNS), ROWS)
    inside = np.clip(1.7 - 2.2 * np.abs(across), 0, 1) * np.clip(3 * (1 - along), 0, 1)
    bare = np.zeros_like(inside) if species.ear == "hanging" else inside
    points: list[Floats] = []
    for side in (1, -1):
        root = _root(head, species.ear_apart, side)
        lean = random.normal(size=3) * 0.15
        points += [(grid + lean * along[:, None]) * (side, 1, 1) + root for grid in grids]
    grid = grid_triangles(ROWS, COLUMNS, closed=False)
    return Ears(
        np.concatenate(points).astype(np.float32),
        np.concatenate([grid + np.int32(k * len(along)) for k in range(4)]),
        np.tile(np.concatenate([bare, np.zeros_like(bare)]), 2).astype(np.float32),
        np.tile(along, 4).astype(np.float32),
    )


def _grids(species: Species, random: np.random.Generator) -> list[Floats]:
    """Front and back of an ear that stands on the origin, on the side of positive x."""
    shape = species.ear
    width, length = (size * random.uniform(0.85, 1.15) for size in species.ear_size)
    along, across = np.linspace(0, 1, ROWS), np.linspace(-1, 1, COLUMNS)
    angle = np.deg2rad(species.ear_tilt_deg + random.normal() * 5) * np.ones(ROWS)
    twist = np.deg2rad(random.uniform(-5, 30))
    if shape == "hanging":
        angle = np.deg2rad(np.interp(along, (0, 0.15, 0.4, 1), (60, 90, 150, 170)))
        twist = np.deg2rad(random.uniform(-40, -10))
    zero = np.zeros(ROWS)
    direction = np.stack([np.sin(angle), np.cos(angle), zero], axis=1)
    backwards = -0.12 * along**2 * length
    middle = np.cumsum(direction, axis=0) * length / ROWS - direction[:1] * SINK
    middle[:, 2] += backwards
    sideways = np.stack([np.cos(angle), -np.sin(angle), zero], axis=1)
    ahead = np.array([0, 0, 1.0])
    wide = np.cos(twist) * sideways - np.sin(twist) * ahead
    facing = np.cos(twist) * ahead + np.sin(twist) * sideways
    half = _half_width(shape, along) * width / 2
    cup = HANGING_CUP if shape == "hanging" else random.uniform(0.35, 0.65)
    dip = (1 - across**2) * half[:, None]
    front = middle[:, None] + (across * half[:, None])[..., None] * wide[:, None]
    front = front - (cup * dip)[..., None] * facing[:, None]
    back = front - (THICKNESS * (1 - across**2))[:, None] * facing[:, None]
    return [front.reshape(-1, 3), back.reshape(-1, 3)]


def _half_width(shape: EarShape, along: Floats) -> Floats:
    """Outline of an ear: half its width at each height, 0 to 1."""
    match shape:
        case "pointed":
            return (1 - along) ** 0.75 * (1 + 0.25 * np.sin(np.pi * along))
        case "round":
            return np.sqrt(np.clip(1 - along**2.4, 0, 1))
        case _:
            return np.sin(np.pi * (0.2 + 0.8 * along)) ** 0.7


def _root(head: FloatArray, apart: float, side: int) -> Floats:
    """The highest place of the head this far from its middle."""
    inner = (head[:, 2] > ROOT_Z[0]) & (head[:, 2] < ROOT_Z[1])
    sideways = np.where(inner, np.abs(head[:, 0] * side - apart), np.inf)
    near = np.flatnonzero(sideways <= max(ROOT_REACH, float(sideways.min())))
    return head[near[head[near, 1].argmax()]]
