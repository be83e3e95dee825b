"""Colour helpers shared by everything that is painted."""

# numba's decorators are untyped: what they return is the plain function, as annotated.
# pyright: reportUntypedFunctionDecorator=false

import colorsys

import numpy as np
from numba import njit

from .arrays import FloatArray

MAP_DIMENSIONS = 3


def rgb(red: float, green: float, blue: float) -> FloatArray:
    """A colour as an array, each channel 0 to 1."""
    return np.array([red, green, blue], dtype=np.float32)


def from_hue(hue: float, saturation: float, value: float) -> FloatArray:
    """A colour from hue, saturation and value, each 0 to 1; the hue wraps round."""
    return rgb(*colorsys.hsv_to_rgb(hue % 1.0, saturation, value))


def any_colour(
    random: np.random.Generator, saturation: float, darkest: float, brightest: float
) -> FloatArray:
    """A random colour: saturation up to the given one, value between the two."""
    return from_hue(
        random.random(), random.random() * saturation, random.uniform(darkest, brightest)
    )


def lay_over(colours: FloatArray, colour: FloatArray, cover: FloatArray) -> None:
    """Blend a colour onto colours in place.

    Args:
        colours: (..., 3), changed.
        colour: (3,).
        cover: (...) 0 leaves the old colour, 1 gives the new one.
    """
    if colours.ndim == MAP_DIMENSIONS:
        _cover_map(colours, colour.astype(np.float32), cover.astype(np.float32, copy=False))
    else:
        colours += (colour - colours) * cover[..., None]


@njit(cache=True, nogil=True, fastmath=True)
def _cover_map(colours: FloatArray, colour: FloatArray, cover: FloatArray) -> None:
    """Blend a colour (3,) onto a map (H, W, 3) in place, by cover (H, W) from 0 to 1."""
    for y in range(colours.shape[0]):
        for x in range(colours.shape[1]):
            share = cover[y, x]
            if share != 0:
                for c in range(3):
                    colours[y, x, c] += (colour[c] - colours[y, x, c]) * share


def waves(
    points: FloatArray, random: np.random.Generator, frequency: float, count: int = 5
) -> FloatArray:
    """Smooth noise on points (N, 3): a sum of sine waves, about unit variance."""
    directions = (random.normal(size=(count, 3)) * frequency).astype(np.float32)
    phases = random.uniform(0, 2 * np.pi, count).astype(np.float32)
    total = np.zeros(len(points), dtype=np.float32)
    for (x, y, z), phase in zip(directions, phases, strict=True):
        total += np.sin(points[:, 0] * x + points[:, 1] * y + points[:, 2] * z + phase)
    return (total / np.sqrt(count / 2)).astype(np.float32)
