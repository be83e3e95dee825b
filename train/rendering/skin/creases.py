"""Wrinkles and folds of a face, as maps of their depth."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats
from ..noise import NoiseBank

CREASE_WIDTH: Final = 0.13
"""Of a fine line, model units."""
FROWN_X: Final = 0.75
LINES_AT_EYE_DEG: Final = (-32.0, -12.0, 8.0, 26.0)

LINES_REACH_Y: Final = 2.0
FRONT_Z: Final = 4.5
"""Behind this are ears, neck and sides."""

MIN_DEPTH: Final = 0.004

OUTER_EYE_CORNERS: Final = (36, 45)
NOSE_WINGS: Final = (31, 35)
MOUTH_CORNERS: Final = (48, 54)


CREASES: Final = ("forehead", "frown", "eye corners", "bags", "smile folds", "lips")
DEPTHS: Final = (0.9, 0.7, 0.65, 0.9, 0.9, 0.25)
"""How deep each is on the oldest, about."""
EARLY: Final = (0.0, 0.0, 0.0, 0.25, 0.25, 0.0)
"""Bags and smile folds come before age does."""
VARIANTS: Final = 3
"""Ways each crease runs; drawn once, identities choose among them."""
CREASE_SEED: Final = 21


@dataclass(frozen=True, slots=True)
class CreaseMaps:
    """What creases are placed by; maps are (R, R)."""

    points: FloatArray
    """(R, R, 3) of the neutral head."""
    marks: FloatArray
    """(68, 3) landmarks."""
    inside_lips: FloatArray
    eye_distance: FloatArray
    brow_y: float


def crease_depths(age: float, random: np.random.Generator) -> FloatArray:
    """How deep each of CREASES is for an age, 0 young to 1 old."""
    depths = random.uniform(0.3, 1.1, len(CREASES)) * np.array(DEPTHS) * age**1.3
    return (depths + random.random(len(CREASES)) * np.array(EARLY)).astype(np.float32)


def crease_layers(maps: CreaseMaps, noise: NoiseBank) -> FloatArray:
    """Depth of each of CREASES in each variant, (VARIANTS, CREASES, R, R), 0 to about 1."""
    random = np.random.default_rng(CREASE_SEED)
    variants: list[FloatArray] = []
    for _ in range(VARIANTS):
        bend = noise.shifted("blotches", random) * np.float32(0.25)
        ragged = np.clip(1 + 0.35 * noise.shifted("mottle", random), 0, 1.6)
        layers = [
            _forehead(maps, bend, random),
            _frown(maps, bend),
            _eye_corners(maps, bend),
            _bags(maps),
            _smile_folds(maps, bend, random),
            _lip_lines(maps, bend),
        ]
        deep = np.stack(layers) * ragged
        variants.append(np.where(deep > MIN_DEPTH, deep, 0).astype(np.float32))
    return np.stack(variants)


def _line(distance: Floats, width: float) -> FloatArray:
    return np.exp(-((distance / np.float32(width)) ** 2)).astype(np.float32)


def _within(value: FloatArray, low: float, high: float, soft: float) -> FloatArray:
    """1 between the two, falling off over the soft width outside."""
    gap = np.maximum(np.maximum(low - value, value - high), 0)
    return np.exp(-((gap / np.float32(soft)) ** 2)).astype(np.float32)


def _forehead(maps: CreaseMaps, bend: FloatArray, random: np.random.Generator) -> FloatArray:
    x, y = maps.points[..., 0], maps.points[..., 1]
    spacing = random.uniform(0.9, 1.4)
    wave = y - maps.brow_y + 0.03 * x**2 * random.uniform(-0.5, 1) + bend
    away = np.abs((wave / spacing) % 1 - 0.5) * spacing
    where = _within(y, maps.brow_y + 0.9, maps.brow_y + 4.2, 0.7) * _within(x, -3.6, 3.6, 1.2)
    depth = _line(away, CREASE_WIDTH) * where * (maps.points[..., 2] > 0)
    return depth.astype(np.float32)


def _frown(maps: CreaseMaps, bend: FloatArray) -> FloatArray:
    x, y = maps.points[..., 0], maps.points[..., 1]
    away = np.abs(np.abs(x) - FROWN_X + 0.3 * bend)
    middle = maps.marks[27, 1] + 1.2
    return _line(away, CREASE_WIDTH) * _within(y, middle - 0.5, middle + 0.6, 0.5)


def _eye_corners(maps: CreaseMaps, bend: FloatArray) -> FloatArray:
    total = np.zeros(maps.points.shape[:2], dtype=np.float32)
    for corner in maps.marks[list(OUTER_EYE_CORNERS)]:
        side = np.sign(corner[0])
        x = (maps.points[..., 0] - corner[0]) * side + 0.25
        y = maps.points[..., 1] - corner[1]
        z = maps.points[..., 2] - corner[2]
        out = np.hypot(x, z * (x > 0))
        where = _within(out, 0.75, 1.9, 0.45) * (x > 0) * (np.abs(y) < LINES_REACH_Y)
        for angle in LINES_AT_EYE_DEG:
            tangent = np.float32(np.tan(np.deg2rad(angle)))
            away = np.abs(y - out * tangent * (1 + 0.15 * out) + 0.25 * bend)
            total += _line(away, 0.09) * where
    return total


def _bags(maps: CreaseMaps) -> FloatArray:
    """A fold under each eye and the hollow below it."""
    y = maps.points[..., 1]
    below = (y < maps.marks[36:48, 1].mean() - 0.1) & (maps.points[..., 2] > FRONT_Z)
    fold = _line(maps.eye_distance - np.float32(0.75), 0.16)
    hollow = _line(maps.eye_distance - np.float32(0.95), 0.4) * np.float32(0.5)
    return (fold + hollow) * below * _within(maps.eye_distance, 0.3, 1.4, 0.3)


def _smile_folds(maps: CreaseMaps, bend: FloatArray, random: np.random.Generator) -> FloatArray:
    """From the wings of the nose past the corners of the mouth, and on towards the chin."""
    total = np.zeros(maps.points.shape[:2], dtype=np.float32)
    down = random.uniform(0, 1.6)
    for wing, corner in zip(NOSE_WINGS, MOUTH_CORNERS, strict=True):
        side = float(np.sign(maps.marks[wing, 0]))
        top, low = maps.marks[wing], maps.marks[corner]
        y = maps.points[..., 1]
        share = (top[1] + 0.3 - y) / (top[1] - low[1])
        start, end = abs(float(top[0])) + 0.45, abs(float(low[0])) + 0.55
        curve = start + (end - start) * np.clip(share, 0, 2) ** 0.8
        curve -= np.float32(0.25) * np.clip(share - 1, 0, 2) ** 2
        away = np.abs(maps.points[..., 0] * side - curve + 0.3 * bend)
        where = _within(share, 0.1, 1 + down * 0.4, 0.25) * (maps.points[..., 2] > FRONT_Z)
        total += (_line(away, 0.16) + np.float32(0.4) * _line(away, 0.45)) * where
    return total


def _lip_lines(maps: CreaseMaps, bend: FloatArray) -> FloatArray:
    x = maps.points[..., 0]
    away = np.abs(((x + 0.4 * bend) / 0.36) % 1 - 0.5) * 0.36
    return _line(away, 0.06) * _within(maps.inside_lips, -0.7, -0.08, 0.12)
