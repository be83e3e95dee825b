"""The texture of a face: skin, its marks and its relief, lips, make-up, brows and beard."""

from typing import Final

import cv2
import numpy as np

from ..arrays import FloatArray, chance
from ..paint import any_colour, from_hue, lay_over, rgb
from .creases import CREASES, VARIANTS, crease_depths
from .face_chart import BLOOD_LAYER, FIRST_CREASE_LAYER, FOREHEAD_LAYER, FaceChart
from .facial_hair import BEARD_PROBABILITY, paint_beard, paint_brows
from .skin_base import finish_texture, paint_skin_base

CHANNELS: Final = 6
"""Colour (3, linear), slope to the right and upwards, gloss."""
RELIEF: Final = 0.55
"""How strongly heights tilt the skin: slope for a height of 1 over one model unit."""
MAP_UNITS: Final = 26.0
"""Width and height of the map on the face, about, model units."""
CREASE_TINT: Final = rgb(-0.24, -0.3, -0.315)
CREASE_DEPTH: Final = 0.28
NEAR_EYES: Final = 1.9
MIN_CREASE_DEPTH: Final = 0.02
AGE_SPOTS_FROM: Final = 0.55


def paint_texture(
    chart: FaceChart, tone: FloatArray, hair: FloatArray, age: float, random: np.random.Generator
) -> FloatArray:
    """The texture of an identity, (R, R, CHANNELS).

    Args:
        chart: what is where.
        tone: (3,) colour of the skin.
        hair: (3,) colour of the hair.
        age: 0 young to 1 old.
        random: source of everything.
    """
    size = chart.size_px
    skin = np.empty((size, size, 3), dtype=np.float32)
    height = np.empty((size, size), dtype=np.float32)
    _paint_bare_skin(skin, height, chart, tone, age, random)
    _paint_marks(skin, chart, tone, age, random)
    if chance(random, BEARD_PROBABILITY):
        paint_beard(skin, height, chart, hair, random)
    gloss = chart.zones["oil"] * np.clip(1 + 0.25 * chart.noise.grain, 0.3, 2).astype(np.float32)
    _paint_eyes_surround(skin, chart, tone, random)
    _paint_lips(skin, height, gloss, chart, tone, random)
    paint_brows(skin, chart, hair, random)
    texture = np.empty((size, size, CHANNELS), dtype=np.float32)
    finish_texture(skin, height, gloss, RELIEF * size / MAP_UNITS, texture)
    return texture


def _paint_bare_skin(
    skin: FloatArray,
    height: FloatArray,
    chart: FaceChart,
    tone: FloatArray,
    age: float,
    random: np.random.Generator,
) -> None:
    """Bare skin: blotches, pores, blood under cheeks and nose, wrinkles; fills both maps."""
    noise = chart.noise.stack
    shifts = random.integers(0, chart.size_px, (len(noise), 2)).astype(np.int32)
    rough = random.uniform(0.3, 1)
    loose = 0.5 * random.uniform(0.2, 0.8) * age**1.3
    amounts = [random.uniform(0.015, 0.05), random.uniform(0.008, 0.03), 0.018 * rough, loose]
    tints = [rgb(0.6, 1, 1), rgb(0.6, 1, 1), rgb(1, 1, 1), CREASE_TINT]
    rises = [0, 0.012, 0.014 * rough, -CREASE_DEPTH * loose]
    chosen = [BLOOD_LAYER, FOREHEAD_LAYER]
    amounts += [0.02 + 0.13 * random.random() ** 1.5, random.uniform(0, 0.06)]
    tints += [rgb(-0.1, -0.9, -0.75), rgb(0, -0.2, -1)]
    rises += [0, 0]
    variants = random.integers(0, VARIANTS, len(CREASES))
    for k, depth in enumerate(crease_depths(age, random)):
        if depth > MIN_CREASE_DEPTH:
            chosen.append(FIRST_CREASE_LAYER + int(variants[k]) * len(CREASES) + k)
            amounts.append(float(depth))
            tints.append(CREASE_TINT)
            rises.append(-CREASE_DEPTH * depth)
    scaled = np.empty((len(tints), 4), dtype=np.float32)
    scaled[:, :3] = np.stack(tints) * np.array(amounts, dtype=np.float32)[:, None]
    scaled[:, 3] = rises
    paint_skin_base(
        tone, noise, shifts, chart.layers, np.array(chosen, np.int32), scaled, skin, height
    )
    if chance(random, 0.15):
        zone = chart.zones["rouge"]
        rows = chart.rows(zone)
        cover = zone[rows] * np.float32(random.uniform(0.05, 0.3))
        lay_over(skin[rows], from_hue(random.uniform(0.93, 1.03), 0.6, 0.75), cover)


def _paint_marks(
    skin: FloatArray, chart: FaceChart, tone: FloatArray, age: float, random: np.random.Generator
) -> None:
    """Freckles, moles, spots of age and of sore skin."""
    dark = tone * rgb(0.62, 0.48, 0.40)
    if chance(random, 0.22):
        cover = chart.noise.shifted("spots", random)
        where = chart.zones["freckles"]
        lay_over(skin, dark, cover * where * np.float32(random.uniform(0.2, 0.7)))
    if age > AGE_SPOTS_FROM and chance(random, 0.6):
        spots = cv2.GaussianBlur(chart.noise.shifted("spots", random), (0, 0), 2.2)
        lay_over(skin, dark, np.clip(spots * 3, 0, 1) * np.float32(random.uniform(0.1, 0.45)))
    sore = chance(random, 0.12)
    moles = int(random.integers(0, 6))
    low, high = len(skin) // 4, len(skin) * 5 // 6
    for k in range(moles + (int(random.integers(5, 25)) if sore else 0)):
        row, column = (int(place) for place in random.integers(low, high, 2))
        is_mole = k < moles
        colour = (
            dark * np.float32(random.uniform(0.4, 0.9)) if is_mole else tone * rgb(0.95, 0.6, 0.55)
        )
        _dot(skin, row, column, random.uniform(0.9, 2.6) * len(skin) / 512, colour)


def _dot(skin: FloatArray, row: int, column: int, radius_px: float, colour: FloatArray) -> None:
    reach = int(3 * radius_px) + 1
    window = (
        slice(max(row - reach, 0), row + reach + 1),
        slice(max(column - reach, 0), column + reach + 1),
    )
    rows = np.arange(len(skin), dtype=np.float32)[window[0]] - row
    columns = np.arange(skin.shape[1], dtype=np.float32)[window[1]] - column
    away = np.hypot(rows[:, None], columns[None]) / np.float32(radius_px)
    lay_over(skin[window], colour, np.clip(1.4 - away, 0, 0.8).astype(np.float32))


def _paint_eyes_surround(
    skin: FloatArray, chart: FaceChart, tone: FloatArray, random: np.random.Generator
) -> None:
    rows = chart.rows(NEAR_EYES - chart.eye_distance)
    near = skin[rows]
    shadow = np.exp(-((chart.eye_distance[rows] / np.float32(0.4)) ** 2))
    lay_over(near, tone * rgb(0.5, 0.33, 0.33), shadow * np.float32(random.uniform(0.1, 0.45)))
    rings = np.exp(-(((chart.eye_distance[rows] - 0.6) / np.float32(0.5)) ** 2))
    rings *= chart.points[rows, :, 1] < chart.marks[36:48, 1].mean()
    lay_over(near, tone * rgb(0.6, 0.5, 0.55), rings * np.float32(random.uniform(0, 0.35) ** 1.5))
    if chance(random, 0.2):  # eye shadow
        colour = any_colour(random, 0.8, 0.1, 0.7)
        cover = np.exp(-((chart.upper_lid_distance[rows] / np.float32(0.7)) ** 2))
        lay_over(near, colour, cover * np.float32(random.uniform(0.1, 0.6)))
    width = np.float32(random.uniform(0.07, 0.16))
    liner = random.uniform(0.25, 0.6) if chance(random, 0.75) else random.uniform(0.6, 1)
    cover = np.exp(-((chart.lash_distance[rows] / width) ** 2))
    lay_over(near, rgb(0.07, 0.04, 0.04), cover * np.float32(liner))


def _paint_lips(
    skin: FloatArray,
    height: FloatArray,
    gloss: FloatArray,
    chart: FaceChart,
    tone: FloatArray,
    random: np.random.Generator,
) -> None:
    rows = chart.rows(chart.inside_lips + np.float32(0.3))
    inside = chart.inside_lips[rows]
    soft = random.uniform(0.1, 0.22)
    colour = tone * rgb(*random.uniform((0.80, 0.50, 0.50), (0.95, 0.66, 0.66)))
    wet = random.uniform(0.6, 2)
    if chance(random, 0.3):  # lipstick
        hue = float(random.choice([0, 0.97, 0.02, 0.93]))
        colour = from_hue(hue, random.uniform(0.3, 0.85), random.uniform(0.36, 0.81))
        wet, soft = random.uniform(0.5, 4), 0.08
    cover = np.clip(inside / soft + 0.55, 0, 1) * np.float32(random.uniform(0.55, 1))
    x = chart.points[rows, :, 0]
    bend = chart.noise.mottle[rows] * np.float32(0.06)
    lines = np.cos((x + bend) * np.float32(2 * np.pi / 0.22)) * np.clip(inside / 0.2, 0, 1)
    lay_over(skin[rows], colour, cover)
    skin[rows] *= (1 - cover * (0.05 + np.float32(0.06) * lines))[..., None]
    height[rows] += lines * np.float32(0.02)
    gloss[rows] += cover * np.float32(wet)
