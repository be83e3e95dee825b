"""Things that look a little like faces: symmetric and repeated patterns, flowers, hands, jewels.

False faces are measured on them; a finder that was trained on them, too, missed drawn faces.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.drawing import Drawing, any_colour, as_colour, draw_ellipse, skin_colour
from ..rendering.arrays import ByteArray, chance

SHADES: Final = 6
"""Discs that shade one finger or bead, from its dark rim to its light middle."""


def draw_mirrored(picture: ByteArray, random: np.random.Generator) -> None:
    """A part of the picture beside its own mirror image, now and then on both axes."""
    part = _part(picture, random)
    half = part.shape[1] // 2
    if half < 2 or part.shape[0] < 2:  # noqa: PLR2004 two columns have a left and a right one
        return
    part[:, -half:] = part[:, :half][:, ::-1]
    if chance(random, 0.4):
        half = part.shape[0] // 2
        part[-half:] = part[:half][::-1]


def draw_rosette(picture: ByteArray, random: np.random.Generator) -> None:
    """Petals or spokes about a middle: flowers, wheels, lace, mandalas."""
    side = picture.shape[0]
    place, radius = random.uniform(0, 1, 2) * side, random.uniform(0.05, 0.35) * side
    first = random.uniform(0, 360)
    for _ in range(int(random.integers(1, 5))):
        count, colour = int(random.integers(4, 17)), any_colour(random)
        ring, long, wide = (radius * float(share) for share in random.uniform(0.05, 1, 3))
        thickness = -1 if chance(random, 0.6) else 1
        for degrees in first + np.arange(count) * 360 / count:
            radians = np.radians(degrees)
            middle = place + ring * np.array([np.cos(radians), np.sin(radians)])
            axes = (long * 0.5, wide * 0.3)
            draw_ellipse(picture, middle, axes, float(degrees), colour, thickness)


def draw_lattice(picture: ByteArray, random: np.random.Generator) -> None:
    """One small motif again and again: tiles, cloth, windows, books, scales."""
    side = picture.shape[0]
    width, height = (max(4, int(share * side)) for share in random.uniform(0.06, 0.4, 2))
    tile = np.full((height, width, 3), any_colour(random), np.uint8)
    for _ in range(int(random.integers(1, 6))):
        centre = random.uniform(0, 1, 2) * (width, height)
        axes = random.uniform(0.05, 0.5, 2) * (width, height)
        draw_ellipse(tile, centre, axes, float(random.uniform(0, 180)), any_colour(random))
    if chance(random, 0.6):
        draw_mirrored(tile, random)
    part = _part(picture, random)
    rows, columns = -(-part.shape[0] // height), -(-part.shape[1] // width)
    repeated = np.tile(tile, (rows, columns, 1))[: part.shape[0], : part.shape[1]]
    share = float(random.uniform(0.4, 1))
    part[:] = (repeated * share + part * (1 - share)).astype(np.uint8)


def draw_filigree(picture: ByteArray, random: np.random.Generator) -> None:
    """Curls on both sides of an upright axis: wrought iron, embroidery, frames, handwriting."""
    side = picture.shape[0]
    middle, radius = random.uniform(0.1, 0.9, 2) * side, random.uniform(0.08, 0.4) * side
    colour, thickness = any_colour(random), int(random.integers(1, 4))
    for _ in range(int(random.integers(2, 8))):
        turn = np.linspace(0, random.uniform(2, 9), 24)
        reach = radius * random.uniform(0.05, 0.6) * np.linspace(1, random.uniform(0, 0.6), 24)
        start = random.uniform(0, 2 * np.pi)
        curl = np.stack((np.cos(start + turn), np.sin(start + turn)), 1) * reach[:, None]
        curl += random.uniform(-0.7, 0.7, 2) * radius
        for sign in (-1, 1):
            line = (middle + curl * (sign, 1)).astype(np.int32)
            cv2.polylines(picture, [line], False, colour, thickness, cv2.LINE_AA)


def draw_beads(picture: ByteArray, random: np.random.Generator) -> None:
    """Shaded balls along a curve: necklaces, berries, lamps, buttons."""
    side = picture.shape[0]
    radius = random.uniform(0.01, 0.07) * side
    steps = np.linspace(0, random.uniform(1, 6), int(random.integers(3, 18)))
    centre, reach = random.uniform(0, 1, 2) * side, random.uniform(0.05, 0.4, 2) * side
    for step in steps:
        place = centre + reach * (np.cos(step), np.sin(step))
        _ball(picture, place, (radius, radius), 0.0, np.array(any_colour(random), np.float64))


def draw_hand(picture: ByteArray, random: np.random.Generator) -> None:
    """Fingers beside each other, shaded, with nails and rings: hands, toes, folded arms."""
    side = picture.shape[0]
    skin = np.array(skin_colour(random), np.float64)
    wide = random.uniform(0.02, 0.08) * side
    angle = random.uniform(0, 2 * np.pi)
    along, across = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    root = random.uniform(0, 1, 2) * side
    _ball(picture, root - along * wide * 3, (wide * 4, wide * 2.6), np.degrees(angle), skin)
    for finger in range(int(random.integers(2, 6))):
        bend = random.normal() * 0.25
        towards = along * np.cos(bend) + across * np.sin(bend)
        length = wide * random.uniform(2, 5)
        base = root + across * (finger - 2) * wide * 1.25
        middle = base + towards * length / 2
        degrees = float(np.degrees(np.arctan2(towards[1], towards[0])))
        _ball(picture, middle, (length * 0.6, wide * 0.62), degrees, skin)
        if chance(random, 0.4):
            nail = base + towards * length
            draw_ellipse(picture, nail, (wide * 0.35, wide * 0.3), degrees, any_colour(random))
        if chance(random, 0.15):
            ring = base + towards * length * 0.3
            draw_ellipse(picture, ring, (wide * 0.15, wide * 0.7), degrees, any_colour(random))


ORNAMENTS: Final[tuple[Drawing, ...]] = (
    draw_mirrored, draw_mirrored, draw_rosette, draw_lattice, draw_filigree, draw_beads, draw_hand,
)  # fmt: skip
"""Each draws on a picture; the one named twice comes twice as often."""


def _part(picture: ByteArray, random: np.random.Generator) -> NDArray[np.uint8]:
    """A rectangle of a picture, as a view; at times all of it."""
    if chance(random, 0.25):
        return picture
    height, width = picture.shape[:2]
    high, wide = (max(1, int(share)) for share in random.uniform(0.2, 0.8, 2) * (height, width))
    y, x = int(random.integers(height - high + 1)), int(random.integers(width - wide + 1))
    return picture[y : y + high, x : x + wide]


def _ball(
    picture: ByteArray,
    place: NDArray[np.float64],
    axes: tuple[float, float],
    degrees: float,
    colour: NDArray[np.float64],
) -> None:
    """A shaded ellipse, darker at its rim."""
    for step in range(SHADES):
        share = 1 - step / SHADES
        shade = colour * (0.55 + 0.5 * step / SHADES)
        inner = (axes[0] * share, axes[1] * share)
        draw_ellipse(picture, place, inner, degrees, as_colour(shade))
