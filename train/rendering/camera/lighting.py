"""Light on a head."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, chance
from ..paint import any_colour

FLAT_PROBABILITY: Final = 0.25
HARD_PROBABILITY: Final = 0.5
RIM_PROBABILITY: Final = 0.3
COLOURED_PROBABILITY: Final = 0.12


@dataclass(frozen=True, slots=True)
class Lighting:
    """Lights as `surface.light_vertices` takes them."""

    lights: FloatArray
    """(L, 6): direction to the light (unit, model axes), colour times strength; the key first."""
    hardness: float
    """0: the key light casts no shadows, 1: it casts dark ones."""
    ambient: FloatArray
    """(2, 3) light from above and from below where nothing hides it."""


def make_lighting(random: np.random.Generator) -> Lighting:
    """A key light, sometimes hard, a fill, and sometimes one from behind or a coloured one."""
    warmth = random.normal() * 0.12
    tint = 1 + np.array([warmth, 0.2 * warmth, -warmth]) + random.normal(size=3) * 0.03
    flat = chance(random, FLAT_PROBABILITY)
    direction = np.array(
        [random.uniform(-1, 1), random.uniform(-0.15, 1.0), random.uniform(0.45, 1.4)]
    )
    exposure = random.uniform(0.7, 1.15)
    share = random.uniform(0.15, 0.45) if flat else random.uniform(0.4, 0.85)
    lights = [_light(direction, tint * exposure * share * 1.35)]
    sky_tint = 1 + np.array([-warmth, 0, warmth]) * random.uniform(0, 0.8)
    sky = sky_tint * exposure * (1 - share) * random.uniform(0.9, 1.4)
    ground = sky * random.uniform(0.3, 0.9) * (1 + random.normal(size=3) * 0.05)
    if chance(random, RIM_PROBABILITY):
        side = [random.choice([-1, 1]), random.uniform(0, 0.8), random.uniform(-1.2, -0.2)]
        lights.append(_light(np.array(side), tint * random.uniform(0.4, 1.6)))
    if chance(random, COLOURED_PROBABILITY):
        side = [random.choice([-1, 1]), random.uniform(-0.5, 0.8), random.uniform(-0.2, 1)]
        lights.append(_light(np.array(side), any_colour(random, 0.9, 0.4, 1.0)))
    hard = chance(random, HARD_PROBABILITY) and not flat
    return Lighting(
        np.stack(lights),
        float(random.uniform(0.5, 1)) if hard else 0.0,
        np.stack([sky, ground]).astype(np.float32),
    )


def _light(direction: Floats, colour: Floats) -> FloatArray:
    unit = direction / np.linalg.norm(direction)
    return np.concatenate([unit, colour]).astype(np.float32)
