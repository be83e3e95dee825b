"""Noise that skin and hair are painted with, the same every time; each use is shifted."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from .arrays import FloatArray

NOISE_SEED: Final = 20
DOT_SHARE: Final = 0.2
PAD_PX: Final = 64
HAIR_DENSITY: Final = 0.035
"""Hairs per texel in the bank of strokes."""


@dataclass(frozen=True, slots=True)
class NoiseBank:
    """Maps (R, R) that repeat at their edges."""

    blotches: FloatArray
    """About 2 cm, unit variance."""
    mottle: FloatArray
    """About 4 mm, unit variance."""
    grain: FloatArray
    """Pores, unit variance."""
    crepe: FloatArray
    """Fine wrinkles that cross, 0 to about 0.35."""
    spots: FloatArray
    """Round spots 0 to 1 on 0: freckles."""
    stubble: FloatArray
    """Dots, 0 to 1: more of them above a lower threshold."""
    strokes: FloatArray
    """Short hairs that run downwards, 0 to 1."""
    fibres: FloatArray
    """Strands along the rows, about 1."""

    stack: FloatArray
    """(4, R, R) the maps of bare skin: blotches, mottle, grain, crepe."""

    def shifted(self, name: str, random: np.random.Generator) -> FloatArray:
        """One of the maps, moved by a random step."""
        noise: FloatArray = getattr(self, name)
        rows, columns = (int(step) for step in random.integers(0, noise.shape[0], 2))
        return np.roll(noise, (rows, columns), axis=(0, 1))


def make_noise(size_px: int) -> NoiseBank:
    """Draw the bank of noise for maps of a size."""
    random = np.random.default_rng(NOISE_SEED)
    scale = size_px / 512
    mottle = _smooth(random, size_px, 7 * scale)
    blotches = _smooth(random, size_px, 36 * scale)
    grain = _smooth(random, size_px, max(1.1 * scale, 0.6))
    crepe = np.clip(0.35 - np.abs(mottle), 0, 1).astype(np.float32)
    return NoiseBank(
        blotches=blotches,
        mottle=mottle,
        grain=grain,
        crepe=crepe,
        stack=np.stack([blotches, mottle, grain, crepe]),
        spots=_spots(random, size_px, scale),
        stubble=_smooth_dots(random, size_px),
        strokes=_strokes(random, size_px, scale),
        fibres=_fibres(random, size_px),
    )


def _smooth(random: np.random.Generator, size_px: int, sigma_px: float) -> FloatArray:
    noise = _blurred(random.normal(size=(size_px, size_px)).astype(np.float32), sigma_px)
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def _blurred(noise: FloatArray, sigma_x: float, sigma_y: float | None = None) -> FloatArray:
    """Blur that runs across the edges to the other side."""
    padded = np.pad(noise, PAD_PX * 2, mode="wrap")
    soft = cv2.GaussianBlur(padded, (0, 0), sigma_x, sigmaY=sigma_y or sigma_x)
    return soft[PAD_PX * 2 : -PAD_PX * 2, PAD_PX * 2 : -PAD_PX * 2].astype(np.float32, copy=False)


def _spots(random: np.random.Generator, size_px: int, scale: float) -> FloatArray:
    total = np.zeros((size_px, size_px), dtype=np.float32)
    for sigma, share in ((1.1, 0.0035), (1.7, 0.0015), (2.6, 0.0004)):
        hits = (random.random(total.shape) < share / scale**2).astype(np.float32)
        hits *= random.uniform(0.3, 1, total.shape).astype(np.float32)
        wide = max(sigma * scale, 0.6)
        total += _blurred(hits, wide) * np.float32(2 * np.pi * wide**2)
    return np.clip(total, 0, 1)


def _smooth_dots(random: np.random.Generator, size_px: int) -> FloatArray:
    hits = (random.random((size_px, size_px)) < DOT_SHARE).astype(np.float32)
    hits *= random.uniform(0.3, 1, hits.shape).astype(np.float32)
    return np.clip(_blurred(hits, 0.7) * np.float32(2.2), 0, 1)


def _strokes(random: np.random.Generator, size_px: int, scale: float) -> FloatArray:
    picture = np.zeros((size_px, size_px), dtype=np.uint8)
    count = int(HAIR_DENSITY * size_px**2)
    starts = random.uniform(0, size_px, (count, 2))
    angles = np.pi / 2 + random.normal(size=count) * 0.35
    lengths = random.uniform(5, 13, count) * scale
    ends = starts + np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]
    greys = random.integers(90, 255, count)
    pairs = np.rint(np.stack([starts, ends], axis=1) * 16).astype(int)
    for (start, end), grey in zip(pairs, greys, strict=True):
        cv2.line(picture, start.tolist(), end.tolist(), int(grey), 1, cv2.LINE_AA, 4)
    return (picture / 255).astype(np.float32)


def _fibres(random: np.random.Generator, size_px: int) -> FloatArray:
    """Strands run along the columns' direction (down), each with its own grey."""
    noise = random.normal(size=(size_px, size_px)).astype(np.float32)
    fine = _blurred(noise, 0.9, 30)
    wide = _blurred(noise, 4, 50)
    strands = fine / fine.std() * 0.24 + wide / wide.std() * 0.2
    return np.clip(1 + strands, 0.25, 1.9).astype(np.float32)
