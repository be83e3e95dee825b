"""Glasses."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, IntArray
from ..paint import any_colour
from ..parts import Part, grid_triangles, stack_points
from ..regions import Region

RIM_POINTS: Final = 48
RIM_FORWARD: Final = 3.9
"""How far the rims stand in front of the eyeballs' centres."""
EAR_BACK: Final = 11.0
TEMPLE_HALF_WIDTH: Final = 9.5


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
    points: list[FloatArray] = []
    triangles: list[IntArray] = []
    count = 0

    def add(new_points: FloatArray, new_triangles: IntArray) -> None:
        nonlocal count
        points.append(new_points.astype(np.float32))
        triangles.append(new_triangles + np.int32(count))
        count += len(new_points)

    strip = np.array([[0, 1, 2], [1, 2, 3]], dtype=np.int32)
    for eye in (left_eye, right_eye):
        x, y, z = (float(value) for value in eye + np.array([0, -0.1, RIM_FORWARD]))
        add(_rim(x, y, z, half_width, half_height, rim, squareness), grid_triangles(RIM_POINTS, 3))
        side = 1.0 if x > 0 else -1.0
        hinge = x + side * half_width
        ear = (side * TEMPLE_HALF_WIDTH, z - EAR_BACK)
        temple = [(hinge, y + 0.2, z - 0.25), (hinge, y - 0.15, z - 0.25)]
        temple += [(ear[0], y + 0.3, ear[1]), (ear[0], y - 0.05, ear[1])]
        add(np.array(temple), strip)
    low, high = right_eye, left_eye  # the person's right eye has the smaller x
    bridge = [
        (eye[0] + side * half_width, eye[1] + lift, eye[2] + RIM_FORWARD - 0.05)
        for eye, side in ((low, 1), (high, -1))
        for lift in (0.25, -0.1)
    ]
    add(np.array(bridge), strip)
    colour = any_colour(random, 0.6, 0.05, 0.6)
    return Part(
        np.concatenate(points),
        np.tile(colour, (count, 1)),
        np.concatenate(triangles),
        Region.GLASSES,
        gloss=0.2,
    )


def _rim(
    x: float, y: float, z: float, half_width: float, half_height: float, rim: float, power: int
) -> FloatArray:
    angle = np.linspace(0, 2 * np.pi, RIM_POINTS, endpoint=False)[:, None]
    across = np.array([[-1.0, 0.0, 1.0]])
    cos, sin = np.cos(angle), np.sin(angle)
    along_x = np.sign(cos) * np.abs(cos) ** (2 / power)
    along_y = np.sign(sin) * np.abs(sin) ** (2 / power)
    depth = z + 0.15 * (1 - across**2) - 0.05 * (along_x * half_width) ** 2
    return stack_points(
        x + along_x * (half_width + across * rim),
        y + along_y * (half_height + across * rim),
        depth,
    )
