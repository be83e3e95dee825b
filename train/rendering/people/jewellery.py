"""Earrings."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, chance, pick
from ..head.head_model import HeadModel
from ..paint import any_colour, rgb
from ..parts import Part, ball, grid_part
from ..regions import Region

EARRING_PROBABILITY: Final = 0.2
EAR_X: Final = 7.0
EAR_Z: Final = (-2.5, 3.5)
EAR_Y: Final = (-4.0, 6.0)
"""Where ears are on the neutral head, model units."""
METALS: Final = (rgb(0.88, 0.70, 0.32), rgb(0.82, 0.82, 0.84), rgb(0.2, 0.2, 0.22))


def make_earrings(head: HeadModel, points: FloatArray, random: np.random.Generator) -> list[Part]:
    """Studs, rings or drops at both ears, for some people.

    Args:
        head: the head model.
        points: (V, 3) the identity's neutral vertices.
        random: source of everything.
    """
    if not chance(random, EARRING_PROBABILITY):
        return []
    colour = pick(random, METALS) if chance(random, 0.7) else any_colour(random, 0.9, 0.2, 0.95)
    kind = pick(random, ("stud", "ring", "drop"))
    size = random.uniform(0.6, 1.5)
    lobes = [_lobe(head, points, side) for side in (-1, 1)]
    return [
        _earring(lobe, kind, size, colour)
        for lobe in lobes
        if lobe is not None and not chance(random, 0.06)
    ]


def _lobe(head: HeadModel, points: FloatArray, side: int) -> FloatArray | None:
    """The lowest point of the ear on a side; none where the head has no ears there."""
    rest = head.vertices[head.parts["face"]]
    near = (rest[:, 0] * side > EAR_X) & (rest[:, 2] > EAR_Z[0]) & (rest[:, 2] < EAR_Z[1])
    near &= (rest[:, 1] > EAR_Y[0]) & (rest[:, 1] < EAR_Y[1])
    found = np.flatnonzero(near)
    if len(found) == 0:
        return None
    return points[head.parts["face"][found[rest[found, 1].argmin()]]]


def _earring(lobe: FloatArray, kind: str, size: float, colour: FloatArray) -> Part:
    if kind == "ring":
        return _hoop(lobe - np.array([0, 0.9 * size, 0]), size, 0.1 + 0.06 * size, colour)
    drop = 1.4 * size if kind == "drop" else 0.0
    middle = lobe + np.array([np.sign(lobe[0]) * 0.15, 0.25 - drop, 0.2])
    return _metal(ball(middle, 0.28 * size, 1 + drop), colour)


def _hoop(middle: Floats, radius: float, thick: float, colour: FloatArray) -> Part:
    """A ring that hangs in the plane of the ear's side."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)[:, None]
    tube = np.linspace(0, 2 * np.pi, 7)[None]
    away = radius + thick * np.cos(tube)
    ring = np.stack(
        [thick * np.sin(tube) + 0 * turn, away * np.cos(turn), away * np.sin(turn)], axis=-1
    )
    return _metal(middle + ring, colour)


def _metal(points: Floats, colour: FloatArray) -> Part:
    return grid_part(points, colour, Region.GLASSES, gloss=0.6)
