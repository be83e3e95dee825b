"""Paint a head: skin, eyes, teeth, tongue; its colours and how it shines."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, chance, pick
from ..head.head_model import EYES, HeadModel
from ..paint import any_colour, from_hue, lay_over, rgb, waves
from .complexion import paint_texture
from .face_chart import FaceChart

SKIN_TONES: Final = (
    rgb(0.98, 0.87, 0.80),
    rgb(0.94, 0.79, 0.69),
    rgb(0.86, 0.68, 0.55),
    rgb(0.74, 0.55, 0.41),
    rgb(0.58, 0.40, 0.29),
    rgb(0.43, 0.28, 0.20),
    rgb(0.29, 0.19, 0.15),
)
"""From fair to dark, evenly drawn from."""
HAIR_COLOURS: Final = (
    rgb(0.07, 0.06, 0.06),
    rgb(0.10, 0.08, 0.07),
    rgb(0.16, 0.11, 0.08),
    rgb(0.25, 0.16, 0.10),
    rgb(0.36, 0.24, 0.15),
    rgb(0.52, 0.38, 0.23),
    rgb(0.72, 0.58, 0.38),
    rgb(0.85, 0.74, 0.54),
    rgb(0.50, 0.25, 0.13),
)
GREY: Final = rgb(0.62, 0.61, 0.60)
WHITE: Final = rgb(0.88, 0.87, 0.85)
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

WHITE_FROM_AGE: Final = 0.8
GLOSS_EYE: Final = (0.05, 2.2)
GLOSS_TEETH: Final = (0.15, 0.35)
GLOSS_TONGUE: Final = (0.2, 0.15)
GLOSS_SKIN: Final = (0.02, 0.14)
"""Least and most of the wide highlight."""


@dataclass(frozen=True, slots=True)
class PaintedHead:
    """Colours of a head's vertices and the texture of its face."""

    albedo: FloatArray
    """(V, 3) as painted, not linear."""
    gloss: FloatArray
    """(V, 2)."""
    texture: FloatArray
    """(R, R, CHANNELS), see `complexion`."""
    skin_tone: FloatArray
    hair_tone: FloatArray
    age: float
    """0 young to 1 old."""


def paint_head(head: HeadModel, chart: FaceChart, random: np.random.Generator) -> PaintedHead:
    """Colours of one random identity."""
    count = len(head.vertices)
    age = float(random.random() ** 1.6)
    tone = skin_tone(random)
    hair = hair_tone(age, random)
    brow = np.clip(hair * np.float32(random.uniform(0.6, 1.0)), 0, 1)
    albedo = np.tile(tone, (count, 1))
    gloss = np.zeros((count, 2), dtype=np.float32)
    gloss[:, 0] = random.uniform(*GLOSS_SKIN)
    texture = paint_texture(chart, tone, brow, age, random)
    paint_mouth(head, albedo, gloss, random)
    paint_eyeballs(head, albedo, gloss, random)
    return PaintedHead(
        albedo=np.clip(albedo, 0, 1).astype(np.float32),
        gloss=gloss,
        texture=texture,
        skin_tone=tone,
        hair_tone=hair,
        age=age,
    )


def skin_tone(random: np.random.Generator) -> FloatArray:
    """A colour of skin; sometimes painted, or of stone."""
    if chance(random, 0.04):  # a painted or cartoon skin
        return any_colour(random, 0.6, 0.55, 1.0)
    if chance(random, 0.03):  # stone, plaster
        return np.float32(random.uniform(0.35, 0.95)) * (1 + rgb(0.02, 0, -0.03))
    depth = random.random() * (len(SKIN_TONES) - 1)
    first = min(int(depth), len(SKIN_TONES) - 2)
    share = np.float32(depth - first)
    tone = SKIN_TONES[first] * (1 - share) + SKIN_TONES[first + 1] * share
    redder, yellower = (random.normal(size=2) * 0.022).astype(np.float32)
    tone = tone * (1 + rgb(0.4, -1, -0.8) * redder + rgb(0.2, 0.1, -1) * yellower)
    return np.clip(tone * np.float32(random.uniform(0.92, 1.05)), 0.05, 1).astype(np.float32)


def hair_tone(age: float, random: np.random.Generator) -> FloatArray:
    """A colour of hair: greyer with age, sometimes dyed."""
    if chance(random, 0.05):
        return from_hue(random.random(), 0.65, 0.75)
    tone = pick(random, HAIR_COLOURS) * np.float32(random.uniform(0.8, 1.2))
    grey = np.clip((age - random.uniform(0.4, 1.1)) * 3, 0, 1)
    aged = WHITE if age > WHITE_FROM_AGE and chance(random, 0.5) else GREY
    return np.clip(tone + (aged - tone) * np.float32(grey), 0, 1).astype(np.float32)


def paint_mouth(
    head: HeadModel, albedo: FloatArray, gloss: FloatArray, random: np.random.Generator
) -> None:
    """Red inside, darker towards the throat; teeth whitest in front."""
    parts = head.parts
    red = np.float32(random.uniform(0.85, 1.1))
    colours = {
        "socket": rgb(0.42, 0.16, 0.15) * red,
        "gums": rgb(0.72, 0.40, 0.38) * red,
        "teeth": rgb(0.97, 0.95, 0.90) * rgb(1, 1, random.uniform(0.86, 1.0)),
    }
    shares = {"socket": 1.6, "gums": 1.3, "teeth": 0.9}
    for name, colour in colours.items():
        z = head.vertices[parts[name], 2]
        depth = np.clip((z - 3.5) / 6.5, 0, 1)
        albedo[parts[name]] = colour * (0.08 + 0.92 * depth ** shares[name])[:, None]
        gloss[parts[name]] = GLOSS_TONGUE if name != "teeth" else GLOSS_TEETH
    albedo[parts["teeth"]] *= np.float32(random.uniform(0.85, 1))


def paint_eyeballs(
    head: HeadModel,
    albedo: FloatArray,
    gloss: FloatArray,
    random: np.random.Generator,
    iris_deg: float = IRIS_ANGLE_DEG,
) -> None:
    """White, iris and pupil of both eyes, in place.

    Args:
        head: the head model.
        albedo: (V or more, 3) as painted, changed.
        gloss: (V or more, 2), changed.
        random: source of colours and sizes.
        iris_deg: half the iris, seen from the eyeball's centre.
    """
    iris = pick(random, IRIS_COLOURS) * np.float32(random.uniform(0.8, 1.2))
    size_deg = iris_deg * random.uniform(0.9, 1.12)
    pupil = random.uniform(0.32, 0.5)
    white = rgb(0.90, 0.885, 0.87) * np.float32(random.uniform(0.8, 0.97))
    for name in EYES:
        vertices = head.parts[name]
        points = head.vertices[vertices]
        centre = head.eye_centres[name]
        axis = head.vertices[head.poles[name]] - centre
        along = (points - centre) @ axis / np.linalg.norm(axis)
        cosine = along / np.linalg.norm(points - centre, axis=1)
        angle = np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))
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
