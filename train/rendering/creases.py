"""Wrinkles and folds of a face, as maps of their depth."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import FloatArray, Floats
from .chart import FaceChart

CREASE_WIDTH: Final = 0.13
"""Of a fine line, model units."""
FROWN_X: Final = 0.75
LINES_AT_EYE_DEG: Final = (-32.0, -12.0, 8.0, 26.0)

LINES_REACH_Y: Final = 2.0
FRONT_Z: Final = 4.5
"""Behind this are ears, neck and sides."""

OUTER_EYE_CORNERS: Final = (36, 45)
NOSE_WINGS: Final = (31, 35)
MOUTH_CORNERS: Final = (48, 54)


@dataclass(frozen=True, slots=True)
class Creases:
    """How deep each kind of crease is on an identity, 0 to about 1."""

    forehead: float
    frown: float
    eye_corners: float
    bags: float
    smile_folds: float
    lips: float
    skin: float

    @classmethod
    def of_age(cls, age: float, random: np.random.Generator) -> "Creases":
        """Draw creases for an age, 0 young to 1 old."""
        strength = (
            random.uniform(0.3, 1.1, 7) * np.array([0.9, 0.7, 0.65, 0.9, 0.9, 0.25, 0.7]) * age**1.3
        )
        strength[3:5] += random.uniform(0, 0.25, 2)  # bags and smile folds come early
        return cls(*(float(value) for value in strength))


def crease_map(creases: Creases, chart: FaceChart, random: np.random.Generator) -> FloatArray:
    """Depth of all creases together, (R, R), 0 to about 1."""
    depth = np.zeros(chart.points.shape[:2], dtype=np.float32)
    bend = chart.noise.shifted("blotches", random) * np.float32(0.25)
    ragged = np.clip(1 + 0.35 * chart.noise.shifted("mottle", random), 0, 1.6)
    depth += _forehead(chart, bend, random) * np.float32(creases.forehead)
    depth += _frown(chart, bend) * np.float32(creases.frown)
    depth += _eye_corners(chart, bend) * np.float32(creases.eye_corners)
    depth += _bags(chart) * np.float32(creases.bags)
    depth += _smile_folds(chart, bend, random) * np.float32(creases.smile_folds)
    depth += _lip_lines(chart, bend) * np.float32(creases.lips)
    depth *= ragged
    loose = np.abs(chart.noise.shifted("mottle", random))
    depth += np.float32(0.5 * creases.skin) * np.clip(0.35 - loose, 0, 1)
    return depth


def _line(distance: Floats, width: float) -> FloatArray:
    return np.exp(-((distance / np.float32(width)) ** 2)).astype(np.float32)


def _within(value: FloatArray, low: float, high: float, soft: float) -> FloatArray:
    """1 between the two, falling off over the soft width outside."""
    gap = np.maximum(np.maximum(low - value, value - high), 0)
    return np.exp(-((gap / np.float32(soft)) ** 2)).astype(np.float32)


def _forehead(chart: FaceChart, bend: FloatArray, random: np.random.Generator) -> FloatArray:
    x, y = chart.points[..., 0], chart.points[..., 1]
    spacing = random.uniform(0.9, 1.4)
    wave = y - chart.brow_y + 0.03 * x**2 * random.uniform(-0.5, 1) + bend
    away = np.abs((wave / spacing) % 1 - 0.5) * spacing
    where = _within(y, chart.brow_y + 0.9, chart.brow_y + 4.2, 0.7) * _within(x, -3.6, 3.6, 1.2)
    depth = _line(away, CREASE_WIDTH) * where * (chart.points[..., 2] > 0)
    return depth.astype(np.float32)


def _frown(chart: FaceChart, bend: FloatArray) -> FloatArray:
    x, y = chart.points[..., 0], chart.points[..., 1]
    away = np.abs(np.abs(x) - FROWN_X + 0.3 * bend)
    middle = chart.marks[27, 1] + 1.2
    return _line(away, CREASE_WIDTH) * _within(y, middle - 0.5, middle + 0.6, 0.5)


def _eye_corners(chart: FaceChart, bend: FloatArray) -> FloatArray:
    total = np.zeros(chart.points.shape[:2], dtype=np.float32)
    for corner in chart.marks[list(OUTER_EYE_CORNERS)]:
        side = np.sign(corner[0])
        x = (chart.points[..., 0] - corner[0]) * side + 0.25
        y = chart.points[..., 1] - corner[1]
        z = chart.points[..., 2] - corner[2]
        out = np.hypot(x, z * (x > 0))
        where = _within(out, 0.75, 1.9, 0.45) * (x > 0) * (np.abs(y) < LINES_REACH_Y)
        for angle in LINES_AT_EYE_DEG:
            tangent = np.float32(np.tan(np.deg2rad(angle)))
            away = np.abs(y - out * tangent * (1 + 0.15 * out) + 0.25 * bend)
            total += _line(away, 0.09) * where
    return total


def _bags(chart: FaceChart) -> FloatArray:
    """A fold under each eye and the hollow below it."""
    y = chart.points[..., 1]
    below = (y < chart.marks[36:48, 1].mean() - 0.1) & (chart.points[..., 2] > FRONT_Z)
    fold = _line(chart.eye_distance - np.float32(0.75), 0.16)
    hollow = _line(chart.eye_distance - np.float32(0.95), 0.4) * np.float32(0.5)
    return (fold + hollow) * below * _within(chart.eye_distance, 0.3, 1.4, 0.3)


def _smile_folds(chart: FaceChart, bend: FloatArray, random: np.random.Generator) -> FloatArray:
    """From the wings of the nose past the corners of the mouth, and on towards the chin."""
    total = np.zeros(chart.points.shape[:2], dtype=np.float32)
    down = random.uniform(0, 1.6)
    for wing, corner in zip(NOSE_WINGS, MOUTH_CORNERS, strict=True):
        side = float(np.sign(chart.marks[wing, 0]))
        top, low = chart.marks[wing], chart.marks[corner]
        y = chart.points[..., 1]
        share = (top[1] + 0.3 - y) / (top[1] - low[1])
        start, end = abs(float(top[0])) + 0.45, abs(float(low[0])) + 0.55
        curve = start + (end - start) * np.clip(share, 0, 2) ** 0.8
        curve -= np.float32(0.25) * np.clip(share - 1, 0, 2) ** 2
        away = np.abs(chart.points[..., 0] * side - curve + 0.3 * bend)
        where = _within(share, 0.1, 1 + down * 0.4, 0.25) * (chart.points[..., 2] > FRONT_Z)
        total += (_line(away, 0.16) + np.float32(0.4) * _line(away, 0.45)) * where
    return total


def _lip_lines(chart: FaceChart, bend: FloatArray) -> FloatArray:
    x = chart.points[..., 0]
    away = np.abs(((x + 0.4 * bend) / 0.36) % 1 - 0.5) * 0.36
    return _line(away, 0.06) * _within(chart.inside_lips, -0.7, -0.08, 0.12)
