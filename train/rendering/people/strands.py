"""The path of hair over a skull, and ribbons along it."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, IntArray
from ..parts import Part, grid_triangles
from ..raster.surface import Kind
from ..regions import Region
from .hair_style import HairStyle
from .skull import Skull

ARC: Final = 10.0
"""Model units along a strand for one radian round the skull."""
HANGS_FROM: Final = -0.08
"""Height over the middle of the skull, in radii, from which strands hang straight down."""
STEPS: Final = 32
"""Places along a strand at which its end is looked for."""
FIBRES_PER_UNIT: Final = 9.0
"""Columns of the texture of fibres for one model unit across."""
ROWS_PER_UNIT: Final = 7.0
EAR_ANGLE: Final = 1.5
EAR_Y: Final = 5.2
ABOVE_HAIRLINE: Final = 0.6
POLE_STEP: Final = 0.06
LOCK_POINTS: Final = 7
BEHIND_Z: Final = -2.5
KEPT_BEHIND: Final = 0.35


class HairPath:
    """The place on a strand, by its angle round the pole and the length from its root."""

    def __init__(self, skull: Skull, style: HairStyle) -> None:
        """Lay out the directions of growth.

        Args:
            skull: what the hair lies on.
            style: how it is worn.
        """
        self._skull, self._style = skull, style
        forwards, sideways = np.deg2rad(style.pole_deg)
        while True:
            pole = np.array(
                [np.sin(sideways), np.cos(sideways) * np.cos(forwards), np.sin(forwards)]
            )
            self._pole = pole / np.linalg.norm(pole)
            root = skull.centre + self._pole * skull.reach(self._pole[None])[0]
            if forwards <= 0 or root[1] > self._limit(root) + ABOVE_HAIRLINE:
                break
            forwards -= POLE_STEP  # the parting would lie on the forehead
        back = np.array([0.0, 0.0, -1.0]) + 1e-3
        back -= self._pole * (back @ self._pole)
        self._back = back / np.linalg.norm(back)
        self._side = np.cross(self._pole, self._back)
        self.longest = 32.0 + max(0.0, -min(style.side_y, style.back_y))

    def at(self, turn: Floats, along: Floats, lift: Floats) -> FloatArray:
        """Points (..., 3): turn round the pole in radians, 0 backwards; along and lift in units."""
        outwards = np.cos(turn)[..., None] * self._back + np.sin(turn)[..., None] * self._side
        flat = np.hypot(self._pole[1], outwards[..., 1])
        first = np.arctan2(outwards[..., 1], self._pole[1])
        hangs = first + np.arccos(np.clip(HANGS_FROM / np.maximum(flat, 1e-3), -1, 1))
        angle = along / ARC
        on_skull = np.minimum(angle, hangs)[..., None]
        direction = np.cos(on_skull) * self._pole + np.sin(on_skull) * outwards
        lifted = lift * np.clip(along / 5.0, 0.15, 1)
        points = self._skull.centre + direction * (self._skull.reach(direction) + lifted)[..., None]
        points[..., 1] -= np.maximum(angle - hangs, 0) * ARC
        return points.astype(np.float32)

    def ends(self, turn: Floats) -> FloatArray:
        """How far strands that start at the turns (N,) reach, (N,)."""
        along = np.linspace(0, self.longest, STEPS)[None] + 0 * turn[:, None]
        points = self.at(turn[:, None] + 0 * along, along, np.full_like(along, 0.3))
        below = points[..., 1] < self._limit(points)
        first = np.where(below.any(axis=1), below.argmax(axis=1), STEPS - 1)
        rows = np.arange(len(turn))
        gap = (points[..., 1] - self._limit(points))[
            rows[:, None], first[:, None] + np.array([-1, 0])
        ]
        share = np.clip(gap[:, 0] / np.maximum(gap[:, 0] - gap[:, 1], 1e-3), 0, 1)
        step = self.longest / (STEPS - 1)
        return (np.maximum(first - 1 + share, 0) * step).astype(np.float32)

    def _limit(self, points: FloatArray) -> Floats:
        """Height below which hair does not grow or has been cut, at points (..., 3)."""
        style = self._style
        turn = np.abs(np.arctan2(points[..., 0], points[..., 2]))
        over_face = 1 / (1 + np.exp(np.clip((turn - style.face_half_angle) * 16, -30, 30)))
        to_back = np.clip((turn - EAR_ANGLE) / (np.pi - EAR_ANGLE), 0, 1)
        end = style.side_y + (style.back_y - style.side_y) * to_back
        if style.side_y > 0:  # short: cut round the ears
            end = np.maximum(end, EAR_Y * np.exp(-(((turn - EAR_ANGLE) / 0.35) ** 2)) - 2)
        fringe = self._skull.brow_y + style.fringe
        fringe = fringe + style.temples * np.exp(-(((turn - 0.55) / 0.25) ** 2)) - 1.2 * turn**2
        return end + (np.maximum(fringe, self._skull.brow_y + 0.8) - end) * over_face


def shell(path: HairPath, style: HairStyle, tone: FloatArray, random: np.random.Generator) -> Part:
    """The dense hair underneath the locks."""
    rows, columns = 88, 22
    turn = np.linspace(0, 2 * np.pi, rows, endpoint=False)
    ends = path.ends(turn)
    jag = np.abs(random.normal(size=rows)) * 0.35 * style.ragged
    along = np.linspace(0, 1, columns)[None] * np.maximum(ends - jag, 0.05)[:, None]
    bumps = 1 + 0.25 * np.sin(turn * random.integers(3, 9) + random.uniform(0, 6))
    bumps = bumps + style.frizz * 0.35 * random.normal(size=rows)
    lift = style.lift * 0.6 * bumps[:, None] * (1 - 0.5 * (along / path.longest)) + 0.1
    points = path.at(turn[:, None] + 0 * along, along, lift + 0 * along)
    around = np.round(2 * np.pi * ARC * FIBRES_PER_UNIT / 256) * 256
    places = np.stack(
        [turn[:, None] / (2 * np.pi) * around + 0 * along, along * ROWS_PER_UNIT, 0 * along + 1],
        axis=-1,
    )
    shade = 0.72 + 0.1 * np.sin(turn * 9 + random.uniform(0, 6))[:, None] + 0.0 * along
    return _part(points, np.clip(tone * shade[..., None], 0, 1), places, 0.7, style)


def locks(
    path: HairPath,
    style: HairStyle,
    tone: FloatArray,
    count: int,
    width: float,
    random: np.random.Generator,
) -> Part:
    """Ribbons that taper, each a little off the others' way and end."""
    turn, ends = _mostly_in_front(path, random.uniform(0, 2 * np.pi, count), random)
    count = len(turn)
    ends = np.maximum(ends + random.normal(size=count) * 0.5 * style.ragged, 0.4)
    start = ends * random.uniform(0.1, 0.8, count)
    share = np.linspace(0, 1, LOCK_POINTS)[None]
    along = start[:, None] + (ends - start)[:, None] * share
    phase = random.uniform(0, 2 * np.pi, (count, 1))
    swing = np.sin(along * (2 * np.pi / style.wave_length) + phase)
    lean = random.normal(size=(count, 1)) * style.frizz * 0.12 * share
    sideways = style.wave * 0.09 * swing + lean
    lift = style.lift * random.uniform(0.5, 1.1, (count, 1)) + 0.15
    lift = lift + style.wave * 0.6 * np.cos(along * (2 * np.pi / style.wave_length) + phase) * share
    lift = np.maximum(lift + np.abs(random.normal(size=(count, 1))) * style.frizz * share, 0.1)
    middle = path.at(turn[:, None] + sideways, along, lift)
    half = width / 2 * random.uniform(0.5, 1.3, (count, 1)) * (1 - share**2.2) + 0.015
    twist = random.normal(size=(count, 1)) * (0.5 + style.frizz) + 0 * share
    across = _across(path, middle, turn, along, lift, sideways, twist)
    points = middle[:, :, None] + across[:, :, None] * (half[..., None] * [-1.0, 1.0])[..., None]
    column = random.uniform(0, 256, (count, 1)) + 0 * share
    places = np.stack(
        [
            column[:, :, None] + half[..., None] * [-FIBRES_PER_UNIT, FIBRES_PER_UNIT],
            np.repeat((along * ROWS_PER_UNIT)[:, :, None], 2, axis=2),
            np.ones((count, LOCK_POINTS, 2)),
        ],
        axis=-1,
    )
    brightness = random.uniform(0.8, 1.2, (count, 1)) * (0.85 + 0.2 * share)
    colour = np.clip(tone * np.repeat(brightness[:, :, None], 2, axis=2)[..., None], 0, 1)
    return _ribbons(points, colour, places, style)


def _mostly_in_front(
    path: HairPath, turn: Floats, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Turns and ends of strands, without most of those behind the head, which is rarely seen."""
    ends = path.ends(turn)
    middle = path.at(turn, ends * 0.7, np.zeros_like(turn))
    kept = (middle[:, 2] > BEHIND_Z) | (random.random(len(turn)) < KEPT_BEHIND)
    return turn[kept], ends[kept]


def _across(
    path: HairPath,
    middle: FloatArray,
    turn: Floats,
    along: Floats,
    lift: Floats,
    sideways: Floats,
    twist: Floats,
) -> FloatArray:
    """Unit directions across the ribbons, lying on the skull but for their twist."""
    outer = path.at(turn[:, None] + sideways, along, lift + 0.5) - middle
    tangent = np.gradient(middle, axis=1)
    outer = outer / (np.linalg.norm(outer, axis=-1, keepdims=True) + 1e-6)
    side = np.cross(tangent, outer)
    side /= np.linalg.norm(side, axis=-1, keepdims=True) + 1e-6
    return (np.cos(twist)[..., None] * side + np.sin(twist)[..., None] * outer).astype(np.float32)


def _ribbons(points: Floats, colours: Floats, places: Floats, style: HairStyle) -> Part:
    """Ribbons (M, K, 2, 3) as one part."""
    count, length = points.shape[:2]
    first = (np.arange(count)[:, None] * length + np.arange(length - 1)[None]).ravel() * 2
    triangles = np.concatenate(
        [np.stack([first, first + 1, first + 2], 1), np.stack([first + 1, first + 3, first + 2], 1)]
    )
    following = np.arange(count * length * 2).reshape(count, length, 2)
    following[:, :-1] += 2
    following[:, -1] -= 2  # the tip looks back: a fibre has no direction
    return Part(
        points=points.reshape(-1, 3).astype(np.float32),
        albedo=colours.reshape(-1, 3).astype(np.float32),
        triangles=triangles.astype(np.int32),
        region=Region.HAIR,
        gloss=0.16,
        kind=Kind.HAIR,
        places=places.reshape(-1, 3).astype(np.float32),
        following=following.ravel().astype(np.int32),
        sky_visibility=np.full(count * length * 2, 0.9, np.float32),
    )


def _part(
    points: FloatArray, colours: Floats, places: Floats, sky_visibility: float, style: HairStyle
) -> Part:
    rows, columns = points.shape[:2]
    steps: IntArray = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    following = np.concatenate([steps[:, 1:], steps[:, -2:-1]], axis=1)
    return Part(
        points=points.reshape(-1, 3),
        albedo=colours.reshape(-1, 3).astype(np.float32),
        triangles=grid_triangles(rows, columns),
        region=Region.HAIR,
        gloss=0.1,
        kind=Kind.HAIR,
        places=places.reshape(-1, 3).astype(np.float32),
        following=following.ravel(),
        sky_visibility=np.full(rows * columns, sky_visibility, np.float32),
    )
