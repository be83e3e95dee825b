"""Paint a drawn head: flat colours, brows of one stroke, dark lines along the lids."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, chance, pick
from ..head.head_model import HeadModel
from ..paint import any_colour, from_hue, lay_over, rgb
from ..skin.complexion import CHANNELS
from ..skin.face_chart import FaceChart
from ..skin.facial_hair import brow_width, brows_along
from ..skin.head_paint import (
    IRIS_ANGLE_DEG,
    PaintedHead,
    hair_tone,
    paint_eyeballs,
    paint_mouth,
    skin_tone,
)

ODD_SKIN_PROBABILITY: Final = 0.22
DYED_PROBABILITY: Final = 0.45
IRIS_GROWN: Final = (1.1, 1.45)
"""Irises against a person's; more leaves no white for gaze to show."""
LINE: Final = rgb(0.07, 0.05, 0.06)
EDGE: Final = 0.07
"""Model units over which a painted shape ends."""


def paint_cartoon(head: HeadModel, chart: FaceChart, random: np.random.Generator) -> PaintedHead:
    """Colours and texture of one drawn person."""
    tone = skin_tone(random)
    if chance(random, ODD_SKIN_PROBABILITY):
        tone = any_colour(random, 0.65, 0.6, 1.0)
    dyed = chance(random, DYED_PROBABILITY)
    hair = from_hue(random.random(), 0.75, 0.8) if dyed else hair_tone(0.2, random)
    albedo = np.tile(tone, (len(head.vertices), 1))
    gloss = np.zeros((len(head.vertices), 2), dtype=np.float32)
    gloss[:, 0] = random.uniform(0, 0.06)
    paint_mouth(head, albedo, gloss, random)
    paint_eyeballs(head, albedo, gloss, random, IRIS_ANGLE_DEG * random.uniform(*IRIS_GROWN))
    return PaintedHead(
        albedo=np.clip(albedo, 0, 1).astype(np.float32),
        gloss=gloss,
        texture=_texture(chart, tone, hair, random),
        skin_tone=tone,
        hair_tone=hair,
        age=0.2,
    )


def _texture(
    chart: FaceChart, tone: FloatArray, hair: FloatArray, random: np.random.Generator
) -> FloatArray:
    """The texture of the face, (R, R, CHANNELS); see `complexion`."""
    skin = np.tile(tone, (chart.size_px, chart.size_px, 1))
    blush = tone * rgb(1, random.uniform(0.6, 0.9), random.uniform(0.6, 0.9))
    cheeks = chart.zones["rouge" if chance(random, 0.5) else "blood"]
    lay_over(skin, blush, np.clip(cheeks * np.float32(random.uniform(0, 1.6)), 0, 1))
    above = chart.points[..., 1] > chart.marks[36:48, 1].mean()
    if chance(random, 0.2):  # eye shadow
        colour = any_colour(random, 0.8, 0.3, 0.9)
        wide = np.float32(random.uniform(0.4, 0.7))
        cover = np.exp(-((chart.upper_lid_distance / wide) ** 2)) * random.uniform(0.3, 0.8)
        lay_over(skin, colour, np.where(above, cover, 0).astype(np.float32))
    lips = tone * rgb(*random.uniform((0.75, 0.5, 0.5), (0.98, 0.85, 0.85)))
    if chance(random, 0.3):
        lips = from_hue(pick(random, (0.0, 0.97, 0.02, 0.9)), 0.75, 0.75)
    lay_over(skin, lips, _within(-chart.inside_lips, 0))
    _paint_brows(skin, chart, hair * np.float32(random.uniform(0.35, 0.9)), random)
    lay_over(skin, LINE, _within(chart.lash_distance, random.uniform(0.05, 0.16)))
    texture = np.zeros((chart.size_px, chart.size_px, CHANNELS), dtype=np.float32)
    texture[..., :3] = np.square(np.clip(skin, 0, 1))
    texture[..., 5] = 1
    return texture


def _paint_brows(
    skin: FloatArray, chart: FaceChart, colour: FloatArray, random: np.random.Generator
) -> None:
    thickness = random.uniform(0.2, 0.75)
    ends = random.uniform(0, 0.15)
    for distance, along in zip(chart.brow_distance, brows_along(chart), strict=True):
        cover = _within(distance, thickness * brow_width(along))
        lay_over(skin, colour, cover * (along > ends) * (along < 1 - ends / 2))


def _within(distance: FloatArray, width: float | FloatArray) -> FloatArray:
    """1 nearer than a width, 0 beyond."""
    cover = np.clip((np.float32(width) - distance) / np.float32(EDGE) + 0.5, 0, 1)
    return cover.astype(np.float32)
