"""Paint a head: skin, lips, brows, beard, make-up, eyes, teeth."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import FloatArray, chance, pick
from .chart import FaceChart
from .head import EYES, HeadModel
from .paint import any_colour, from_hue, lay_over, rgb, waves

FAIR: Final = rgb(0.95, 0.78, 0.68)
DARK: Final = rgb(0.33, 0.20, 0.14)
HAIR_COLOURS: Final = (
    rgb(0.06, 0.05, 0.05),
    rgb(0.12, 0.08, 0.06),
    rgb(0.20, 0.12, 0.07),
    rgb(0.42, 0.28, 0.14),
    rgb(0.75, 0.60, 0.35),
    rgb(0.50, 0.20, 0.10),
    rgb(0.60, 0.60, 0.60),
    rgb(0.90, 0.88, 0.85),
)
IRIS_COLOURS: Final = (
    from_hue(0.58, 0.5, 0.6),
    from_hue(0.08, 0.7, 0.4),
    from_hue(0.08, 0.6, 0.2),
    from_hue(0.06, 0.7, 0.13),
    from_hue(0.30, 0.4, 0.45),
    from_hue(0.55, 0.15, 0.5),
)
IRIS_ANGLE_DEG: Final = 23.5
"""Half the iris, seen from the eyeball's centre: half of the face model's iris mesh. Painted
larger, no white of the eye is left and gaze does not show."""

BEARD_PROBABILITY: Final = 0.28
BEARD_TO_LIPS: Final = 0.15
"""Model units between beard and lips."""

GLOSS_EYE: Final = (0.10, 0.9)
GLOSS_LIPS: Final = 0.25
GLOSS_TEETH: Final = (0.25, 0.2)


@dataclass(frozen=True, slots=True)
class PaintedHead:
    """Colours of a head's vertices."""

    albedo: FloatArray
    gloss: FloatArray
    skin_tone: FloatArray
    hair_tone: FloatArray


def paint_head(head: HeadModel, chart: FaceChart, random: np.random.Generator) -> PaintedHead:
    """Colours of one random identity."""
    count = len(head.vertices)
    tone = _skin_tone(random)
    hair = _hair_tone(random)
    albedo = np.tile(tone, (count, 1))
    blotches = np.float32(0.03) * waves(head.vertices, random, 0.25)
    fine = np.float32(0.02) * waves(head.vertices, random, 1.5)
    albedo *= 1 + blotches[:, None] * rgb(0.6, 1, 1) + fine[:, None]
    face = albedo[head.parts["face"]]
    _paint_cheeks(face, chart, random)
    _paint_beard(face, chart, hair, random)
    _paint_lips(face, chart, tone, random)
    _paint_eyes_surround(face, chart, tone, random)
    _paint_brows(face, chart, hair, random)
    albedo[head.parts["face"]] = face
    gloss = np.zeros((count, 2), dtype=np.float32)
    gloss[:, 0] = random.uniform(0, 0.22)
    on_lips = head.parts["face"][chart.inside_lips > 0]
    gloss[on_lips, 0] += GLOSS_LIPS * random.random()
    _paint_mouth(head, albedo, gloss, random)
    _paint_eyeballs(head, albedo, gloss, random)
    return PaintedHead(np.clip(albedo, 0, 1).astype(np.float32), gloss, tone, hair)


def _skin_tone(random: np.random.Generator) -> FloatArray:
    if chance(random, 0.06):  # a painted or cartoon skin
        return any_colour(random, 0.6, 0.55, 1.0)
    if chance(random, 0.04):  # stone, plaster, a black-and-white picture
        return np.float32(random.uniform(0.35, 0.95)) * (1 + rgb(0.02, 0, -0.03))
    depth = np.float32(random.random())
    tone = (1 - depth) * FAIR + depth * DARK
    shift = (random.normal(size=3) * 0.02).astype(np.float32)
    return np.clip(tone * np.float32(random.uniform(0.85, 1.05)) + shift, 0.05, 1)


def _hair_tone(random: np.random.Generator) -> FloatArray:
    if chance(random, 0.08):
        return from_hue(random.random(), 0.7, 0.8)
    tone = pick(random, HAIR_COLOURS) * np.float32(random.uniform(0.8, 1.2))
    return np.clip(tone, 0, 1)


def _paint_cheeks(face: FloatArray, chart: FaceChart, random: np.random.Generator) -> None:
    x, y = np.abs(chart.points[:, 0]) - 5, chart.points[:, 1] - chart.nose_y
    blush = np.exp(-(x**2 + y**2) / 6) * np.float32(random.uniform(0, 0.18))
    face *= 1 - blush[:, None] * rgb(0, 0.8, 0.7)


def _paint_beard(
    face: FloatArray, chart: FaceChart, hair: FloatArray, random: np.random.Generator
) -> None:
    if not chance(random, BEARD_PROBABILITY):
        return
    x, y = chart.points[:, 0], chart.points[:, 1]
    edge = chart.lip_y + 0.25 * np.abs(x)
    cover = 1 / (1 + np.exp(np.clip((y - edge) * 3, -30, 30)))
    if chance(random, 0.25):  # a moustache or a goatee only
        cover *= np.abs(x) < random.uniform(1.8, 3.2)
    cover *= (y > chart.chin_y - 2.5) & (chart.inside_lips < -BEARD_TO_LIPS)
    cover *= np.clip(waves(chart.points, random, 3) * 0.35 + 0.8, 0, 1)
    lay_over(face, hair * np.float32(0.8), (cover * random.uniform(0.2, 0.95)).astype(np.float32))


def _paint_lips(
    face: FloatArray, chart: FaceChart, tone: FloatArray, random: np.random.Generator
) -> None:
    colour = tone * rgb(0.85, 0.55, 0.55)
    if chance(random, 0.4):  # lipstick
        hue = float(random.choice([0, 0.97, 0.02, 0.93]))
        colour = from_hue(hue, random.uniform(0.3, 0.85), random.uniform(0.36, 0.81))
    cover = np.clip(chart.inside_lips / 0.12 + 0.6, 0, 1) * np.float32(random.uniform(0.55, 1))
    lay_over(face, colour, cover)


def _paint_eyes_surround(
    face: FloatArray, chart: FaceChart, tone: FloatArray, random: np.random.Generator
) -> None:
    shadow = np.exp(-((chart.eye_distance / np.float32(0.35)) ** 2))
    lay_over(face, tone * np.float32(0.25), shadow * np.float32(random.uniform(0.1, 0.5)))
    if chance(random, 0.2):  # eye shadow
        colour = any_colour(random, 0.8, 0.1, 0.7)
        cover = np.exp(-((chart.upper_lid_distance / np.float32(0.8)) ** 2))
        lay_over(face, colour, cover * np.float32(random.uniform(0.1, 0.6)))
    width = np.float32(random.uniform(0.12, 0.32))
    cover = np.exp(-((chart.lash_distance / width) ** 2))
    lay_over(face, rgb(0.05, 0.03, 0.03), cover * np.float32(random.uniform(0.3, 1)))
    nostrils = np.exp(-((chart.nostril_distance / np.float32(0.4)) ** 2)) * np.float32(0.6)
    face *= 1 - nostrils[:, None]


def _paint_brows(
    face: FloatArray, chart: FaceChart, hair: FloatArray, random: np.random.Generator
) -> None:
    thickness, cover_most = random.uniform(0.25, 0.7), random.uniform(0.45, 1)
    ragged = np.clip(0.8 + 0.3 * waves(chart.points, random, 5), 0, 1)
    for distance, share in zip(chart.brow_distance, chart.brow_share, strict=True):
        width = thickness * (0.5 + 0.8 * np.clip(np.sin(np.pi * share), 0, 1) ** 0.6)
        cover = np.clip((width - distance) / 0.25 + 0.3, 0, 1) * cover_most * ragged
        lay_over(face, hair * np.float32(0.7), cover.astype(np.float32))


def _paint_mouth(
    head: HeadModel, albedo: FloatArray, gloss: FloatArray, random: np.random.Generator
) -> None:
    """Red inside, darker towards the throat: nothing casts shadows here, so they are painted."""
    parts = head.parts
    colours = {
        "socket": rgb(0.30, 0.09, 0.08),
        "gums": rgb(0.62, 0.28, 0.27),
        "teeth": rgb(0.93, 0.90, 0.84) * np.float32(random.uniform(0.75, 1)),
    }
    for name, colour in colours.items():
        z = head.vertices[parts[name], 2]
        front = np.clip((z - 4) / 6.5, 0, 1)
        albedo[parts[name]] = colour * (0.12 + 0.88 * front**1.5)[:, None]
        gloss[parts[name]] = 0
    gloss[parts["teeth"]] = np.array(GLOSS_TEETH, np.float32) * np.float32(random.random())


def _paint_eyeballs(
    head: HeadModel, albedo: FloatArray, gloss: FloatArray, random: np.random.Generator
) -> None:
    iris = pick(random, IRIS_COLOURS) * np.float32(random.uniform(0.8, 1.2))
    size_deg = IRIS_ANGLE_DEG * random.uniform(0.9, 1.12)
    pupil = random.uniform(0.32, 0.5)
    white = rgb(0.93, 0.92, 0.90) * np.float32(random.uniform(0.85, 1.0))
    for name in EYES:
        vertices = head.parts[name]
        points = head.vertices[vertices]
        centre = head.eye_centres[name]
        axis = head.vertices[head.poles[name]] - centre
        along = (points - centre) @ axis / np.linalg.norm(axis)
        angle = np.rad2deg(np.arccos(along / np.linalg.norm(points - centre, axis=1)))
        share = (angle / size_deg).astype(np.float32)
        colours = np.tile(white, (len(points), 1))
        redness = np.clip((share - 1.6) / 2, 0, 0.3).astype(np.float32)
        lay_over(colours, rgb(0.75, 0.4, 0.36), redness)
        streaks = 1 + np.float32(0.15) * waves(points, random, 6)
        inside = share < 1
        colours[inside] = iris * streaks[inside, None]
        lay_over(colours, iris * np.float32(0.4), _bump(share, 0.92, 0.12))
        lay_over(colours, rgb(0.015, 0.015, 0.015), (share < pupil).astype(np.float32))
        albedo[vertices] = colours
        gloss[vertices] = GLOSS_EYE


def _bump(x: FloatArray, middle: float, width: float) -> FloatArray:
    return np.exp(-(((x - np.float32(middle)) / np.float32(width)) ** 2))
