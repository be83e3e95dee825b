"""Hands: a palm and five fingers of capsules, each a tube bent in three."""

from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats
from ..parts import Part, grid_part, join_parts, turned_outwards
from ..raster.surface import Kind
from ..regions import Region

AROUND: Final = 10
ALONG: Final = 12
FINGERS: Final = (
    (-2.9, 4.2, 5.6, 0.72),
    (-1.0, 4.9, 6.9, 0.78),
    (0.9, 5.0, 7.5, 0.80),
    (2.7, 4.6, 6.8, 0.75),
    (4.2, 3.6, 5.3, 0.64),
)
"""Thumb aside, of each finger: place across the palm, where it starts, length, radius. The first
entry is the thumb."""
PALM: Final = (3.6, 4.3, 1.25)
"""Half width, half length and half thickness."""
NAIL: Final = 0.82
"""Share of a finger from which its tip is a little paler."""


def make_hand(
    skin_tone: FloatArray, curl: float, spread: float, *, left: bool, random: np.random.Generator
) -> Part:
    """A hand with its palm towards -z and its fingers up, wrist at the origin, model units.

    Args:
        skin_tone: (3,).
        curl: 0 for straight fingers, 1 for a fist.
        spread: how far apart the fingers are, radians between neighbours.
        left: mirrored.
        random: source of small differences.
    """
    pieces = [_palm(skin_tone), _forearm(skin_tone)]
    for k, (across, start, length, radius) in enumerate(FINGERS):
        bend = curl * random.uniform(0.7, 1.2) + random.uniform(0, 0.1)
        lean = (k - 2.2) * spread + random.normal() * 0.03
        root = np.array([across * 0.92, start + 2.8, 0.0])
        if k == 0:  # the thumb leaves the palm's side
            root, lean, bend = np.array([-3.0, 4.6, -0.6]), -0.75 - spread, 0.4 * bend
        pieces.append(_finger(root, length, radius, bend, lean, skin_tone))
    if left:
        mirror = np.array([-1, 1, 1], np.float32)
        pieces = [replace(piece, points=piece.points * mirror) for piece in pieces]
    return join_parts([turned_outwards(piece) for piece in pieces])


def _tube(middle: Floats, radius: Floats, side: Floats, colours: Floats) -> Part:
    """A closed tube along a line (K, 3) in the plane across `side` (3,)."""
    tangent = np.gradient(middle, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    third = np.cross(tangent, side)
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None, None]
    points = middle + (np.cos(turn) * side + np.sin(turn) * third) * radius[:, None]
    return _skin(points, colours)


def _finger(
    root: Floats, length: float, radius: float, bend: float, lean: float, tone: FloatArray
) -> Part:
    share = np.linspace(0, 1, ALONG)
    knuckles = np.clip((share[:, None] - np.array([0.02, 0.4, 0.68])) * 9, 0, 1)
    angle = knuckles @ np.array([0.9, 1.2, 0.8]) * bend
    step = length / (ALONG - 1)
    forward = np.concatenate([[0], np.cumsum(np.cos(angle[:-1]) * step)])
    inward = np.concatenate([[0], np.cumsum(np.sin(angle[:-1]) * step)])
    middle = root + np.stack([forward * np.sin(lean), forward * np.cos(lean), -inward], axis=1)
    knobs = 1 + 0.07 * np.exp(-(((share - 0.42) / 0.06) ** 2) - 0 * share)
    tip = np.sqrt(np.clip(1 - np.clip((share - 0.86) / 0.14, 0, 1) ** 2, 0.0, 1))
    width = radius * (1 - 0.22 * share) * knobs * np.maximum(tip, 0.05)
    redder = np.where(share > NAIL, 1.0, 0.0)[:, None] * np.array([0.02, -0.04, -0.03])
    joints = 1 - 0.12 * np.exp(-(((share[:, None] - np.array([0.42, 0.7])) / 0.03) ** 2)).sum(1)
    colours = np.clip(tone * joints[:, None] + redder, 0, 1)
    side = np.array([np.cos(lean), -np.sin(lean), 0.0])
    return _tube(middle, width, side, colours)


def _palm(tone: FloatArray) -> Part:
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)[:, None]
    polar = np.linspace(0.02, np.pi - 0.02, 12)[None]
    half_width, half_length, half_depth = PALM
    box = np.sin(polar) ** 0.6
    x = half_width * box * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.7 + 0.5
    z = half_depth * box * np.sin(turn)
    y = 4.3 + half_length * np.cos(polar) + 0 * turn
    return _skin(np.stack([x, y, z], axis=-1), tone)


def _skin(points: Floats, colours: Floats) -> Part:
    return grid_part(
        points, colours, Region.OCCLUDER, gloss=0.06, sky_visibility=0.9, kind=Kind.SKIN
    )


def _forearm(tone: FloatArray) -> Part:
    share = np.linspace(0, 1, 6)
    middle = np.stack([0.3 + 0 * share, 1.5 - 24 * share, 0 * share], axis=1)
    width = 2.1 + 1.6 * np.minimum(share * 2, 1)
    side = np.array([1.0, 0.0, 0.0])
    return _tube(middle, width, side, np.tile(tone, (6, 1)))
