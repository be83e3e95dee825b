"""Glasses and clothes."""

from typing import Final

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray, chance, pick
from .paint import any_colour
from .parts import Part, grid_triangles, stack_points
from .regions import Region

RIM_POINTS: Final = 48
RIM_FORWARD: Final = 3.9
"""How far the rims stand in front of the eyeballs' centres."""
EAR_BACK: Final = 11.0
TEMPLE_HALF_WIDTH: Final = 9.5

TORSO_AROUND: Final = 56
TORSO_DOWN: Final = 28
NECK_SHARE: Final = 0.15
"""Part of the torso's rows that are neck and collar."""
NECK_TOP_Y: Final = -13.0
NECK_RADIUS: Final = 6.2
TORSO_Z: Final = -3.0


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


class Clothes:
    """A cloth, plain or patterned, and where it begins; painted on torso and shoulders alike."""

    def __init__(self, random: np.random.Generator) -> None:
        """Draw a cloth.

        Args:
            random: source of cut, colours and pattern.
        """
        self._first = any_colour(random, 0.8, 0.1, 0.95)
        self._second = any_colour(random, 0.8, 0.1, 0.95)
        self._pattern = pick(random, ("plain", "hoops", "stripes", "open jacket"))
        self._frequency, self._opening = random.uniform(0.8, 4), random.uniform(2, 6)
        self._collar_y = random.uniform(-17, -11.5)
        self._neckline = random.uniform(0, 4) * chance(random, 0.6)

    def dress(self, points: FloatArray, albedo: FloatArray) -> BoolArray:
        """Paint the points (N, 3) that are covered, in place on albedo (N, 3); tells which."""
        x, y, z = points.T
        collar = self._collar_y - self._neckline * np.exp(-((x / 4) ** 2)) * (z > -1)
        covered = y < collar
        second = covered & self._has_second_colour(x, y, z)
        albedo[covered] = self._first
        albedo[second] = self._second
        return covered

    def _has_second_colour(self, x: FloatArray, y: FloatArray, z: FloatArray) -> BoolArray:
        match self._pattern:
            case "hoops":
                return np.sin(y * self._frequency) > 0
            case "stripes":
                return np.sin(x * self._frequency * 0.7) > 0
            case "open jacket":
                return (np.abs(x) < self._opening) & (z > TORSO_Z)
            case _:
                return np.zeros(len(x), dtype=np.bool_)


def make_torso(clothes: Clothes, skin_tone: FloatArray, random: np.random.Generator) -> Part:
    """Neck base, shoulders and chest."""
    angle = np.linspace(0, 2 * np.pi, TORSO_AROUND, endpoint=False)[:, None]
    down = np.linspace(0, 1, TORSO_DOWN)[None] + 0 * angle
    shoulder = random.uniform(20, 27)
    collar_radius = NECK_RADIUS + NECK_SHARE * 8
    slope = np.sin(np.clip((down - NECK_SHARE) / 0.5, 0, 1) * np.pi / 2)
    slope = slope ** random.uniform(0.7, 1.4)
    in_neck = down < NECK_SHARE
    radius = np.where(
        in_neck, NECK_RADIUS + down * 8, collar_radius + (shoulder - collar_radius) * slope
    )
    fall = np.where(in_neck, down * 10, NECK_SHARE * 10 + (down - NECK_SHARE) * 26)
    x = radius * np.cos(angle)
    z = np.minimum(radius, NECK_RADIUS + 0.35 * (radius - NECK_RADIUS)) * np.sin(angle) + TORSO_Z
    points = stack_points(x, NECK_TOP_Y - fall, z) * np.float32(random.uniform(0.9, 1.1))
    albedo = np.tile(skin_tone, (len(points), 1))
    clothes.dress(points, albedo)
    return Part(points, albedo, grid_triangles(TORSO_AROUND, TORSO_DOWN), Region.TORSO)
