"""Backgrounds that look like places: rooms, gardens, streets at night, studios, walls."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from ..arrays import FloatArray, Floats, chance, pick
from ..paint import any_colour, from_hue, rgb

JOINT_PX: Final = 2

Place = Callable[[int, np.random.Generator], FloatArray]


def _noise(size: int, cells: int, random: np.random.Generator) -> FloatArray:
    """Smooth noise with that number of cells across, about 0 to 1."""
    coarse = random.random((cells + 1, cells + 1)).astype(np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _rough(size: int, cells: int, octaves: int, random: np.random.Generator) -> FloatArray:
    """Noise of several sizes, 0 to 1."""
    total = np.zeros((size, size), dtype=np.float32)
    for octave in range(octaves):
        total += (_noise(size, cells * 2**octave, random) - np.float32(0.5)) / 1.6**octave
    return np.clip(total + np.float32(0.5), 0, 1)


def _mix(first: FloatArray, second: FloatArray, share: Floats) -> FloatArray:
    return (first + (second - first) * share[..., None]).astype(np.float32)


def studio(size: int, random: np.random.Generator) -> FloatArray:
    """A paper or canvas backdrop, lit in the middle or from a side."""
    colour = any_colour(random, 0.45, 0.12, 1.0)
    ramp = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = random.uniform(-1, 1), random.uniform(-0.8, 0.6)
    away = np.hypot(ramp[None] - x, ramp[:, None] - y)
    glow = np.exp(-((away / random.uniform(0.7, 1.8)) ** 2))
    cloth = _rough(size, 3, 4, random) - 0.5
    light = random.uniform(0.4, 0.9) + 0.5 * glow + random.uniform(0, 0.5) * cloth
    return np.clip(colour * light[..., None], 0, 1).astype(np.float32)


def wall(size: int, random: np.random.Generator) -> FloatArray:
    """Plaster, brick, boards or tiles, with light from a side."""
    colour = any_colour(random, 0.4, 0.25, 0.95)
    picture = colour * (0.85 + 0.3 * (_rough(size, 8, 4, random) - 0.5))[..., None]
    kind = pick(random, ("plaster", "plaster", "bricks", "boards"))
    if kind != "plaster":
        high = int(random.integers(size // 24, size // 8))
        wide = high * 3 if kind == "bricks" else size
        row, column = np.arange(size)[:, None] // high, np.arange(size)[None]
        shifted = column + (row % 2) * (wide // 2)
        brightness = random.uniform(0.8, 1.15, (size // high + 2, 2 * size // wide + 3))
        picture = picture * brightness[row, shifted // wide][..., None]
        joint = (np.arange(size)[:, None] % high < JOINT_PX) | (shifted % wide < JOINT_PX) & (
            kind == "bricks"
        )
        picture = np.where(joint[..., None], picture * random.uniform(0.5, 1.3), picture)
    ramp = np.linspace(random.uniform(0.6, 1.1), random.uniform(0.6, 1.1), size)
    return np.clip(picture * ramp[None, :, None], 0, 1).astype(np.float32)


def room(size: int, random: np.random.Generator) -> FloatArray:
    """Wall, furniture, pictures, a window, a lamp: boxes of plausible colours."""
    tint = from_hue(random.uniform(0.04, 0.16), random.uniform(0, 0.35), random.uniform(0.4, 0.95))
    ramp = np.linspace(1.05, 0.75, size, dtype=np.float32)
    picture = np.tile(tint, (size, size, 1)) * ramp[:, None, None]
    for _ in range(int(random.integers(3, 11))):
        wide, high = random.uniform(0.06, 0.5, 2) * size
        left, top = random.uniform(-0.1, 1, 2) * size
        if chance(random, 0.5):  # stands on the floor
            top = size - high
        colour = any_colour(random, 0.6, 0.08, 0.9)
        shade = np.linspace(1.1, 0.7, int(wide) + 2, dtype=np.float32)
        rows, columns = (
            slice(max(0, int(start)), max(0, int(start + length)))
            for start, length in ((top, high), (left, wide))
        )
        area = picture[rows, columns]
        area[:] = colour * shade[None, : area.shape[1], None]
        if chance(random, 0.4):  # shelves, a grille
            step = int(random.integers(3, 12))
            area[::step] *= 0.6
    if chance(random, 0.4):
        _window(picture, random)
    if chance(random, 0.3):
        _lights(picture, int(random.integers(1, 4)), (0.03, 0.1), random)
    return picture


def _window(picture: FloatArray, random: np.random.Generator) -> None:
    size = len(picture)
    left, top = (int(v) for v in random.uniform(0, 0.7, 2) * size)
    wide, high = (int(v) for v in random.uniform(0.2, 0.5, 2) * size)
    pane = picture[top : top + high, left : left + wide]
    pane[:] = rgb(1.0, 1.0, 1.0) * np.float32(random.uniform(0.9, 1.6))
    pane[:, pane.shape[1] // 2 : pane.shape[1] // 2 + 3] *= 0.4
    pane[pane.shape[0] // 2 : pane.shape[0] // 2 + 3] *= 0.4


def outdoors(size: int, random: np.random.Generator) -> FloatArray:
    """Sky, trees and ground."""
    ramp = (np.arange(size, dtype=np.float32) + 0.5)[:, None] / size
    blue = from_hue(random.uniform(0.54, 0.62), random.uniform(0.05, 0.6), random.uniform(0.6, 1))
    sky = _mix(blue, rgb(0.95, 0.95, 0.97), np.clip(ramp * 1.3, 0, 1) + 0 * ramp.T)
    clouds = np.clip(_rough(size, 3, 4, random) * 2 - random.uniform(0.8, 1.6), 0, 1)
    picture = _mix(sky, sky * 0 + rgb(1, 1, 1), clouds * random.uniform(0, 0.9))
    skyline = random.uniform(0.1, 0.9) + 0.25 * (_rough(size, 4, 4, random)[:1] - 0.5)
    leaf = from_hue(random.uniform(0.14, 0.36), random.uniform(0.3, 0.7), random.uniform(0.2, 0.6))
    depth = _rough(size, 10, 4, random)
    leaves = leaf * (0.35 + 1.3 * depth**1.5)[..., None]
    picture = np.where((ramp > skyline)[..., None], leaves, picture)
    ground = random.uniform(0.6, 1.2)
    soil = from_hue(random.uniform(0.06, 0.3), random.uniform(0.1, 0.5), random.uniform(0.3, 0.8))
    grass = soil * (0.7 + 0.6 * _rough(size, 20, 3, random))[..., None]
    return np.where((ramp > ground)[..., None], grass, picture).astype(np.float32)


def night(size: int, random: np.random.Generator) -> FloatArray:
    """Dark, with lamps out of focus."""
    base = any_colour(random, 0.6, 0.02, 0.25)
    picture = base * (0.4 + 1.2 * _rough(size, 4, 3, random))[..., None]
    picture = picture.astype(np.float32)
    _lights(picture, int(random.integers(8, 50)), (0.01, 0.05), random)
    return picture


def town(size: int, random: np.random.Generator) -> FloatArray:
    """House fronts with rows of windows."""
    picture = outdoors(size, random)
    left = 0
    while left < size:
        wide = int(random.integers(size // 8, size // 2))
        top = int(random.uniform(0, 0.6) * size)
        front = picture[top:, left : left + wide]
        front[:] = any_colour(random, 0.35, 0.3, 0.9)
        step, gap = int(random.integers(8, 24)), random.uniform(0.35, 0.7)
        rows, columns = np.indices(front.shape[:2])
        pane = (rows % step < step * gap) & (columns % step < step * gap)
        front[pane] *= np.float32(random.uniform(0.25, 0.8))
        left += wide + int(random.integers(0, size // 6))
    return picture


def _lights(
    picture: FloatArray, count: int, radii: tuple[float, float], random: np.random.Generator
) -> None:
    """Bright discs, in place."""
    size = len(picture)
    for _ in range(count):
        centre = tuple(int(place) for place in random.uniform(0, size, 2))
        radius = max(1, int(random.uniform(*radii) * size))
        hue = random.choice([0.08, 0.11, 0.13, random.random()])
        colour = from_hue(hue, random.uniform(0, 0.8), 1) * np.float32(random.uniform(0.6, 1.6))
        cv2.circle(picture, centre, radius, [float(c) for c in colour], -1, cv2.LINE_AA)


PLACES: Final[tuple[Place, ...]] = (
    *(studio, studio, wall, wall, room, room, room, outdoors, outdoors, night, town),
)
