"""Headscarves, headbands and headphones."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, chance
from ..paint import any_colour
from ..parts import Part, grid_part
from ..regions import Region
from .skull import Skull

AROUND: Final = 64
PRINT: Final = 0.4
FACE_OVAL: Final = (0.62, 0.78)
"""Half angles, radians, of the opening of a headscarf: sideways and downwards of the middle."""


def make_headscarf(skull: Skull, random: np.random.Generator) -> list[Part]:
    """Cloth round the face, over hair, ears and neck."""
    colour, second = any_colour(random, 0.6, 0.08, 0.95), any_colour(random, 0.6, 0.08, 0.95)
    printed = chance(random, 0.25)
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
    share = np.linspace(0, 1, 26)[None]
    up = np.sin(turn)
    side, below = FACE_OVAL[0] * random.uniform(0.95, 1.1), FACE_OVAL[1] * random.uniform(1, 1.08)
    opening = np.where(up > 0, random.uniform(0.55, 0.68), below) * up**2 + side * np.cos(turn) ** 2
    polar = opening + (2.75 - opening) * share
    middle = np.array([0, -2.2, 0]) + skull.centre
    direction = np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * up, np.cos(polar) + 0 * turn], axis=-1
    )
    folds = 0.22 * np.sin(turn * 6 + share * 5) + 0.15 * np.sin(turn * 13 - share * 3)
    lift = 0.5 + random.uniform(0.3, 1.0) * np.minimum(share * 4, 1) + folds * share
    points = middle + direction * (_reach_from(skull, middle, direction) + lift)[..., None]
    hang = np.clip(-direction[..., 1] - 0.55, 0, 1) * share
    points[..., 1] -= 5 * hang
    pattern = np.sin(turn * 9) * np.sin(share * 30) > PRINT
    colours = np.where((pattern & printed)[..., None], second, colour)
    weave = 1 + 0.12 * folds / 0.3
    scarf = _sheet(points, np.clip(colours * weave[..., None], 0, 1))
    return [scarf, _collar(skull, colour)]


def _reach_from(skull: Skull, middle: Floats, direction: Floats) -> Floats:
    """Distance of the skin from another middle than the skull's own, to first order."""
    offset = (middle - skull.centre).astype(np.float32)
    reach = skull.reach(direction)
    for _ in range(3):
        target = offset + direction * reach[..., None]
        length = np.linalg.norm(target, axis=-1)
        reach = reach + skull.reach(target / length[..., None]) - length
    return reach


def _collar(skull: Skull, colour: FloatArray) -> Part:
    """What falls from the chin over the neck."""
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
    share = np.linspace(0, 1, 10)[None]
    radius = 7.2 + 3.0 * share + 0.35 * np.sin(turn * 7 + share * 4)
    y = skull.brow_y - 11.5 - 12 * share + 0.8 * np.sin(turn)
    z = radius * np.sin(turn) * 0.95 + 0.3
    points = np.stack([radius * np.cos(turn), y, z], axis=-1)
    return _sheet(points, np.tile(colour * np.float32(0.92), (AROUND, 10, 1)))


def make_headband(skull: Skull, random: np.random.Generator) -> list[Part]:
    """A band over the forehead or over the crown."""
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
    across = np.linspace(-1, 1, 5)[None] * random.uniform(0.04, 0.16)
    tilt = random.uniform(0.25, 1.2)
    height = random.uniform(0.3, 0.42)
    level = np.stack(
        [np.cos(turn) + 0 * across, height + across + 0 * turn, np.sin(turn) + 0 * across], axis=-1
    )
    cos, sin = np.cos(tilt), np.sin(tilt)
    y = level[..., 1] * cos + level[..., 2] * sin
    z = -level[..., 1] * sin + level[..., 2] * cos
    direction = np.stack([level[..., 0], y, z], axis=-1)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    points = skull.centre + direction * (skull.reach(direction) + 1.0)[..., None]
    return [_sheet(points, np.tile(any_colour(random, 0.9, 0.1, 0.95), (AROUND, 5, 1)))]


def make_headphones(skull: Skull, random: np.random.Generator) -> list[Part]:
    """Two cups and the bow between them."""
    colour = any_colour(random, 0.7, 0.05, 0.9)
    wide, ear_y = 9.6, skull.brow_y - 3.0
    arc = np.linspace(0, np.pi, 30)[:, None]
    across = np.array([[-0.7, 0.0, 0.7]])
    high = skull.top_y + random.uniform(1.2, 2.2) - ear_y
    bow = np.stack(
        [
            wide * np.cos(arc) + 0 * across,
            ear_y + high * np.sin(arc) ** 0.8 + 0.25 * (1 - across**2),
            0.4 + across + 0 * arc,
        ],
        axis=-1,
    )
    parts = [_sheet(bow, np.tile(colour, (30, 3, 1)), closed=False)]
    radius = random.uniform(2.6, 3.6)
    for side in (-1.0, 1.0):
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
        reach = np.array([[0.02, 0.8, 1.0, 1.0, 0.85, 0.02]]) * radius
        out = np.array([[1.7, 1.7, 1.2, 0.0, -0.8, -0.8]])
        cup = np.stack(
            [
                side * (wide - 0.6 + out) + 0 * turn,
                ear_y + reach * 1.15 * np.cos(turn),
                0.4 + reach * np.sin(turn),
            ],
            axis=-1,
        )
        shades = np.array([0.9, 1.0, 0.9, 0.8, 0.4, 0.3])
        parts.append(_sheet(cup, np.tile(colour * shades[:, None], (24, 1, 1))))
    return parts


def _sheet(points: Floats, colours: Floats, *, closed: bool = True) -> Part:
    albedo = np.clip(colours, 0, 1)
    return grid_part(points, albedo, Region.HAIR, closed=closed, gloss=0.03, sky_visibility=0.9)
