"""Glasses."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats
from ..paint import any_colour
from ..parts import Part, grid_part, join_parts
from ..regions import Region

RIM_POINTS: Final = 48
RIM_FORWARD: Final = 3.9
"""How far the rims stand in front of the eyeballs' centres."""
EAR_BACK: Final = 11.0
TEMPLE_HALF_WIDTH: Final = 9.5
GLOSS: Final = 0.2


def make_glasses(left_eye: FloatArray, right_eye: FloatArray, random: np.random.Generator) -> Part:
    """Rims, bridge and temples; no glass.

    Args:
        left_eye: (3,) centre of the person's left eyeball.
        right_eye: (3,) and of the right one.
        random: source of the shape.
    """
    half_width = random.uniform(1.9, 2.5)
    half_height = half_width * random.uniform(0.7, 1.0)
    rim = random.uniform(0.12, 0.28)
    squareness = int(random.choice([2, 3, 4]))
    colour = any_colour(random, 0.6, 0.05, 0.6)
    pieces: list[Part] = []
    for eye in (left_eye, right_eye):
        x, y, z = (float(value) for value in eye + np.array([0, -0.1, RIM_FORWARD]))
        points = _rim(x, y, z, half_width, half_height, rim, squareness)
        pieces.append(grid_part(points, colour, Region.GLASSES, gloss=GLOSS))
        side = 1.0 if x > 0 else -1.0
        hinge, ear_x, ear_z = x + side * half_width, side * TEMPLE_HALF_WIDTH, z - EAR_BACK
        temple = [(hinge, y + 0.2, z - 0.25), (hinge, y - 0.15, z - 0.25)]
        temple += [(ear_x, y + 0.3, ear_z), (ear_x, y - 0.05, ear_z)]
        pieces.append(_bar(temple, colour))
    low, high = right_eye, left_eye  # the person's right eye has the smaller x
    bridge = [
        (eye[0] + side * half_width, eye[1] + lift, eye[2] + RIM_FORWARD - 0.05)
        for eye, side in ((low, 1), (high, -1))
        for lift in (0.25, -0.1)
    ]
    return join_parts([*pieces, _bar(bridge, colour)])


def _bar(corners: Sequence[tuple[float, float, float]], colour: FloatArray) -> Part:
    """A flat bar by the upper and the lower corner of each of its ends."""
    points = np.array(corners, dtype=np.float32)
    triangles = np.array([[0, 1, 2], [1, 2, 3]], dtype=np.int32)
    return Part(points, np.tile(colour, (4, 1)), triangles, Region.GLASSES, gloss=GLOSS)


def _rim(
    x: float, y: float, z: float, half_width: float, half_height: float, rim: float, power: int
) -> Floats:
    """A closed band round an eye, (RIM_POINTS, 3, 3)."""
    angle = np.linspace(0, 2 * np.pi, RIM_POINTS, endpoint=False)[:, None]
    across = np.array([[-1.0, 0.0, 1.0]])
    cos, sin = np.cos(angle), np.sin(angle)
    along_x = np.sign(cos) * np.abs(cos) ** (2 / power)
    along_y = np.sign(sin) * np.abs(sin) ** (2 / power)
    depth = z + 0.15 * (1 - across**2) - 0.05 * (along_x * half_width) ** 2
    across_x = x + along_x * (half_width + across * rim)
    return np.stack([across_x, y + along_y * (half_height + across * rim), depth], axis=-1)
