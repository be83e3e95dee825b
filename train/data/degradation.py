"""What happens to pictures between a scene and a file: light, colour, blur, noise, compression."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..rendering.arrays import ByteArray, FloatArray, Floats, chance
from .drawing import skin_colour

RECOLOURED_SHARE: Final = 0.2
"""Heads in colours and coats that no renderer thought of: real animals differ from made ones."""


def degrade_head(image: ByteArray, random: np.random.Generator) -> ByteArray:
    """A head in other colours, light and contrast; now and then as a painting or in stone."""
    picture = image.astype(np.float32) / 255
    if chance(random, 0.1):  # painted: few levels of colour, no fine detail
        levels = float(random.integers(4, 9))
        picture = np.round(_median(image, 5).astype(np.float32) / 255 * levels) / levels
    if chance(random, 0.12):  # one colour: stone, print, night
        grey = picture.mean(-1, keepdims=True)
        picture = grey * random.uniform(0.7, 1.2, 3).astype(np.float32)
    if chance(random, RECOLOURED_SHARE):
        picture = _recoloured(picture, random)
    picture = np.clip(picture, 0, 1) ** np.float32(np.exp(0.35 * random.normal()))
    gain = np.exp(0.2 * random.normal() + 0.12 * random.normal(size=3)).astype(np.float32)
    contrast = np.float32(np.exp(0.25 * random.normal()))
    picture = (picture * gain - 0.5) * contrast + np.float32(0.5 + 0.06 * random.normal())
    if chance(random, 0.4):
        picture = picture + _ramp(image.shape[0], random)[..., None]
    return _bytes(picture)


def degrade_picture(picture: ByteArray, random: np.random.Generator) -> ByteArray:
    """A whole picture: exposure, grey, blur, noise, a coarse grid of pixels, compression."""
    image = picture.astype(np.float32) / 255
    if chance(random, 0.5):
        image = image ** np.float32(np.exp(0.4 * random.normal()))
        image = image * np.exp(0.1 * random.normal(size=3)).astype(np.float32)
    if chance(random, 0.15):  # dark, or overexposed
        image = image * np.float32(random.choice([random.uniform(0.2, 0.6), random.uniform(1, 2)]))
    if chance(random, 0.15):
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1)
    if chance(random, 0.25):
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.3, 1.8)), np.float32)
    if chance(random, 0.1):
        image = np.asarray(cv2.filter2D(image, -1, _streak(random)), np.float32)
    if chance(random, 0.35):
        grain = random.normal(0, random.uniform(0.005, 0.08), image.shape)
        image = image + grain.astype(np.float32)
    damaged = _bytes(image)
    if chance(random, 0.4):
        quality = int(random.integers(15, 90))
        fine, coded = cv2.imencode(".jpg", damaged, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if fine:
            damaged = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return damaged


def occlude_part(
    picture: ByteArray, centre: NDArray[np.float64], side: float, random: np.random.Generator
) -> None:
    """Draw a thing over a part of a face: a hand, a bar, a blot."""
    colour = skin_colour(random) if chance(random, 0.5) else tuple(random.integers(0, 256, 3))
    colour = tuple(int(value) for value in colour)
    angle = random.uniform(0, 2 * np.pi)
    away = np.array([np.cos(angle), np.sin(angle)]) * side * random.uniform(0.4, 0.6)
    x, y = (int(value) for value in centre + away)
    long, short = (max(1, int(side * share)) for share in random.uniform(0.08, 0.3, 2))
    cv2.ellipse(picture, (x, y), (long, short), np.degrees(angle), 0, 360, colour, -1, cv2.LINE_AA)


def _recoloured(picture: Floats, random: np.random.Generator) -> Floats:
    """Other hues, patches of light and dark, streaks as of fur."""
    height, width = picture.shape[:2]
    mixed = np.eye(3) + random.normal(0, 0.25, (3, 3))
    mixed /= mixed.sum(1, keepdims=True)  # grey stays grey
    picture = picture @ mixed.T.astype(np.float32)
    patches = random.normal(size=(5, 5)).astype(np.float32)
    patches = cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = random.normal(size=(height, width)).astype(np.float32)
    streaks = cv2.filter2D(grain, -1, _streak(random)) * 2
    change = random.uniform(0, 0.3) * patches + random.uniform(0, 0.25) * streaks
    return np.asarray(picture * np.exp(change)[..., None], np.float32)


def _median(image: ByteArray, size: int) -> ByteArray:
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), size), np.uint8)


def _ramp(size_px: int, random: np.random.Generator) -> FloatArray:
    """Light that falls from one side, (S, S)."""
    grid = np.linspace(-1, 1, size_px, dtype=np.float32)
    x, y = (0.25 * random.normal(size=2)).astype(np.float32)
    return grid[None] * x + grid[:, None] * y


def _streak(random: np.random.Generator) -> FloatArray:
    """The kernel of a camera that moved."""
    length = int(random.integers(2, 5)) * 2 + 1
    kernel = np.zeros((length, length), np.float32)
    angle, middle = random.uniform(0, np.pi), length // 2
    step = np.array([np.cos(angle), np.sin(angle)]) * middle
    ends = [(round(middle + s * step[0]), round(middle + s * step[1])) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return kernel / kernel.sum()


def _bytes(picture: Floats) -> ByteArray:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
