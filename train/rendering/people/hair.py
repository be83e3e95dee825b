"""Hair and hats of a person."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, chance
from ..head.head_model import HeadModel
from ..paint import lay_over
from ..parts import Part, grid_triangles, join_parts, stack_points
from ..raster.surface import Kind
from ..regions import Region
from ..skin.face_chart import FaceChart
from ..skin.head_paint import PaintedHead
from .hair_style import HairStyle, draw_style
from .hats import Dome, make_hat
from .headwear import make_headband, make_headphones, make_headscarf
from .skull import EAR_HALF_WIDTH, EAR_TOP_Y, Skull
from .strands import HairPath, locks, shell

HAIR_PROBABILITY: Final = 0.93
HEADWEAR: Final = {"hat": 0.08, "headscarf": 0.03, "headband": 0.03, "headphones": 0.03}
"""How often each is worn."""
THIN: Final = 0.1
"""Width of a single stray hair, model units: what a pixel blends with what is behind."""


def grow_hair(
    head: HeadModel,
    chart: FaceChart,
    points: FloatArray,
    paint: PaintedHead,
    random: np.random.Generator,
) -> list[Part]:
    """Hair, perhaps a hat, of one identity; the scalp is painted in place.

    Args:
        head: the head model.
        chart: its chart.
        points: (V, 3) the identity's neutral vertices.
        paint: its colours; the scalp's albedo and texture are changed.
        random: source of everything.
    """
    brow_y = float(points[head.landmarks[17:27], 1].max())
    bare = np.concatenate([points[head.parts["face"]], points[head.parts["scalp"]]])
    skull = Skull(bare, brow_y)
    has_hair, wears = chance(random, HAIR_PROBABILITY), _headwear(random)
    style = draw_style(paint.age, under_hat=wears in {"hat", "headscarf"}, random=random)
    if has_hair or chance(random, 0.6):
        cover = style.cover if has_hair else random.uniform(0.2, 0.8)
        _paint_scalp(head, chart, paint, style.fringe, cover, random)
    parts: list[Part] = []
    if wears == "headscarf":
        return make_headscarf(skull, random)
    if has_hair:
        parts += _hair(skull, style, paint.hair_tone, random)
    if wears == "headband":
        parts += make_headband(skull, random)
    if wears == "headphones":
        parts += make_headphones(skull, random)
    if wears == "hat":
        everything = np.concatenate([bare, *(part.points for part in parts)])
        parts += make_hat(Dome(everything, brow_y), random)
    return parts


def _headwear(random: np.random.Generator) -> str:
    """One of HEADWEAR, or nothing."""
    share = random.random()
    for name, probability in HEADWEAR.items():
        if share < probability:
            return name
        share -= probability
    return ""


def _hair(
    skull: Skull, style: HairStyle, tone: FloatArray, random: np.random.Generator
) -> list[Part]:
    path = HairPath(skull, style)
    parts = [shell(path, style, tone, random)]
    parts.append(locks(path, style, tone, style.locks, style.lock_width, random))
    if style.flyaways:
        parts.append(locks(path, style, tone, style.flyaways, THIN, random))
    if style.bun:
        parts.append(_bun(skull, tone, random))
    if style.tail:
        parts.append(_tail(skull, tone, random))
    return [join_parts(parts)]


def _paint_scalp(
    head: HeadModel,
    chart: FaceChart,
    paint: PaintedHead,
    fringe: float,
    cover: float,
    random: np.random.Generator,
) -> None:
    """Hair painted on the skin, behind a plane from the top of the forehead to the nape."""
    skin = np.concatenate([head.parts["face"], head.parts["scalp"]])
    start = chart.brow_y + max(fringe, 3.5) - 0.78 * 9.0 + random.uniform(-0.3, 0.5)
    tone = paint.hair_tone * np.float32(0.75)

    def share(points: Floats) -> FloatArray:
        height = points[..., 1] - 0.78 * points[..., 2] - start
        covered = cover / (1 + np.exp(np.clip(-2.5 * height, -30, 30)))
        ear = (np.abs(points[..., 0]) > EAR_HALF_WIDTH) & (points[..., 1] < EAR_TOP_Y)
        return np.where(ear, 0, covered).astype(np.float32)

    colours = paint.albedo[skin]
    lay_over(colours, tone, share(head.vertices[skin]))
    paint.albedo[skin] = colours
    rows = slice(0, chart.size_px // 2)
    on_map = share(chart.points[rows])
    strokes = chart.noise.shifted("strokes", random)[rows]
    fine = np.clip(on_map * (np.float32(0.55) + strokes), 0, 1)
    lay_over(paint.texture[rows, :, :3], np.square(tone), fine)


def _bun(skull: Skull, tone: FloatArray, random: np.random.Generator) -> Part:
    """A knot between the crown and the back of the head."""
    radius, tilt = random.uniform(2.5, 4.2), random.uniform(0.2, 1.1)
    direction = np.array([0, np.cos(tilt), -np.sin(tilt)])
    middle = skull.centre + direction * (skull.reach(direction[None])[0] + 0.6 * radius)
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)[:, None]
    polar = np.linspace(0.05, np.pi - 0.05, 14)[None]
    bumps = 1 + 0.05 * np.sin(turn * 5 + polar * 4)
    return _ball(middle, radius * bumps, np.array([1, 0.85, 1]), turn, polar, tone)


def _tail(skull: Skull, tone: FloatArray, random: np.random.Generator) -> Part:
    """A pony tail that hangs behind the head."""
    height, length = random.uniform(0.3, 1.2), random.uniform(7, 16)
    direction = np.array([0, np.cos(height), -np.sin(height)])
    root = skull.centre + direction * (skull.reach(direction[None])[0] + 0.8)
    down = np.linspace(0, 1, 16)[None]
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)[:, None]
    width = 1.9 * np.sin(np.pi * np.clip(down * 0.9 + 0.12, 0, 1)) ** 0.6 + 0.1
    width = width * (1 + 0.12 * np.sin(turn * 6 + down * 8))
    sway = random.normal() * 2
    x = root[0] + width * np.cos(turn) + sway * down**2
    z = root[2] - 3.2 * np.sin(np.minimum(down * 2.2, np.pi / 2)) + width * np.sin(turn)
    y = root[1] + 1.5 * np.sin(down * np.pi) - length * down + 0 * turn
    return _grown(stack_points(x, y, z), turn, down * length, tone)


def _ball(
    middle: Floats, radius: Floats, stretch: Floats, turn: Floats, polar: Floats, tone: FloatArray
) -> Part:
    x = middle[0] + stretch[0] * radius * np.sin(polar) * np.cos(turn)
    y = middle[1] + stretch[1] * radius * np.cos(polar)
    z = middle[2] + stretch[2] * radius * np.sin(polar) * np.sin(turn)
    return _grown(stack_points(x, y, z), turn, polar * 4, tone)


def _grown(points: FloatArray, turn: Floats, along: Floats, tone: FloatArray) -> Part:
    """A closed grid of hair that runs along its columns."""
    rows, columns = turn.shape[0], along.shape[1]
    places = np.stack(
        [turn / (2 * np.pi) * 256 + 0 * along, along * 7 + 0 * turn, 1 + 0 * along + 0 * turn], -1
    )
    steps = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    shade = 0.8 + 0.1 * np.sin(turn * 7 + along)
    return Part(
        points=points,
        albedo=np.clip(tone * shade[..., None], 0, 1).reshape(-1, 3).astype(np.float32),
        triangles=grid_triangles(rows, columns),
        region=Region.HAIR,
        gloss=0.12,
        kind=Kind.HAIR,
        places=places.reshape(-1, 3).astype(np.float32),
        following=np.concatenate([steps[:, 1:], steps[:, -2:-1]], axis=1).ravel(),
        sky_visibility=np.full(rows * columns, 0.85, np.float32),
    )
