"""Paint an animal's head: painted, nose, the line of the mouth, eyes."""

from typing import Final

import cv2
import numpy as np

from ..arrays import FloatArray, Floats, pick
from ..head.head_model import EYES, HeadModel
from ..paint import lay_over, rgb, waves
from ..skin.complexion import CHANNELS
from ..skin.face_chart import FaceChart
from ..skin.head_paint import GLOSS_EYE, PaintedHead, paint_mouth
from .fur_colour import FurColours
from .species import Pupil, Species

COARSE: Final = 2
"""The fur is painted on every second texel, then enlarged; single hairs come on top."""
NOSE_TIP: Final = 30
INNER_LIPS: Final = slice(60, 65)
BEYOND: Final = (0.9, 0.5, -1.2)
"""How far the line of the mouth runs on past its corners: an animal's is longer than ours."""
SEAM: Final = 0.32
RIM: Final = 0.45
"""Width of the dark line between the lips and round the eyes, model units."""
BLACK: Final = rgb(0.09, 0.06, 0.06)
FUR_GLOSS: Final = 0.05


def paint_animal(
    head: HeadModel,
    chart: FaceChart,
    species: Species,
    fur: FurColours,
    random: np.random.Generator,
) -> PaintedHead:
    """Colours and texture of one animal."""
    albedo = np.tile(fur.base, (len(head.vertices), 1))
    gloss = np.zeros((len(head.vertices), 2), dtype=np.float32)
    furry = np.concatenate([head.parts["face"], head.parts["scalp"]])
    albedo[furry] = fur.at(head.vertices[furry])
    gloss[furry, 0] = FUR_GLOSS
    paint_mouth(head, albedo, gloss, random)
    _paint_eyes(head, species, albedo, gloss, random)
    return PaintedHead(
        albedo=np.clip(albedo, 0, 1).astype(np.float32),
        gloss=gloss,
        texture=_texture(chart, species, fur, random),
        skin_tone=fur.skin,
        hair_tone=fur.base,
        age=0.0,
    )


def _texture(
    chart: FaceChart, species: Species, fur: FurColours, random: np.random.Generator
) -> FloatArray:
    """The texture of the face, (R, R, CHANNELS); see `complexion`."""
    size = chart.size_px
    places = chart.points[::COARSE, ::COARSE]
    coarse = fur.at(places.reshape(-1, 3)).reshape(places.shape)
    painted = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    hairs = chart.noise.shifted("strokes", random)
    grain = chart.noise.shifted("grain", random)
    painted *= (1 + 0.25 * (hairs - hairs.mean()) + 0.05 * grain)[..., None].astype(np.float32)
    rim = np.exp(-((chart.eye_distance / np.float32(RIM)) ** 2))
    lay_over(painted, fur.dark * np.float32(0.4), rim * np.float32(random.uniform(0.4, 1)))
    seam = np.exp(-((_seam_distance(chart) / np.float32(SEAM)) ** 2))
    lay_over(painted, BLACK, seam * np.float32(random.uniform(0.5, 0.95)))
    shine = np.ones((size, size), dtype=np.float32)
    if species.nose_colours:
        _paint_nose(painted, shine, chart, species, random)
    texture = np.zeros((size, size, CHANNELS), dtype=np.float32)
    texture[..., :3] = np.square(np.clip(painted, 0, 1))
    texture[..., 5] = shine
    return texture


def _seam_distance(chart: FaceChart) -> FloatArray:
    """Distance to the line between the lips and beyond it, (R, R)."""
    marks, beyond = chart.marks[INNER_LIPS], np.array(BEYOND, np.float32)
    left, right = marks[0] + beyond * (-1, 1, 1), marks[-1] + beyond
    line = np.stack([left, *marks, right]).astype(np.float32)
    places = chart.points[::COARSE, ::COARSE].reshape(-1, 3)
    best = np.full(len(places), np.inf)
    for start, along in zip(line[:-1], np.diff(line, axis=0), strict=True):
        share = np.clip((places - start) @ along / float(along @ along), 0, 1)
        best = np.minimum(best, np.linalg.norm(places - start - share[:, None] * along, axis=1))
    coarse = best.reshape(chart.size_px // COARSE, -1).astype(np.float32)
    return cv2.resize(coarse, (chart.size_px, chart.size_px)).astype(np.float32, copy=False)


def _paint_nose(
    painted: FloatArray,
    shine: FloatArray,
    chart: FaceChart,
    species: Species,
    random: np.random.Generator,
) -> None:
    """The bare nose, its nostrils and the groove below it, in place."""
    colour = pick(random, species.nose_colours)
    wide, high = species.nose_pad
    x, y, z = np.moveaxis(chart.points - chart.marks[NOSE_TIP], -1, 0)
    near = 1 / (1 + np.exp(np.clip(-4 * (z + 4), -30, 30)))
    taper = 1 + 0.25 * np.clip(y / high, -1, 1)
    place = (x / (wide * taper)) ** 2 + ((y + 0.35) / high) ** 2
    cover = (np.clip((1.1 - place) * 4, 0, 1) * near).astype(np.float32)
    groove = np.exp(-((x / 0.16) ** 2) - np.maximum(np.abs(y + 2.2) - 1.2, 0) ** 2 * 8) * near
    lay_over(painted, colour * np.float32(0.6), (0.7 * groove).astype(np.float32))
    lay_over(painted, colour, cover)
    nostrils = ((np.abs(x) - 0.5 * wide) / 0.3) ** 2 + ((y + 0.75) / 0.22) ** 2
    lay_over(painted, BLACK, (0.9 * np.exp(-nostrils) * near).astype(np.float32))
    shine += cover * np.float32(random.uniform(1, 6))


def _paint_eyes(
    head: HeadModel,
    species: Species,
    albedo: FloatArray,
    gloss: FloatArray,
    random: np.random.Generator,
) -> None:
    """An iris that leaves little white, with a pupil that is round, a slit or a bar."""
    iris = pick(random, species.iris_colours) * np.float32(random.uniform(0.75, 1.2))
    kind, width = pick(random, species.pupils), random.uniform(0.35, 0.75)
    white = rgb(0.80, 0.76, 0.70) * np.float32(random.uniform(0.25, 0.9))
    for name in EYES:
        points = head.vertices[head.parts[name]] - head.eye_centres[name]
        axis = head.vertices[head.poles[name]] - head.eye_centres[name]
        unit = points / np.linalg.norm(points, axis=1, keepdims=True)
        middle = axis / np.linalg.norm(axis)
        off = np.rad2deg(np.arcsin(np.clip(unit - middle * (unit @ middle)[:, None], -1, 1)))
        share = np.rad2deg(np.arccos(np.clip(unit @ middle, -1, 1))) / species.iris_deg
        colours = np.tile(white, (len(points), 1))
        streaks = 1 + 0.15 * waves(points, random, 6)
        inside = np.clip((1 - share) * 12, 0, 1).astype(np.float32)
        glow = (1.25 - 0.5 * share)[:, None] * streaks[:, None]
        colours += (iris * glow - colours) * inside[:, None]
        edge = np.exp(-(((share - 0.97) / 0.1) ** 2)).astype(np.float32)
        lay_over(colours, iris * np.float32(0.25), edge)
        pupil = _pupil(kind, off / species.iris_deg, width)
        lay_over(colours, rgb(0.01, 0.01, 0.012), np.clip(pupil * 10, 0, 1).astype(np.float32))
        albedo[head.parts[name]] = colours
        gloss[head.parts[name]] = GLOSS_EYE


def _pupil(kind: Pupil, off: Floats, width: float) -> Floats:
    """Positive inside the pupil; off is (N, 3) from the iris' middle, 1 at its edge."""
    x, y = off[:, 0], off[:, 1]
    match kind:
        case "slit":
            return 1 - (x / (0.25 * width)) ** 2 - (y / 0.8) ** 2
        case "bar":
            return 1 - (x / 0.7) ** 2 - (y / (0.4 * width)) ** 2
        case _:
            return 1 - (x**2 + y**2) / width**2
