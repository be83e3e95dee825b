"""What a procedural head can do with its face, and how one such head differs from the next."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats
from .procedural_skin import (
    EYE_X,
    EYE_Y,
    EYE_Z,
    MOUTH_HALF_WIDTH,
    MOUTH_Y,
    Lids,
    Skin,
    shape_skin,
)

JAW_DEG: Final = 15.0
JAW_HINGE: Final = (1.0, 1.0)
"""Height and depth of the axis that the jaw turns about."""
SIDES: Final = (("_L", 1.0), ("_R", -1.0))

LID_MOVES: Final = {
    "eyeBlink": Lids(-0.62, 0.93),
    "eyeWide": Lids(1.4, 1.1),
    "eyeSquint": Lids(0.8, 0.35),
    "eyeLookDown": Lids(0.62, 1.15),
    "eyeLookUp": Lids(1.22, 0.8),
}
"""Upper and lower lid at full weight, in shares of their places at rest. In a blink the upper lid
goes to where the lower one is: 0.36 below the cut, which is -0.58 of its own 0.62 above it."""


@dataclass(frozen=True, slots=True)
class RestPose:
    """All vertices of the head at rest, with what expressions need to know of them."""

    points: FloatArray
    """(N, 3)."""
    jaw: FloatArray
    """(N,) how much a vertex follows the jaw."""
    below: FloatArray
    """(N,) 1 below the cut of the mouth, 0 above it."""
    skin: FloatArray
    """(N,) 1 on the front of the face, which bulges and slides, 0 at the back and inside."""


def jaw_share(skin: Skin, points: FloatArray) -> Floats:
    """How much the skin follows the jaw, (N,): fully at the lower lip and chin, not above."""
    x, z = np.abs(points[:, 0].astype(np.float64)), points[:, 2]
    y = skin.height.astype(np.float64)
    corner = np.clip(x / MOUTH_HALF_WIDTH, 0, 1) ** 4
    beyond = np.exp(-np.maximum(x - MOUTH_HALF_WIDTH, 0) / 1.3)
    line = 0.4 * beyond
    off = np.abs(y - MOUTH_Y)
    above = line * np.where(x < MOUTH_HALF_WIDTH, corner, 1) * np.exp(-off / 0.9)
    at_cut = np.where(x < MOUTH_HALF_WIDTH, 1 - 0.6 * corner, line)
    sides = np.clip((z - 1.0) / 4.5, 0, 1)
    deep = 1 - np.exp(-off / 1.2)
    under = (at_cut + (sides - at_cut) * deep) * np.clip((y + 13.0) / 4.0, 0, 1)
    return np.where(skin.side > 0, above, under) * np.clip(z / 2, 0, 1) * (y < 0)


def bump(points: FloatArray, x: float, y: float, wide: float, high: float) -> Floats:
    """A soft spot on the face, 0 to 1, (N,)."""
    return np.exp(-(((points[:, 0] - x) / wide) ** 2 + ((points[:, 1] - y) / high) ** 2))


Spot = tuple[float, float, float, float, tuple[float, float, float]]
"""Place (x outwards, y), size (wide, high) and movement (outwards, up, forward) of a bump."""

PAIRED: Final[dict[str, tuple[Spot, ...]]] = {
    "browInnerUp": ((1.5, 6.0, 1.6, 1.3, (0, 0.75, 0.05)),),
    "browOuterUp": ((4.2, 6.2, 1.6, 1.2, (0, 0.65, 0)),),
    "browDown": ((2.2, 6.0, 2.3, 1.0, (-0.2, -0.55, 0.12)),),
    "cheekPuff": ((4.4, -2.6, 1.8, 2.0, (0.4, 0, 0.6)),),
    "cheekSquint": ((3.8, 1.1, 1.6, 1.2, (0, 0.4, 0.2)),),
    "eyeLookIn": ((2.2, 3.5, 0.8, 0.7, (-0.05, 0, 0)),),
    "eyeLookOut": ((4.2, 3.5, 0.8, 0.7, (0.05, 0, 0)),),
    "eyeSquint": ((3.4, 1.9, 1.4, 0.9, (0, 0.25, 0.1)),),
    "noseSneer": ((1.1, -0.2, 0.8, 1.0, (0.06, 0.4, 0.1)), (1.6, -2.2, 0.9, 0.7, (0, 0.25, 0.05))),
    "mouthDimple": ((2.5, -3.4, 0.9, 0.8, (0.3, 0.08, -0.3)),),
    "mouthFrown": ((2.4, -3.6, 1.1, 0.9, (0.05, -0.65, -0.1)),),
    "mouthSmile": (
        (2.5, -3.4, 1.3, 1.1, (0.85, 0.8, -0.4)),
        (3.9, -0.2, 1.5, 1.3, (0, 0.35, 0.3)),
    ),
    "mouthStretch": ((2.4, -3.6, 1.2, 1.1, (0.75, -0.2, -0.3)),),
}
"""Movements of one side; the other mirrors them."""
LIPS_PAIRED: Final[dict[str, tuple[Spot, Spot]]] = {
    "mouthUpperUp": ((1.1, -2.9, 0.9, 0.9, (0, 0.6, 0.1)), (0, 0, 1, 1, (0, 0, 0))),
    "mouthLowerDown": ((0, 0, 1, 1, (0, 0, 0)), (1.1, -3.9, 0.9, 0.9, (0, -0.65, 0.05))),
    "mouthPress": ((1.2, -3.0, 1.0, 0.5, (0, -0.1, -0.12)), (1.2, -3.8, 1.0, 0.5, (0, 0.1, -0.12))),
}
"""Movements of the upper and of the lower lip."""
LIPS_SINGLE: Final[dict[str, tuple[Spot, Spot]]] = {
    "mouthClose": ((0, -3.0, 2.4, 0.8, (0, -0.3, 0)), (0, -3.9, 2.4, 1.2, (0, 0.7, 0))),
    "mouthFunnel": ((0, -2.9, 1.9, 0.9, (0, 0.4, 0.6)), (0, -3.9, 1.9, 0.9, (0, -0.45, 0.6))),
    "mouthRollLower": ((0, 0, 1, 1, (0, 0, 0)), (0, -3.8, 2.0, 0.7, (0, 0.2, -0.45))),
    "mouthRollUpper": ((0, -2.9, 2.0, 0.7, (0, -0.2, -0.4)), (0, 0, 1, 1, (0, 0, 0))),
    "mouthShrugLower": ((0, 0, 1, 1, (0, 0, 0)), (0, -5.2, 2.0, 1.8, (0, 0.45, 0.2))),
    "mouthShrugUpper": ((0, -2.9, 2.0, 0.9, (0, 0.4, 0.2)), (0, -3.7, 2.0, 0.5, (0, 0.2, 0.1))),
    "mouthPucker": ((0, -2.9, 2.2, 1.2, (0, 0, 0.8)), (0, -3.9, 2.2, 1.2, (0, 0, 0.8))),
}
ASIDE: Final = {"mouthLeft": 0.9, "mouthRight": -0.9}
JAW_SHIFTS: Final = {
    "jawForward": (0, 0, 0.8),
    "jawLeft": (0.9, 0, 0),
    "jawRight": (-0.9, 0, 0),
}


def expression_offsets(
    rest: RestPose, skin: Skin, shape: Callable[[FloatArray], FloatArray]
) -> dict[str, FloatArray]:
    """Offsets (N, 3) of every expression, by name, in a fixed order.

    Args:
        rest: the whole head at rest.
        skin: its skin.
        shape: all vertices (N, 3) that belong to a skin (S, 3): what hangs on it comes along.
    """
    found = _paired(rest)
    for name, (upper, lower) in LIPS_SINGLE.items():
        found[name] = _lips(rest, upper, lower, None)
    pinch = bump(rest.points, 0, MOUTH_Y, 2.9, 1.6) * rest.skin
    found["mouthPucker"] += _along_x(-0.4 * rest.points[:, 0] * pinch)
    for name, amount in ASIDE.items():
        found[name] = _along_x(amount * bump(rest.points, 0, MOUTH_Y, 3.0, 2.2) * rest.skin)
    for name, shift in JAW_SHIFTS.items():
        found[name] = rest.jaw[:, None] * np.array(shift)
    found["jawOpen"] = rest.jaw[:, None] * _jaw_drop(rest.points)
    neutral = shape_skin(skin, Lids(), Lids())
    for (name, lids), (side, sign) in itertools.product(LID_MOVES.items(), SIDES):
        right, left = (Lids(), lids) if sign > 0 else (lids, Lids())
        found[name + side] += shape(shape_skin(skin, right, left) - neutral)
    return {name: found[name].astype(np.float32) for name in sorted(found)}


def _paired(rest: RestPose) -> dict[str, Floats]:
    """Movements that each side of the face makes by itself."""
    found: dict[str, Floats] = {}
    for side, sign in SIDES:
        found |= {name + side: np.zeros(rest.points.shape) for name in LID_MOVES}
        for name, spots in PAIRED.items():
            found[name + side] = np.sum([_slide(rest, spot, sign) for spot in spots], axis=0)
        for name, (upper, lower) in LIPS_PAIRED.items():
            found[name + side] = _lips(rest, upper, lower, sign)
    return found


def _slide(rest: RestPose, spot: Spot, sign: float) -> Floats:
    x, y, wide, high, (outwards, up, forward) = spot
    amount = bump(rest.points, sign * x, y, wide, high) * rest.skin
    return amount[:, None] * np.array([sign * outwards, up, forward])


def _lips(rest: RestPose, upper: Spot, lower: Spot, sign: float | None) -> Floats:
    """Upper and lower lip apart; both fade to nothing at the corners of the mouth."""
    corners = np.clip(1 - (rest.points[:, 0] / MOUTH_HALF_WIDTH) ** 2, 0, 1) ** 0.5
    near_cut = np.exp(-((np.maximum(np.abs(rest.points[:, 1] - MOUTH_Y) - 0.5, 0) / 0.8) ** 2))
    fade = 1 - near_cut * (1 - corners)
    total = np.zeros(rest.points.shape)
    for spot, share in ((upper, 1 - rest.below), (lower, rest.below)):
        total += _slide(rest, spot, 1.0 if sign is None else sign) * (share * fade)[:, None]
    return total


def _along_x(amount: Floats) -> Floats:
    return amount[:, None] * np.array([1.0, 0, 0])


def _jaw_drop(points: FloatArray) -> Floats:
    """Where each point goes, (N, 3), when the jaw turns about its hinge."""
    y, z = points[:, 1] - JAW_HINGE[0], points[:, 2] - JAW_HINGE[1]
    turn = np.deg2rad(JAW_DEG)
    # positive turns bring the front (z) down
    new_y = y * np.cos(turn) - z * np.sin(turn)
    new_z = y * np.sin(turn) + z * np.cos(turn)
    return np.stack([np.zeros(len(points)), new_y - y, new_z - z], axis=1)


Mode = Callable[[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]


def _soft(x: Floats, y: Floats, at: tuple[float, float], wide: float, high: float) -> Floats:
    return np.exp(-(((np.abs(x) - at[0]) / wide) ** 2 + ((y - at[1]) / high) ** 2))


def identity_modes(points: FloatArray, rigid: list[tuple[slice, FloatArray]]) -> list[FloatArray]:
    """Offsets (N, 3) of each way in which heads differ, for one standard deviation.

    Args:
        points: (N, 3) the head at rest.
        rigid: vertex ranges that move as their centre (3,) does.
    """
    modes: list[FloatArray] = []
    for mode in _MODES:
        offsets = _offsets(mode, points)
        for part, centre in rigid:
            offsets[part] = _offsets(mode, centre[None])
        modes.append(offsets.astype(np.float32))
    return modes


def _offsets(mode: Mode, points: FloatArray) -> Floats:
    x, y, z = points.T.astype(np.float64)
    moved = mode(x, y, z)
    return np.stack([np.broadcast_to(axis, x.shape) for axis in moved], axis=1).copy()


def _front(z: Floats) -> Floats:
    return np.clip((z - 3) / 4, 0, 1)


_MODES: Final[tuple[Mode, ...]] = (
    lambda x, y, z: (0.035 * x, 0 * y, 0 * z),
    lambda x, y, z: (0 * x, 0.035 * (y - EYE_Y), 0 * z),
    lambda x, y, z: (0.06 * x * _soft(0 * x, y, (0, -5), 1, 3.5), 0 * y, 0 * z),
    lambda x, y, z: (0.05 * x * _soft(0 * x, y, (0, 9), 1, 5), 0 * y, 0 * z),
    lambda x, y, z: (0 * x, -0.35 * _soft(x, y, (0, -7.5), 4, 2.5) * _front(z), 0 * z),
    lambda x, y, z: (0 * x, 0 * y, 0.3 * _soft(x, y, (0, -7), 2.5, 1.8) * _front(z)),
    lambda x, y, z: (0 * x, 0 * y, 0.35 * _soft(x, y, (0, 0.6), 0.9, 1.8) * _front(z)),
    lambda x, y, z: (0.16 * x * _soft(x, y, (0, -0.4), 1.5, 1.2) * _front(z), 0 * y, 0 * z),
    lambda x, y, z: (0 * x, -0.3 * _soft(x, y, (0, -0.6), 1.6, 1.2) * _front(z), 0 * z),
    lambda x, y, z: (0.13 * np.sign(x) * _soft(x, y, (EYE_X, EYE_Y), 2, 1.8), 0 * y, 0 * z),
    lambda x, y, z: (0 * x, 0.2 * _soft(x, y, (EYE_X, EYE_Y), 3, 2) * (z > 0), 0 * z),
    lambda x, y, z: (0.09 * x * _soft(x, y, (0, MOUTH_Y), 3, 1.3) * _front(z), 0 * y, 0 * z),
    lambda x, y, z: (0 * x, 0 * y, 0.2 * _soft(x, y, (0, MOUTH_Y), 2.2, 1) * _front(z)),
    lambda x, y, z: (0 * x, 0.25 * _soft(x, y, (0, MOUTH_Y), 3.5, 1.6) * _front(z), 0 * z),
    lambda x, y, z: (0 * x, 0 * y, 0.3 * _soft(x, y, (2.5, 6.0), 2, 0.9) * _front(z)),
    lambda x, y, z: (
        0.3 * np.sign(x) * _soft(x, y, (5, -0.5), 2, 2),
        0 * y,
        0.2 * _soft(x, y, (4.4, -0.5), 1.6, 1.8),
    ),
    lambda x, y, z: (0.12 * _soft(x, y, (0, 0), 6, 9) * _front(z), 0 * y, 0 * z),
    lambda x, y, z: (0 * x, 0.1 * np.sign(x) * _soft(x, y, (3, 0), 3, 7) * _front(z), 0 * z),
)
EYE_MIDDLES: Final = {
    "eye_left": np.array([EYE_X, EYE_Y, EYE_Z], np.float32),
    "eye_right": np.array([-EYE_X, EYE_Y, EYE_Z], np.float32),
}
