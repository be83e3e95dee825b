"""Pictures to stand in front of: gradients, patterns, photographs."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from ..arrays import ByteArray, FloatArray, Floats, chance, pick
from ..paint import any_colour
from .places import PLACES

PHOTO_NAMES: Final = ("coffee.png", "chelsea.png", "rocket.jpg")
"""Photographs inside scikit-image's package, free to use. A cat is the only face among them."""

BACKGROUND_PX: Final = 192
PLACE_SHARE: Final = 0.72
"""Of backgrounds that look like places; the others are patterns and photographs."""
MAX_BRIGHTNESS: Final = 1.6
"""Of a lamp or a window; 1 is white paper."""
MAX_BLUR: Final = 0.3
"""Square root of the radius of a disc of light, in shares of the picture's width."""
MIN_BLUR_PX: Final = 0.6

Photo = ByteArray


def bundled_photos() -> list[Photo]:
    """scikit-image's photographs as RGB; none where it is not installed.

    The choice of backgrounds depends on them, so the same seed gives the same pictures only
    with the same photographs: the index of a rendered set says how many there were.
    """
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "data"
    pictures = [cv2.imread(str(folder / name)) for name in PHOTO_NAMES]
    return [
        np.ascontiguousarray(picture[..., ::-1], dtype=np.uint8)
        for picture in pictures
        if picture is not None
    ]


def make_background(random: np.random.Generator, photos: Sequence[Photo]) -> FloatArray:
    """A random background, (BACKGROUND_PX, BACKGROUND_PX, 3), 0 to 1."""
    if chance(random, PLACE_SHARE):
        place = np.clip(pick(random, PLACES)(BACKGROUND_PX, random), 0, MAX_BRIGHTNESS)
        blur_px = BACKGROUND_PX * random.uniform(0, MAX_BLUR) ** 2
        if blur_px > MIN_BLUR_PX:
            place = out_of_focus(place.astype(np.float32), blur_px)
        return np.clip(place, 0, 1).astype(np.float32)
    kind = int(random.integers(len(PATTERNS) + bool(photos)))
    if kind == len(PATTERNS):
        return _crop_of_photo(pick(random, photos), random)
    first, second = any_colour(random, 0.7, 0.05, 1), any_colour(random, 0.7, 0.05, 1)
    return PATTERNS[kind](first, second, random).astype(np.float32)


def out_of_focus(picture: FloatArray, radius_px: float) -> FloatArray:
    """A picture (H, W, 3) as a lens shows what lies behind: each point becomes a disc of light."""
    reach = max(1, round(radius_px))
    ramp = np.arange(-reach, reach + 1)
    disc = (np.hypot(ramp[None], ramp[:, None]) <= radius_px + 0.5).astype(np.float32)
    spread = cv2.filter2D(np.square(picture), -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)
    return np.sqrt(spread).astype(np.float32, copy=False)


def _ramp(random: np.random.Generator) -> FloatArray:
    """Rises in a random direction, one unit for the width of the picture."""
    grid = (np.arange(BACKGROUND_PX, dtype=np.float32) + 0.5) / BACKGROUND_PX
    angle = random.uniform(0, 2 * np.pi)
    return (np.cos(angle) * grid[None] + np.sin(angle) * grid[:, None]).astype(np.float32)


def _gradient(first: FloatArray, second: FloatArray, random: np.random.Generator) -> FloatArray:
    ramp = _ramp(random)
    return _mix(first, second, (ramp - ramp.min()) / max(float(np.ptp(ramp)), 1e-6))


def _blobs(first: FloatArray, _second: FloatArray, random: np.random.Generator) -> Floats:
    cells = int(random.integers(2, 10))
    noise = random.random((cells, cells, 3)).astype(np.float32)
    return np.clip(first * 0.6 + 0.5 * (_enlarge(noise, cv2.INTER_CUBIC) - 0.5), 0, 1)


def _blocks(first: FloatArray, second: FloatArray, random: np.random.Generator) -> FloatArray:
    cells = int(random.integers(3, 14))
    noise = random.random((cells, cells)).astype(np.float32)
    picture = _mix(first, second, _enlarge(noise, cv2.INTER_NEAREST))
    return _blur(picture, random.uniform(0.5, 4))


def _stripes(first: FloatArray, second: FloatArray, random: np.random.Generator) -> FloatArray:
    share = np.floor(_ramp(random) * random.uniform(6, 28)) % 2
    return _blur(_mix(first, second, share), random.uniform(0.5, 3))


def _cloudy(first: FloatArray, second: FloatArray, random: np.random.Generator) -> FloatArray:
    """Noise of several sizes, like plaster, foliage or a painter's backdrop."""
    total = np.zeros((BACKGROUND_PX, BACKGROUND_PX), dtype=np.float32)
    for octave in range(5):
        cells = 3 * 2**octave
        noise = random.random((cells, cells)).astype(np.float32) - np.float32(0.5)
        total += _enlarge(noise, cv2.INTER_CUBIC) * np.float32(random.uniform(0.3, 1) / 1.5**octave)
    return _mix(first, second, np.clip(total + np.float32(0.5), 0, 1))


PATTERNS: Final = (_gradient, _blobs, _blocks, _stripes, _cloudy)
"""Each takes two colours and gives (BACKGROUND_PX, BACKGROUND_PX, 3)."""


def _crop_of_photo(photo: Photo, random: np.random.Generator) -> FloatArray:
    height, width = photo.shape[:2]
    side = int(random.integers(min(height, width) // 3, min(height, width)))
    y, x = random.integers(height - side + 1), random.integers(width - side + 1)
    size = (BACKGROUND_PX, BACKGROUND_PX)
    crop = cv2.resize(photo[y : y + side, x : x + side], size, interpolation=cv2.INTER_AREA)
    flipped = crop[:, ::-1] if chance(random, 0.5) else crop
    picture = np.ascontiguousarray(flipped / 255, dtype=np.float32)
    return _blur(picture, random.uniform(0.5, 4)) if chance(random, 0.5) else picture


def _mix(first: FloatArray, second: FloatArray, share: FloatArray) -> FloatArray:
    return (first + (second - first) * share[..., None]).astype(np.float32)


def _enlarge(noise: FloatArray, how: int) -> FloatArray:
    resized = cv2.resize(noise, (BACKGROUND_PX, BACKGROUND_PX), interpolation=how)
    return resized.astype(np.float32, copy=False)


def _blur(picture: FloatArray, sigma_px: float) -> FloatArray:
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma_px)
    return blurred.astype(np.float32, copy=False)
