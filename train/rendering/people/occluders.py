"""Things in front of a face that do not move with it: hands, microphones, cups, telephones."""

from dataclasses import replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray, chance, pick
from ..paint import any_colour, rgb
from ..parts import Part, grid_triangles, join_parts, stack_points
from ..regions import Region
from ..rotations import rotation_from_angles
from ..skin.head_paint import skin_tone
from .hands import make_hand
from .identity import Identity

Scalar = TypeVar("Scalar", bound=np.generic)

OCCLUDER_PROBABILITY: Final = 0.09
AROUND: Final = 24
CLEARANCE: Final = 1.2
"""Model units between the face's foremost point and a thing before it."""


def with_occluder(identity: Identity, chin_y: float, random: np.random.Generator) -> Identity:
    """The identity, with OCCLUDER_PROBABILITY behind something in front of the face.

    Args:
        identity: a person or an animal.
        chin_y: height of the chin, model units.
        random: source of everything.
    """
    if not chance(random, OCCLUDER_PROBABILITY):
        return identity
    make = pick(random, (_hand, _hand, _hand, _microphone, _cup, _telephone))
    tone = np.sqrt(identity.texture[..., :3].mean(axis=(0, 1)))
    if identity.warp is not None or chance(random, 0.1):  # another person's hand
        tone = skin_tone(random)
    part = make(tone.astype(np.float32), chin_y, random)
    count, num = len(identity.albedo), len(part.points)
    kinds = np.full(num, int(part.kind), dtype=np.uint8)
    sky_visibility = (
        np.ones(num, np.float32) if part.sky_visibility is None else part.sky_visibility
    )
    triangles = part.triangles + np.int32(count)
    return replace(
        identity,
        occluder=part.points,
        restless=float(random.uniform(0.3, 2.5)) if chance(random, 0.6) else 0.0,
        triangles=np.concatenate([identity.triangles, triangles]),
        regions=_appended(identity.regions, np.full(len(triangles), int(part.region), np.uint8)),
        one_sided=_appended(identity.one_sided, np.zeros(len(triangles), np.uint8)),
        kinds=_appended(identity.kinds, kinds),
        albedo=_appended(identity.albedo, np.square(part.albedo)),
        gloss=_appended(identity.gloss, np.tile(np.array([part.gloss, 0], np.float32), (num, 1))),
        sky_visibility=_appended(identity.sky_visibility, sky_visibility),
        places=_appended(identity.places, np.zeros((num, 3), np.float32)),
        following=_appended(identity.following, np.arange(count, count + num, dtype=np.int32)),
    )


def _appended(array: npt.NDArray[Scalar], more: npt.NDArray[Any]) -> npt.NDArray[Scalar]:
    return np.concatenate([array, more.astype(array.dtype)])


def _placed(part: Part, turn_deg: tuple[float, float, float], place: FloatArray) -> Part:
    """The part turned about its origin (in model axes) and moved."""
    points = part.points @ rotation_from_angles(*turn_deg).T + place
    return replace(part, points=points.astype(np.float32))


def _hand(skin_tone: FloatArray, chin_y: float, random: np.random.Generator) -> Part:
    """At a cheek, under the chin, or over mouth or brow."""
    left = chance(random, 0.5)
    side = -1.0 if left else 1.0
    hand = make_hand(
        skin_tone,
        curl=float(random.choice([0.1, 0.5, 0.9])) + random.uniform(0, 0.2),
        spread=random.uniform(0.02, 0.18),
        left=left,
        random=random,
    )
    x = side * random.uniform(0, 9)
    y = chin_y + random.uniform(-9, 2)
    z = 13.5 + CLEARANCE + random.uniform(0, 1.5) - 0.09 * x * x
    lean = side * random.uniform(-35, 50)
    turn = (random.uniform(-20, 15), side * random.uniform(-20, 60), lean)
    return _placed(hand, turn, np.array([x, y, z], dtype=np.float32))


def _turned(profile: FloatArray, colours: FloatArray, gloss: float) -> Part:
    """A body of revolution about y: profile (K, 2) radius and height, colours (K, 3)."""
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
    radius, height = profile[None, :, 0], profile[None, :, 1]
    points = stack_points(radius * np.cos(turn), height + 0 * turn, radius * np.sin(turn))
    return Part(
        points=points,
        albedo=np.tile(colours, (AROUND, 1)).astype(np.float32),
        triangles=grid_triangles(AROUND, len(profile)),
        region=Region.OCCLUDER,
        gloss=gloss,
    )


def _microphone(skin_tone: FloatArray, chin_y: float, random: np.random.Generator) -> Part:
    """A ball of mesh on a handle, held or on a stand, before the chin."""
    polar = np.linspace(0.02, 2.5, 14)
    ball = np.stack([1.9 * np.sin(polar), 1.9 * np.cos(polar)], axis=1)
    handle = np.array([[1.1, -1.8], [1.2, -2.2], [0.95, -6], [0.7, -16]])
    grey = random.uniform(0.25, 0.6) * (1 + 0.25 * (np.arange(14) % 2))
    colours = np.concatenate([np.tile(grey[:, None], (1, 3)), np.full((4, 3), 0.1)])
    part = _turned(np.concatenate([ball, handle]).astype(np.float32), colours, 0.3)
    place = np.array([random.uniform(-4, 4), chin_y + random.uniform(-2.5, 2.5), 17.0])
    turn = (random.uniform(20, 60), random.uniform(-40, 40), random.uniform(-25, 25))
    return _placed(part, turn, place.astype(np.float32))


def _cup(skin_tone: FloatArray, chin_y: float, random: np.random.Generator) -> Part:
    """A cup or glass at the mouth, with the hand that holds it."""
    radius, height = random.uniform(2.6, 3.8), random.uniform(6, 10)
    profile = np.array(
        [
            *([0.1, 0], [radius * 0.8, 0], [radius * 0.9, 0.4 * height], [radius, height]),
            *([radius * 0.93, height], [radius * 0.85, 0.5 * height]),
        ]
    )
    colour = any_colour(random, 0.8, 0.15, 1)
    band = colour if chance(random, 0.6) else any_colour(random, 0.8, 0.15, 1)
    colours = np.stack([colour, colour, band, colour, colour * 0.8, colour * 0.4])
    cup = _turned(profile.astype(np.float32), colours, 0.25)
    hand = make_hand(skin_tone, curl=0.75, spread=0.03, left=chance(random, 0.5), random=random)
    holding = np.array([0, height * 0.2 - 5, radius + 0.9], dtype=np.float32)
    hand = _placed(hand, (0.0, 0.0, random.uniform(-60, 60)), holding)
    part = join_parts([cup, hand])
    place = np.array([random.uniform(-2, 2), chin_y - height * random.uniform(0.3, 0.9), 15.5])
    return _placed(part, (random.uniform(-25, 5), random.uniform(-30, 30), 0), place)


def _telephone(skin_tone: FloatArray, chin_y: float, random: np.random.Generator) -> Part:
    """A telephone at an ear, with fingers round it."""
    side = float(random.choice([-1, 1]))
    corners = np.array([[-3.6, -7.2], [3.6, -7.2], [3.6, 7.2], [-3.6, 7.2]])
    front = np.concatenate([corners, np.full((4, 1), 0.4)], axis=1)
    points = np.concatenate([front, front - [0, 0, 0.8]]).astype(np.float32)
    quads = [(0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    triangles = [[a, b, c] for a, b, c, _ in quads] + [[a, c, d] for a, _, c, d in quads]
    colour = rgb(0.05, 0.05, 0.06) if chance(random, 0.6) else any_colour(random, 0.6, 0.2, 0.9)
    slab = Part(
        points=points,
        albedo=np.tile(colour, (8, 1)),
        triangles=np.array(triangles, dtype=np.int32),
        region=Region.OCCLUDER,
        gloss=0.3,
    )
    hand = make_hand(skin_tone, curl=0.45, spread=0.05, left=side < 0, random=random)
    hand = _placed(hand, (0.0, 0.0, 0.0), np.array([0, -9, 1.6], dtype=np.float32))
    part = join_parts([slab, hand])
    place = np.array([side * random.uniform(8, 10.5), chin_y + 7, random.uniform(3, 7)])
    turn = (random.uniform(-10, 10), side * random.uniform(40, 75), side * random.uniform(-20, 10))
    return _placed(part, turn, place.astype(np.float32))
