"""What a camera, a print and a file do to a picture; the same for all frames of a person."""

# numba's decorators are untyped: what they return is the plain function, as annotated.
# pyright: reportUntypedFunctionDecorator=false

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numba import njit

from ..arrays import ByteArray, FloatArray, chance, pick
from ..paint import from_hue

MIDDLE_TONE: Final = np.float32(0.45)
"""Tone that contrast leaves alone."""
MIN_GRAIN_PX: Final = 0.3
KNEE: Final = 0.55
"""Linear light from which brightness rolls off."""
GREY_WEIGHTS: Final = np.array([0.30, 0.59, 0.11], dtype=np.float32)
JPEG_PROBABILITY: Final = 0.5
SOFT_PROBABILITY: Final = 0.35
NOISE_PROBABILITY: Final = 0.45
GREY_PROBABILITY: Final = 0.05
TONED_PROBABILITY: Final = 0.03
PAINTED_PROBABILITY: Final = 0.05
VIGNETTE_PROBABILITY: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """How a picture is taken, developed and stored."""

    exposure: float
    white: FloatArray
    """(3,) factors of red, green and blue."""
    contrast: float
    """1 leaves tones as they are."""
    saturation: float
    """1 leaves colours as they are, 0 is black and white."""
    toning: FloatArray | None
    """(3,) colour of a toned print's middle greys."""
    vignette: float
    """Share of light that is missing in the corners."""
    noise: float
    """Standard deviation, in shares of white."""
    noise_grain: float
    """Width of the noise's grains, pixels at 256."""
    soft: float
    """Share of the picture's size that it was shrunk to and enlarged from; 1 leaves it sharp."""
    jpeg_quality: int
    """0 for no compression."""
    brush: int
    """Width of a painter's brush, pixels at 256; 0 for a photograph."""
    seed: int
    """Of the noise."""

    def develop(self, linear: FloatArray, frame_key: int) -> ByteArray:
        """The picture (S, S, 3) RGB from linear light (S, S, 3).

        Args:
            linear: what the lens lets through.
            frame_key: different for each frame, so that each has its own noise.
        """
        size = len(linear)
        gains = self.white * np.float32(self.exposure)
        shown = np.empty_like(linear)
        toning = np.zeros(3, np.float32) if self.toning is None else self.toning - np.float32(0.5)
        grade = np.array([self.contrast, self.saturation, self.vignette], dtype=np.float32)
        _tone_map(linear, gains, grade, toning.astype(np.float32), shown)
        if self.noise > 0:
            shown += self._grain(size, frame_key)
        picture = (np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8)
        return self._stored(picture)

    def _grain(self, size: int, frame_key: int) -> FloatArray:
        random = np.random.default_rng([self.seed, frame_key])
        channels = 1 if self.saturation == 0 else 3
        noise = random.standard_normal((size, size, channels), dtype=np.float32)
        sigma = self.noise_grain * size / 256
        if sigma > MIN_GRAIN_PX:
            soft = cv2.GaussianBlur(noise, (0, 0), sigma).reshape(noise.shape)
            noise = soft / np.float32(max(float(soft[::4, ::4].std()), 1e-6))
        return (noise * np.float32(self.noise)).astype(np.float32)

    def _stored(self, picture: ByteArray) -> ByteArray:
        size = len(picture)
        if self.brush > 0:
            picture = _painted(picture, max(1, round(self.brush * size / 256)))
        if self.soft < 1:
            small = max(8, round(size * self.soft))
            shrunk = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
            picture = _bytes(cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_CUBIC))
        if self.jpeg_quality > 0:
            options = [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality]
            _, file = cv2.imencode(".jpg", picture[..., ::-1], options)
            decoded = _bytes(cv2.imdecode(file, cv2.IMREAD_COLOR))
            picture = np.ascontiguousarray(decoded[..., ::-1])
        return picture


PLAIN: Final = Photograph(
    exposure=1.0,
    white=np.ones(3, dtype=np.float32),
    contrast=1.0,
    saturation=1.0,
    toning=None,
    vignette=0.0,
    noise=0.0,
    noise_grain=0.0,
    soft=1.0,
    jpeg_quality=0,
    brush=0,
    seed=0,
)
"""A clean, sharp, faithful picture."""


def take_photograph(random: np.random.Generator) -> Photograph:
    """Draw how a picture is taken: mostly well, sometimes with an old or a poor camera."""
    warmth, green = random.normal() * 0.06, random.normal() * 0.02
    white = np.array([1 + warmth, 1 + green, 1 - warmth], dtype=np.float32)
    grey, toned = chance(random, GREY_PROBABILITY), chance(random, TONED_PROBABILITY)
    painted = chance(random, PAINTED_PROBABILITY)
    soft = chance(random, SOFT_PROBABILITY)
    return Photograph(
        exposure=float(np.exp(random.normal() * 0.16)),
        white=white,
        contrast=float(np.clip(1 + random.normal() * 0.08, 0.75, 1.3)),
        saturation=0.0 if grey or toned else float(np.clip(1 + random.normal() * 0.15, 0.5, 1.5)),
        toning=from_hue(random.uniform(0.06, 0.13), 0.25, 0.56) if toned else None,
        vignette=float(random.uniform(0.1, 0.5)) if chance(random, VIGNETTE_PROBABILITY) else 0.0,
        noise=float(random.uniform(0.004, 0.03)) if chance(random, NOISE_PROBABILITY) else 0.0,
        noise_grain=float(random.choice([0.0, 0.6, 0.9])),
        soft=float(random.uniform(0.4, 0.9)) if soft else 1.0,
        jpeg_quality=int(random.integers(40, 96)) if chance(random, JPEG_PROBABILITY) else 0,
        brush=int(pick(random, (2, 3, 4))) if painted else 0,
        seed=int(random.integers(2**31)),
    )


@njit(cache=True, nogil=True)
def _tone_map(
    linear: FloatArray, gains: FloatArray, grade: FloatArray, toning: FloatArray, shown: FloatArray
) -> None:
    """Linear light to what is shown, about 0 to 1: bright light rolls off as on film.

    Args:
        linear: (S, S, 3).
        gains: (3,) factors of light.
        grade: (3,) contrast, saturation, share of light missing in the corners.
        toning: (3,) what middle greys gain.
        shown: (S, S, 3), changed.
    """
    size = len(linear)
    one, none, knee = np.float32(1), np.float32(0), np.float32(KNEE)
    for y in range(size):
        down = np.float32((y + 0.5) / size * 2 - 1)
        for x in range(size):
            right = np.float32((x + 0.5) / size * 2 - 1)
            light = one - grade[2] * np.float32(0.5) * (right * right + down * down)
            grey = none
            for c in range(3):
                value = max(linear[y, x, c] * gains[c] * light, none)
                if value > knee:
                    value = one - (one - knee) * np.exp((knee - value) / (one - knee))
                value = (np.sqrt(value) - MIDDLE_TONE) * grade[0] + MIDDLE_TONE
                shown[y, x, c] = value
                grey += value * GREY_WEIGHTS[c]
            bright = min(max(grey, none), one)
            middle = np.float32(4) * bright * (one - bright)
            for c in range(3):
                shown[y, x, c] = grey + (shown[y, x, c] - grey) * grade[1] + middle * toning[c]


def _painted(picture: ByteArray, radius: int) -> ByteArray:
    """Dabs of one colour: each place takes the middle one of its neighbours, edges stay."""
    flat = cv2.medianBlur(picture, 2 * radius + 1)
    smooth = cv2.bilateralFilter(flat, 5, 40, 3)
    levels = np.float32(14)
    return (np.rint(smooth / 255 * levels) / levels * 255).astype(np.uint8)


def _bytes(picture: object) -> ByteArray:
    return np.asarray(picture, dtype=np.uint8)
