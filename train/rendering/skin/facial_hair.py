"""Brows, stubble and beards, hair by hair on the map of the skin."""

from typing import Final

import cv2
import numpy as np

from ..arrays import FloatArray, Floats, chance
from ..paint import lay_over
from .face_chart import BROWS, FaceChart

BEARD_PROBABILITY: Final = 0.3
BEARD_TO_LIPS: Final = 0.04
"""Model units between beard and lips."""
HAIRS_IN_BROW: Final = (90, 220)
MOUSTACHE_HALF_WIDTH: Final = 2.6
MOUSTACHES: Final = 0.15
GOATEES: Final = 0.4
"""Shares of the beards that are only that; goatees include the moustaches' share."""
STUBBLE: Final = 0.4
"""Shares of the longest beard below which no hairs stand out."""
MIN_COVER: Final = 0.01
FRONT_Z: Final = 4.0
EAR_Z, EAR_X = -1.5, 8.2
FINE: Final = 4
"""Bits of sub-pixel position that OpenCV draws with."""


def paint_brows(
    skin: FloatArray, chart: FaceChart, hair: FloatArray, random: np.random.Generator
) -> None:
    """Brows of single hairs on a soft shadow, in place on the painted map (R, R, 3)."""
    if chance(random, 0.03):  # shaved or bleached
        return
    thickness, strength = random.uniform(0.22, 0.62), random.uniform(0.45, 1)
    hairs = int(random.integers(*HAIRS_IN_BROW))
    arch, gap = random.uniform(-0.15, 0.35), random.uniform(0, 0.12)
    for part, distance, along in zip(BROWS, chart.brow_distance, brows_along(chart), strict=True):
        inwards = part.start == BROWS[0].start
        width = thickness * brow_width(along)
        shade = np.exp(-((distance / np.maximum(width, 0.05)) ** 2)) * np.float32(0.35 * strength)
        shade *= (along > gap) & (chart.points[..., 2] > FRONT_Z)
        rows = np.flatnonzero(shade.max(axis=1) > MIN_COVER)
        if len(rows) == 0:
            continue
        window = slice(int(rows[0]), int(rows[-1]) + 1)
        line = chart.marks_on_map[part]
        drawn = _brow_hairs(
            chart, line[::-1] if inwards else line, thickness, hairs, arch, gap, random
        )
        cover = np.clip(shade + drawn * np.float32(strength), 0, 1)
        lay_over(skin[window], hair * np.float32(0.85), cover[window])


def brows_along(chart: FaceChart) -> tuple[FloatArray, FloatArray]:
    """Share of each brow's length at each texel, 0 at the nose to 1."""
    right, left = chart.brow_share
    return 1 - right, left  # the right brow's line runs inwards, the left one's outwards


def brow_width(along: Floats) -> Floats:
    """Share of the thickness at each share of the brow, from the nose outwards."""
    return np.clip(0.75 + 0.5 * np.sin(np.pi * np.clip(along, 0, 1)) - 0.65 * along, 0.15, 1.1)


def _brow_hairs(
    chart: FaceChart,
    line: FloatArray,
    thickness: float,
    hairs: int,
    arch: float,
    gap: float,
    random: np.random.Generator,
) -> FloatArray:
    """Strokes from the nose outwards, (R, R) 0 to 1; upright near the nose, lying further out."""
    picture = np.zeros(chart.points.shape[:2], dtype=np.uint8)
    texels = chart.size_px / 26.0  # about one model unit
    along = random.uniform(gap, 1.02, hairs)
    place = np.clip(along, 0, 1) * (len(line) - 1)
    first = np.minimum(place.astype(int), len(line) - 2)
    roots = line[first] + (line[first + 1] - line[first]) * (place - first)[:, None]
    reach = thickness * texels * brow_width(along)
    across = random.uniform(-1, 0.8, hairs)
    roots = roots + np.stack([np.zeros(hairs), across * reach], axis=1)
    roots[:, 1] -= arch * texels * np.sin(np.pi * along) * 0.6
    outwards = np.sign(line[-1, 0] - line[0, 0])
    rise = np.deg2rad(75 - 85 * along + random.normal(size=hairs) * 9 + across * 25)
    length = texels * random.uniform(0.3, 0.6, hairs) * (0.7 + 0.4 * thickness)
    tips = roots + np.stack([outwards * np.cos(rise), -np.sin(rise)], axis=1) * length[:, None]
    pairs = np.rint(np.stack([roots, tips], axis=1) * 2**FINE).astype(int)
    greys = random.integers(110, 255, hairs)
    for (root, tip), grey in zip(pairs, greys, strict=True):
        cv2.line(picture, root.tolist(), tip.tolist(), int(grey), 1, cv2.LINE_AA, FINE)
    return (picture / 255).astype(np.float32)


def beard_cover(chart: FaceChart, random: np.random.Generator) -> FloatArray:
    """Where a beard grows, (R, R) 0 to 1: full, a moustache, a goatee, sideburns."""
    x, y, z = chart.points[..., 0], chart.points[..., 1], chart.points[..., 2]
    ragged = np.float32(0.25) * chart.noise.shifted("mottle", random)
    edge = chart.lip_y + 0.1 + 0.32 * np.maximum(np.abs(x) - 1.5, 0) ** 1.15 + ragged
    cover = 1 / (1 + np.exp(np.clip((y - edge) * 3.5, -30, 30)))
    moustache = np.exp(-(((y - chart.lip_y - 0.35) / 0.5) ** 2)) * (
        np.abs(x) < MOUSTACHE_HALF_WIDTH
    )
    kind = random.random()
    if kind < MOUSTACHES:
        cover = moustache
    elif kind < GOATEES:
        cover = np.maximum(cover * _soft_below(np.abs(x) + ragged, random.uniform(1.8, 3.0)), 0)
        cover = np.maximum(cover, moustache * random.random())
    else:
        cover = np.maximum(cover, moustache)
    cover *= _soft_below(chart.chin_y - y + ragged, random.uniform(1.0, 2.2))
    cover *= np.clip((-BEARD_TO_LIPS - chart.inside_lips) / 0.1, 0, 1)
    return (cover * (z > EAR_Z) * (np.abs(x) < EAR_X)).astype(np.float32)


def _soft_below(value: Floats, limit: float) -> Floats:
    return 1 / (1 + np.exp(np.clip((value - limit) * 5, -30, 30)))


def paint_beard(
    skin: FloatArray,
    height: FloatArray,
    chart: FaceChart,
    hair: FloatArray,
    random: np.random.Generator,
) -> None:
    """A shaved shadow, stubble or a beard, in place on colour (R, R, 3) and height (R, R)."""
    cover = beard_cover(chart, random)
    length = random.random()
    shadow = np.float32(random.uniform(0.08, 0.3) + 0.35 * length)
    tint = skin.mean(axis=(0, 1)) * np.float32(0.45) + hair * np.float32(0.3)
    lay_over(skin, tint, cover * shadow)
    dots = chart.noise.shifted("stubble", random)
    dots = np.clip(dots * np.float32(1.4) - np.float32(0.5), 0, 1)
    lay_over(skin, hair, cover * dots * np.float32(0.7))
    if length > STUBBLE:
        strokes = chart.noise.shifted("strokes", random)
        strokes = np.maximum(strokes, chart.noise.shifted("strokes", random))
        thick = np.clip(cover * 1.6 + strokes - 1, 0, 1) * np.float32(min(length + 0.3, 1))
        lay_over(skin, hair * np.float32(0.7), np.clip(cover * 1.3 - 0.3, 0, 1) * shadow)
        lay_over(skin, hair, thick)
        height += thick * np.float32(0.5 * length)
