"""Clothes as shells round neck, shoulders and chest, with collars, lapels, scarves and chains."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import BoolArray, FloatArray, Floats, chance, pick
from ..paint import any_colour, rgb
from ..parts import Part, grid_triangles, turned_outwards
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
    """Width of the shoulders, 1 as a rule."""
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


class Clothes:
    """What a person wears below the chin."""

    def __init__(self, random: np.random.Generator) -> None:
        """Draw body, cut, colours and pattern.

        Args:
            random: source of all of them.
        """
        self._random = random
        self._body = draw_body(random)
        names = list(CLOTH_PROBABILITIES)
        self._cut = str(random.choice(names, p=list(CLOTH_PROBABILITIES.values())))
        self._first = any_colour(random, 0.7, 0.06, 0.95)
        self._second = any_colour(random, 0.7, 0.06, 0.95)
        self._pattern = pick(random, ("plain", "plain", "hoops", "stripes", "checks", "print"))
        self._frequency = random.uniform(0.8, 2.6)
        self._collar_y = NECK_BASE_Y + random.uniform(-1.6, 0.4)
        dip = {"jersey": (0, 7), "shirt": (2, 6), "jumper": (0, 3), "jacket": (9, 16)}
        self._dip = random.uniform(*dip.get(self._cut, (0, 0.6)))
        self._dip_width = random.uniform(0.35, 0.7)
        if self._cut == "turtleneck":
            self._collar_y = random.uniform(-9.8, -8.8)

    def _edge(self, turn: Floats) -> Floats:
        """Height of the neckline at a turn."""
        from_front = np.abs(np.angle(np.exp(1j * (turn - np.pi / 2))))
        level = self._collar_y - TILT * np.sin(turn)
        return level - self._dip * np.exp(-((from_front / self._dip_width) ** 2))

    def dress(self, points: FloatArray, albedo: FloatArray) -> BoolArray:
        """Which points (N, 3) lie under the cloth; they take its colour on albedo (N, 3)."""
        turn = np.arctan2(points[:, 2] - BODY_Z, points[:, 0])
        covered = points[:, 1] < self._edge(turn) - HIDDEN_BELOW
        albedo[covered] = self._first
        return covered

    def parts(self, skin_tone: FloatArray) -> list[Part]:
        """Body and clothes."""
        random = self._random
        parts = [self._bare(skin_tone)]
        if self._cut == "jacket":
            under = (self._collar_y, self._dip, self._first, self._pattern)
            self._dip, self._pattern = random.uniform(0.5, 5), pick(random, ("plain", "stripes"))
            self._first = any_colour(random, 0.4, 0.3, 1.0)
            parts += [self._shell(0.25), *self._shirt_collar(0.4)]
            self._collar_y, self._dip, self._first, self._pattern = under
            parts.append(self._shell(0.8))
            parts.append(self._lapels())
            if chance(random, 0.5):
                parts.append(self._tie())
        else:
            parts.append(self._shell(0.4 if self._cut != "jumper" else 0.8))
        if self._cut == "shirt":
            parts += self._shirt_collar(0.6)
        if self._cut in {"jumper", "jersey", "turtleneck"}:
            parts.append(self._rim(0.35 if self._cut == "jersey" else 0.6))
        if self._cut == "hood":
            parts.append(self._roll(NECK_RADIUS + 2.6, 2.3, -12.2, self._first))
        if chance(random, 0.08):
            parts += self._scarf()
        elif chance(random, 0.14):
            parts += self._chain()
        return parts

    def _bare(self, skin_tone: FloatArray) -> Part:
        turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
        y = np.linspace(-11.5, -36, 20)[None] + 0 * turn
        points = self._body.at(turn + 0 * y, y, 0 * y - 0.5)
        return _sheet(points, np.tile(skin_tone, (*y.shape, 1)))

    def _shell(self, out: float) -> Part:
        turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
        edge = self._edge(turn)
        share = np.concatenate([[0.0, 0.0], np.linspace(0, 1, DOWN - 2)[1:] ** 1.15, [1.15]])[None]
        y = edge + (HEM_Y - edge) * share
        gap = np.where(np.arange(DOWN) == 0, -0.4, out)[None]
        folds = 0.25 * np.sin(turn * 7 + y * 0.5) * share
        points = self._body.at(turn + 0 * y, y, gap + folds + 0 * y)
        return _sheet(points, self._cloth(turn + 0 * y, points))

    def _cloth(self, turn: Floats, points: FloatArray) -> FloatArray:
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        rate = self._frequency
        match self._pattern:
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
        colour = np.where(second[..., None], self._second, self._first)
        weave = 1 + 0.05 * np.sin(turn * 31 + y * 3) + 0.04 * np.sin(z * 2 + x)
        return np.clip(colour * weave[..., None], 0, 1).astype(np.float32)

    def _rim(self, thick: float) -> Part:
        """A knitted band along the neckline."""
        turn = np.linspace(0, 2 * np.pi, RING_AROUND, endpoint=False)
        y = self._edge(turn)
        middle = self._body.at(turn, y, np.full_like(turn, thick * 0.6))
        return _ring(middle, np.full(RING_AROUND, thick), self._second * np.float32(0.9))

    def _roll(self, radius: float, thick: float, y: float, colour: FloatArray) -> Part:
        """A thick ring of cloth round the neck, higher behind."""
        turn = np.linspace(0, 2 * np.pi, RING_AROUND, endpoint=False)
        bumps = thick * (1 + 0.12 * np.sin(turn * 5) + 0.08 * np.sin(turn * 11))
        rise = y - 1.6 * np.sin(turn) * thick / 2
        middle = np.stack([radius * np.cos(turn), rise, radius * np.sin(turn) - 0.8], axis=1)
        return _ring(middle, bumps, colour)

    def _scarf(self) -> list[Part]:
        thick = self._random.uniform(1.2, 1.9)
        colour = any_colour(self._random, 0.8, 0.15, 0.95)
        other = any_colour(self._random, 0.8, 0.15, 0.95) if chance(self._random, 0.4) else colour
        return [
            self._roll(NECK_RADIUS + 1.6, thick, -11.3, colour),
            self._roll(NECK_RADIUS + 2.6, thick, -13.2, other),
        ]

    def _chain(self) -> list[Part]:
        """A necklace or a string of pearls, at times with something hanging from it."""
        random = self._random
        count = 72
        turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
        sag = random.uniform(1.0, 6.0) * np.clip(np.sin(turn), 0, 1) ** 2
        middle = self._body.at(turn, -12.3 - TILT * np.sin(turn) - sag, np.full(count, 0.35))
        pearls = chance(random, 0.4)
        thick = np.where(np.arange(count) % 2, 0.36, 0.12) if pearls else np.full(count, 0.13)
        metal = pick(random, (rgb(0.85, 0.68, 0.3), rgb(0.8, 0.8, 0.82), rgb(0.15, 0.12, 0.1)))
        parts = [_ring(middle, thick, rgb(0.92, 0.9, 0.86) if pearls else metal, gloss=0.5)]
        if chance(random, 0.5):
            front = middle[count // 4]
            parts.append(
                _pearl(front - np.array([0, 0.7, -0.3]), 0.55, any_colour(random, 0.8, 0.2, 1))
            )
        return parts

    def _shirt_collar(self, out: float) -> list[Part]:
        """Two wings that stand up round the neck and fold over; open in front."""
        parts: list[Part] = []
        opening = self._random.uniform(0.1, 0.45)
        high, wide = self._random.uniform(1.6, 2.6), self._random.uniform(1.8, 3.2)
        colour = self._first * np.float32(self._random.uniform(0.9, 1.1))
        for side in (-1, 1):
            turn = np.pi / 2 + side * np.linspace(opening, np.pi, 16)
            base = self._body.at(turn, -11.0 - TILT * np.sin(turn), np.full(16, out * 0.3))
            tip = np.exp(-((np.linspace(0, 1, 16) / 0.16) ** 2))
            outwards = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)
            top = base + np.array([0, high, 0]) + outwards * 0.35
            fold = base + outwards * (1.1 + 0.5 * tip)[:, None]
            fold[:, 1] += high - wide - 1.6 * tip
            strip = np.stack([base, top, top + outwards * 0.25, fold], axis=1)
            shades = np.array([0.75, 0.95, 1.0, 1.0])
            colours = np.clip(colour * shades[:, None], 0, 1)
            parts.append(_sheet(strip, np.tile(colours, (16, 1, 1)), closed=False))
        return parts

    def _lapels(self) -> Part:
        """A darker band along the edge of a jacket."""
        turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
        y = self._edge(turn)
        inner = self._body.at(turn, y, np.full(AROUND, 0.85))
        from_front = np.abs(np.angle(np.exp(1j * (turn - np.pi / 2))))
        broad = 0.6 + 2.2 * np.exp(-(((from_front - 0.45) / 0.3) ** 2))
        outwards = np.sign(np.cos(turn)) * broad
        outer = inner + np.stack([outwards, -0.5 * broad, 0.1 * broad], axis=1)
        lifted = outer + np.array([0, 0, 0.35])
        strip = np.stack([inner, lifted, outer], axis=1)
        return _sheet(strip, np.tile(self._first * np.float32(0.8), (AROUND, 3, 1)))

    def _tie(self) -> Part:
        """From the collar down the front."""
        y = np.linspace(-13.2, -40, 18)
        half = np.interp(y, [-40, -17, -15.4, -13.4], [2.4, 1.0, 1.3, 0.9])
        front = self._body.at(np.full(18, np.pi / 2), y, np.full(18, 1.3))
        aside = half[:, None] * np.array([1, 0, 0])
        strip = np.stack([front - aside, front, front + aside], axis=1)
        strip[:, 1, 2] += 0.3
        colour, other = (any_colour(self._random, 0.9, 0.1, 0.8) for _ in range(2))
        striped = chance(self._random, 0.5)
        band = (np.arange(18) // 2 % 2 == 0) & striped
        colours = np.where(band[:, None], other, colour)
        return _sheet(strip, np.repeat(colours[:, None], 3, axis=1), closed=False)


def _sheet(points: Floats, colours: Floats, *, closed: bool = True) -> Part:
    """A grid of points (R, C, 3) as cloth."""
    rows, columns = points.shape[:2]
    return Part(
        points=points.reshape(-1, 3).astype(np.float32),
        albedo=np.clip(colours, 0, 1).reshape(-1, 3).astype(np.float32),
        triangles=grid_triangles(rows, columns, closed=closed),
        region=Region.TORSO,
        openness=np.full(rows * columns, 0.9, np.float32),
    )


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
    rows, columns = points.shape[:2]
    return turned_outwards(
        Part(
            points=points.reshape(-1, 3).astype(np.float32),
            albedo=np.tile(colour, (rows * columns, 1)).astype(np.float32),
            triangles=grid_triangles(rows, columns),
            region=Region.TORSO,
            gloss=gloss,
            openness=np.full(rows * columns, 0.85, np.float32),
        )
    )


def _pearl(middle: Floats, radius: float, colour: FloatArray) -> Part:
    turn = np.linspace(0, 2 * np.pi, 10, endpoint=False)[:, None]
    polar = np.linspace(0.05, np.pi - 0.05, 8)[None]
    ball = np.stack(
        [np.sin(polar) * np.cos(turn), np.cos(polar) + 0 * turn, np.sin(polar) * np.sin(turn)], -1
    )
    points = middle + radius * ball
    return Part(
        points=points.reshape(-1, 3).astype(np.float32),
        albedo=np.tile(colour, (80, 1)).astype(np.float32),
        triangles=grid_triangles(10, 8),
        region=Region.TORSO,
        gloss=0.6,
        openness=np.ones(80, np.float32),
    )
