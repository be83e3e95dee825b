"""Hats: caps, brims and peaks."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, chance
from ..paint import any_colour
from ..parts import Part, grid_part
from ..regions import Region

EQUATOR: Final = 0.5
"""Along a meridian: 0 is the crown, 0.5 the widest line round the head."""


class Dome:
    """The ellipsoid round a head and its hair that a hat sits on."""

    def __init__(self, points: FloatArray, brow_y: float) -> None:
        """Measure what a hat covers.

        Args:
            points: (N, 3) scalp and hair.
            brow_y: height of the brows, which hats stay above.
        """
        above = points[points[:, 1] > brow_y + 1]
        low, high = above.min(axis=0), above.max(axis=0)
        self.middle_y = brow_y - 1.0
        self.middle_z = float((low[2] + high[2]) / 2)
        half_width, half_depth = np.abs(above[:, 0]).max(), float(high[2] - low[2]) / 2
        half_height = float(high[1]) - self.middle_y
        axes = [float(half_width) * 1.02, half_height, half_depth * 1.02]
        axes = np.array(axes, dtype=np.float32)
        centred = above - np.array([0, self.middle_y, self.middle_z], dtype=np.float32)
        grow = max(1.0, float(np.quantile(np.linalg.norm(centred / axes, axis=1), 0.98)))
        self.half_width, self.half_height, self.half_depth = (float(a) * grow for a in axes)
        height = np.clip((brow_y + 1.2 - self.middle_y) / self.half_height, 0, 0.98)
        self.lowest_front = float(np.arccos(height) / np.pi)


def make_hat(dome: Dome, random: np.random.Generator) -> list[Part]:
    """A cap: a shell that ends above the brows, perhaps with a brim or a peak.

    Args:
        dome: what it covers.
        random: source of its shape and colours.
    """
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)[:, None]
    reach = np.linspace(0, 1, 20)[None]
    front = dome.lowest_front - random.uniform(0.0, 0.06)
    back = EQUATOR + random.uniform(-0.06, 0.02)
    end = front + (back - front) * (1 - np.sin(angle)) / 2
    polar = reach * end * np.pi
    size, height = random.uniform(1.01, 1.06), random.uniform(1.0, 1.2)
    bulge = np.sin(polar) ** random.uniform(0.6, 1.0)
    x = dome.half_width * size * bulge * np.cos(angle)
    z = dome.half_depth * size * bulge * np.sin(angle) + dome.middle_z
    y = dome.middle_y + dome.half_height * height * np.cos(polar) + 0 * angle
    colour, second = any_colour(random, 0.9, 0.05, 0.95), any_colour(random, 0.9, 0.05, 0.95)
    knit = 1 + random.uniform(0, 0.12) * np.sin(angle * random.integers(20, 60) + 0 * reach)
    bands = np.sin(reach * random.uniform(3, 30) + 0 * angle) > random.uniform(0, 0.8)
    striped = bands & chance(random, 0.3)
    albedo = np.where(striped[..., None], second, colour) * knit[..., None]
    rim = np.stack([x[:, -1], y[:, -1], z[:, -1]], axis=-1)
    shell = grid_part(np.stack([x, y, z], axis=-1), np.clip(albedo, 0, 1), Region.HAIR)
    if chance(random, 0.4):
        return [shell]
    width = random.uniform(2, 6)
    only_front = chance(random, 0.5)
    share = np.clip(np.sin(angle[:, 0]), 0, 1) ** 0.5 if only_front else np.ones(72)
    out = np.stack([np.cos(angle[:, 0]), np.full(72, 0.12), np.sin(angle[:, 0])], axis=-1)
    steps = np.linspace(0, 1, 4)[None, :, None]
    brim = rim[:, None] + steps * out[:, None] * (share * width)[:, None, None]
    tint = np.clip(colour * random.uniform(0.5, 1.1), 0, 1)
    return [shell, grid_part(brim, tint, Region.HAIR)]
