"""Clothes as shells round neck, shoulders and chest, with collars, lapels, scarves and chains."""

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np

from ..arrays import BoolArray, FloatArray, Floats, chance, pick
from ..paint import any_colour, rgb
from ..parts import Part, ball, grid_part, turned_outwards
from ..regions import Region

AROUND: Final = 56
DOWN: Final = 26
RING_AROUND: Final = 40
TUBE: Final = 8
HEM_Y: Final = -46.0
CLOTH_PROBABILITIES: Final = {
    "jersey": 0.3,
    "shirt": 0.2,
    "jumper": 0.15,
    "turtleneck": 0.08,
    "jacket": 0.17,
    "hood": 0.1,
}
DIPS: Final = {"jersey": (0, 7), "shirt": (2, 6), "jumper": (0, 3), "jacket": (9, 16)}
"""How much lower a neckline is in front: least and most, by cut."""
ClothPattern = Literal["plain", "hoops", "stripes", "checks", "print"]
PATTERNS: Final[tuple[ClothPattern, ...]] = ("plain", *get_args(ClothPattern))
"""Drawn from: plain twice."""
SHIRT_PATTERNS: Final[tuple[ClothPattern, ...]] = ("plain", "stripes")

LEVELS: Final = (-40.0, -24.0, -19.0, -16.0, -14.0, -13.0, -12.0, -10.5, -9.0)
WIDE: Final = (23.5, 22.0, 19.5, 16.3, 13.2, 11.3, 9.1, 6.9, 5.9)
DEEP: Final = (9.5, 9.0, 8.0, 7.4, 6.9, 6.6, 6.4, 6.1, 6.0)
MIDDLE_Z: Final = (-1.6, -1.8, -2.2, -2.5, -2.6, -2.2, -1.6, -0.9, -0.1)
"""Half width, half depth and middle of the body at each height; the head's neck ends in it."""
NECK_RADIUS: Final = 6.2
BODY_Z: Final = -2.2
TILT: Final = 1.5
"""How much lower a neckline lies in front than at the sides, model units; and higher behind."""
NECK_BASE_Y: Final = -12.0
HIDDEN_BELOW: Final = 0.8
"""Skin this far below the neckline is taken as covered."""
TUCKED: Final = 0.86
"""Share of its distance from the neck's axis that covered skin keeps, so as not to poke out."""
STRIPE, SPOT = 0.3, 0.35


@dataclass(frozen=True, slots=True)
class Body:
    """Neck, shoulders and chest, whose surface clothes follow."""

    shoulder: float
    """Width of the shoulders, usually 1."""
    size: float

    def at(self, turn: Floats, y: Floats, out: Floats) -> FloatArray:
        """Points (..., 3) at a turn round the neck (0 to the person's left, pi / 2 in front)."""
        height = y / self.size
        wide, deep, middle = (np.interp(height, LEVELS, table) for table in (WIDE, DEEP, MIDDLE_Z))
        beyond = np.maximum(wide - NECK_RADIUS, 0) * self.shoulder
        wide = np.minimum(wide, NECK_RADIUS) + beyond
        x = (wide * self.size + out) * np.cos(turn)
        z = (deep * self.size + out) * np.sin(turn) + middle * self.size
        return np.stack([x, y + 0 * x, z], axis=-1).astype(np.float32)


def draw_body(random: np.random.Generator) -> Body:
    """A random build."""
    return Body(random.uniform(0.85, 1.15), random.uniform(0.97, 1.06))


def tuck_in(points: FloatArray, covered: BoolArray) -> None:
    """Draw covered points (N, 3) under the clothes, in place."""
    axis = np.array([0, 0, BODY_Z], dtype=np.float32)
    points[covered] = (points[covered] - axis) * np.array([TUCKED, 1, TUCKED], np.float32) + axis


@dataclass(frozen=True, slots=True)
class Cloth:
    """Colours and pattern of a piece."""

    first: FloatArray
    """(3,) and the second likewise."""
    second: FloatArray
    pattern: ClothPattern
    frequency: float
    """Radians of the pattern for one model unit."""


@dataclass(frozen=True, slots=True)
class Neckline:
    """The upper edge of a piece."""

    collar_y: float
    """Its height at the sides."""
    dip: float
    """How much lower it is in front."""
    dip_width: float
    """Of the low part, radians round the neck."""

    def heights(self, turn: Floats) -> Floats:
        """Heights at turns round the neck."""
        level = self.collar_y - TILT * np.sin(turn)
        return level - self.dip * np.exp(-((_from_front(turn) / self.dip_width) ** 2))


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a person wears below the chin."""

    body: Body
    cut: str
    """One of CLOTH_PROBABILITIES."""
    cloth: Cloth
    neckline: Neckline


def draw_outfit(random: np.random.Generator) -> Outfit:
    """A random body, cut, colours and pattern."""
    body = draw_body(random)
    names = list(CLOTH_PROBABILITIES)
    cut = str(random.choice(names, p=list(CLOTH_PROBABILITIES.values())))
    first, second = any_colour(random, 0.7, 0.06, 0.95), any_colour(random, 0.7, 0.06, 0.95)
    pattern = pick(random, PATTERNS)
    cloth = Cloth(first, second, pattern, frequency=random.uniform(0.8, 2.6))
    collar_y = NECK_BASE_Y + random.uniform(-1.6, 0.4)
    dip, dip_width = random.uniform(*DIPS.get(cut, (0, 0.6))), random.uniform(0.35, 0.7)
    if cut == "turtleneck":
        collar_y = random.uniform(-9.8, -8.8)
    return Outfit(body, cut, cloth, Neckline(collar_y, dip, dip_width))


def dress(outfit: Outfit, points: FloatArray, albedo: FloatArray) -> BoolArray:
    """Which points (N, 3) lie under the cloth; they take its colour on albedo (N, 3)."""
    turn = np.arctan2(points[:, 2] - BODY_Z, points[:, 0])
    covered = points[:, 1] < outfit.neckline.heights(turn) - HIDDEN_BELOW
    albedo[covered] = outfit.cloth.first
    return covered


def outfit_parts(outfit: Outfit, skin_tone: FloatArray, random: np.random.Generator) -> list[Part]:
    """Body and clothes."""
    body, cloth, neckline = outfit.body, outfit.cloth, outfit.neckline
    parts = [_bare_body(body, skin_tone)]
    if outfit.cut == "jacket":
        parts += _shirt_under_jacket(outfit, random)
        parts.append(_shell(body, neckline, cloth, 0.8))
        parts.append(_lapels(body, neckline, cloth.first))
        if chance(random, 0.5):
            parts.append(_tie(body, random))
    else:
        parts.append(_shell(body, neckline, cloth, 0.4 if outfit.cut != "jumper" else 0.8))
    if outfit.cut == "shirt":
        parts += _shirt_collar(body, cloth.first, 0.6, random)
    if outfit.cut in {"jumper", "jersey", "turtleneck"}:
        parts.append(_rim(outfit, 0.35 if outfit.cut == "jersey" else 0.6))
    if outfit.cut == "hood":
        parts.append(_roll(NECK_RADIUS + 2.6, 2.3, -12.2, cloth.first))
    if chance(random, 0.08):
        parts += _scarf(random)
    elif chance(random, 0.14):
        parts += _chain(body, random)
    return parts


def _shirt_under_jacket(outfit: Outfit, random: np.random.Generator) -> list[Part]:
    """A shirt of another cloth, open less far than the jacket."""
    neckline = replace(outfit.neckline, dip=random.uniform(0.5, 5))
    pattern = pick(random, SHIRT_PATTERNS)
    cloth = replace(outfit.cloth, pattern=pattern, first=any_colour(random, 0.4, 0.3, 1.0))
    shirt = _shell(outfit.body, neckline, cloth, 0.25)
    return [shirt, *_shirt_collar(outfit.body, cloth.first, 0.4, random)]


def _around(count: int) -> Floats:
    """Turns once round the neck."""
    return np.linspace(0, 2 * np.pi, count, endpoint=False)


def _from_front(turn: Floats) -> Floats:
    """Angle between a turn and the front, 0 to pi."""
    return np.abs(np.angle(np.exp(1j * (turn - np.pi / 2))))


def _bare_body(body: Body, skin_tone: FloatArray) -> Part:
    turn = _around(AROUND)[:, None]
    y = np.linspace(-11.5, -36, 20)[None] + 0 * turn
    points = body.at(turn + 0 * y, y, 0 * y - 0.5)
    return _sheet(points, np.tile(skin_tone, (*y.shape, 1)))


def _shell(body: Body, neckline: Neckline, cloth: Cloth, out: float) -> Part:
    """Cloth over the body from the neckline down, so far from the skin."""
    turn = _around(AROUND)[:, None]
    edge = neckline.heights(turn)
    share = np.concatenate([[0.0, 0.0], np.linspace(0, 1, DOWN - 2)[1:] ** 1.15, [1.15]])[None]
    y = edge + (HEM_Y - edge) * share
    gap = np.where(np.arange(DOWN) == 0, -0.4, out)[None]
    folds = 0.25 * np.sin(turn * 7 + y * 0.5) * share
    points = body.at(turn + 0 * y, y, gap + folds + 0 * y)
    return _sheet(points, _cloth_colours(cloth, turn + 0 * y, points))


def _cloth_colours(cloth: Cloth, turn: Floats, points: FloatArray) -> FloatArray:
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    rate = cloth.frequency
    match cloth.pattern:
        case "hoops":
            second = np.sin(y * rate * 1.3) > 0
        case "stripes":
            second = np.sin(x * rate) > STRIPE
        case "checks":
            second = (np.sin(x * rate) > 0) ^ (np.sin(y * rate) > 0)
        case "print":
            spots = np.sin(x * rate + 2 * np.sin(y * 0.7)) * np.sin(y * rate + np.sin(x * 0.9))
            second = spots > SPOT
        case _:
            second = np.zeros(x.shape, dtype=np.bool_)
    colour = np.where(second[..., None], cloth.second, cloth.first)
    weave = 1 + 0.05 * np.sin(turn * 31 + y * 3) + 0.04 * np.sin(z * 2 + x)
    return np.clip(colour * weave[..., None], 0, 1).astype(np.float32)


def _rim(outfit: Outfit, thick: float) -> Part:
    """A knitted band along the neckline."""
    turn = _around(RING_AROUND)
    y = outfit.neckline.heights(turn)
    middle = outfit.body.at(turn, y, np.full_like(turn, thick * 0.6))
    return _ring(middle, np.full(RING_AROUND, thick), outfit.cloth.second * np.float32(0.9))


def _roll(radius: float, thick: float, y: float, colour: FloatArray) -> Part:
    """A thick ring of cloth round the neck, higher behind."""
    turn = _around(RING_AROUND)
    bumps = thick * (1 + 0.12 * np.sin(turn * 5) + 0.08 * np.sin(turn * 11))
    rise = y - 1.6 * np.sin(turn) * thick / 2
    middle = np.stack([radius * np.cos(turn), rise, radius * np.sin(turn) - 0.8], axis=1)
    return _ring(middle, bumps, colour)


def _scarf(random: np.random.Generator) -> list[Part]:
    thick = random.uniform(1.2, 1.9)
    colour = any_colour(random, 0.8, 0.15, 0.95)
    other = any_colour(random, 0.8, 0.15, 0.95) if chance(random, 0.4) else colour
    return [
        _roll(NECK_RADIUS + 1.6, thick, -11.3, colour),
        _roll(NECK_RADIUS + 2.6, thick, -13.2, other),
    ]


def _chain(body: Body, random: np.random.Generator) -> list[Part]:
    """A necklace or a string of pearls, sometimes with a pendant."""
    count = 72
    turn = _around(count)
    sag = random.uniform(1.0, 6.0) * np.clip(np.sin(turn), 0, 1) ** 2
    middle = body.at(turn, -12.3 - TILT * np.sin(turn) - sag, np.full(count, 0.35))
    pearls = chance(random, 0.4)
    thick = np.where(np.arange(count) % 2, 0.36, 0.12) if pearls else np.full(count, 0.13)
    metal = pick(random, (rgb(0.85, 0.68, 0.3), rgb(0.8, 0.8, 0.82), rgb(0.15, 0.12, 0.1)))
    parts = [_ring(middle, thick, rgb(0.92, 0.9, 0.86) if pearls else metal, gloss=0.5)]
    if chance(random, 0.5):
        front = middle[count // 4]
        pendant = ball(front - np.array([0, 0.7, -0.3]), 0.55)
        colour = any_colour(random, 0.8, 0.2, 1)
        parts.append(grid_part(pendant, colour, Region.TORSO, gloss=0.6))
    return parts


def _shirt_collar(
    body: Body, cloth_colour: FloatArray, out: float, random: np.random.Generator
) -> list[Part]:
    """Two wings that stand up round the neck and fold over; open in front."""
    parts: list[Part] = []
    opening = random.uniform(0.1, 0.45)
    high, wide = random.uniform(1.6, 2.6), random.uniform(1.8, 3.2)
    colour = cloth_colour * np.float32(random.uniform(0.9, 1.1))
    for side in (-1, 1):
        turn = np.pi / 2 + side * np.linspace(opening, np.pi, 16)
        base = body.at(turn, -11.0 - TILT * np.sin(turn), np.full(16, out * 0.3))
        tip = np.exp(-((np.linspace(0, 1, 16) / 0.16) ** 2))
        outwards = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)
        top = base + np.array([0, high, 0]) + outwards * 0.35
        fold = base + outwards * (1.1 + 0.5 * tip)[:, None]
        fold[:, 1] += high - wide - 1.6 * tip
        wing = np.stack([base, top, top + outwards * 0.25, fold], axis=1)
        shades = np.array([0.75, 0.95, 1.0, 1.0])
        colours = np.clip(colour * shades[:, None], 0, 1)
        parts.append(_sheet(wing, np.tile(colours, (16, 1, 1)), closed=False))
    return parts


def _lapels(body: Body, neckline: Neckline, colour: FloatArray) -> Part:
    """A darker band along the edge of a jacket."""
    turn = _around(AROUND)
    inner = body.at(turn, neckline.heights(turn), np.full(AROUND, 0.85))
    broad = 0.6 + 2.2 * np.exp(-(((_from_front(turn) - 0.45) / 0.3) ** 2))
    outwards = np.sign(np.cos(turn)) * broad
    outer = inner + np.stack([outwards, -0.5 * broad, 0.1 * broad], axis=1)
    lifted = outer + np.array([0, 0, 0.35])
    band = np.stack([inner, lifted, outer], axis=1)
    return _sheet(band, np.tile(colour * np.float32(0.8), (AROUND, 3, 1)))


def _tie(body: Body, random: np.random.Generator) -> Part:
    """From the collar down the front."""
    y = np.linspace(-13.2, -40, 18)
    half = np.interp(y, [-40, -17, -15.4, -13.4], [2.4, 1.0, 1.3, 0.9])
    front = body.at(np.full(18, np.pi / 2), y, np.full(18, 1.3))
    aside = half[:, None] * np.array([1, 0, 0])
    cloth = np.stack([front - aside, front, front + aside], axis=1)
    cloth[:, 1, 2] += 0.3
    colour, other = (any_colour(random, 0.9, 0.1, 0.8) for _ in range(2))
    striped = chance(random, 0.5)
    band = (np.arange(18) // 2 % 2 == 0) & striped
    colours = np.where(band[:, None], other, colour)
    return _sheet(cloth, np.repeat(colours[:, None], 3, axis=1), closed=False)


def _sheet(points: Floats, colours: Floats, *, closed: bool = True) -> Part:
    """A grid of points (R, C, 3) as cloth."""
    albedo = np.clip(colours, 0, 1)
    return grid_part(points, albedo, Region.TORSO, closed=closed, sky_visibility=0.9)


def _ring(middle: Floats, thick: Floats, colour: FloatArray, gloss: float = 0.0) -> Part:
    """A closed tube along a ring of points (N, 3)."""
    tangent = np.roll(middle, -1, axis=0) - np.roll(middle, 1, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    side = np.cross(tangent, [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    third = np.cross(side, tangent)
    angle = np.linspace(0, 2 * np.pi, TUBE + 1)[None, :, None]
    tube = np.cos(angle) * side[:, None] + np.sin(angle) * third[:, None]
    points = middle[:, None] + tube * np.asarray(thick)[:, None, None]
    return turned_outwards(
        grid_part(points, colour, Region.TORSO, gloss=gloss, sky_visibility=0.85)
    )
