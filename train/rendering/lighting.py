"""Light on a head."""

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, chance
from .paint import any_colour


@dataclass(frozen=True, slots=True)
class Lighting:
    """Lights as `rasterise.shade` takes them."""

    lights: FloatArray
    """(L, 6): direction to the light (unit, model axes), colour times strength."""
    ambient: FloatArray
    """(3,)."""


def make_lighting(random: np.random.Generator) -> Lighting:
    """One soft key light from the front or side; at times a coloured second one."""
    tint = (1 + random.normal(size=3) * 0.06).astype(np.float32)
    direction = np.array([random.uniform(-1, 1), random.uniform(-0.2, 1), random.uniform(0.4, 1.4)])
    ambient, strength = random.uniform(0.3, 0.7), random.uniform(0.35, 0.8)
    lights = [_light(direction, tint * np.float32(strength))]
    if chance(random, 0.3):
        side = np.array(
            [random.choice([-1, 1]), random.uniform(-0.5, 0.8), random.uniform(-0.5, 1)]
        )
        lights.append(_light(side, any_colour(random, 0.7, 0.1, 0.5)))
    exposure = np.float32(random.uniform(0.75, 1.1))
    table = np.stack(lights)
    table[:, 3:] *= exposure
    return Lighting(table, (ambient * exposure * tint).astype(np.float32))


def _light(direction: FloatArray, colour: FloatArray) -> FloatArray:
    unit = direction / np.linalg.norm(direction)
    return np.concatenate([unit, colour]).astype(np.float32)
