"""Blendshape weights to fit a map with: each shape alone, and mixtures as people make them."""

from __future__ import annotations

from typing import Final

import numpy as np

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES

from ..rendering.arrays import FloatArray, chance, pick

SIDES: Final = ("Left", "Right")
GAZES: Final = ("eyeLookUp", "eyeLookDown", "eyeLookLeft", "eyeLookRight")
"""Both eyes turn together; left and right are the person's own."""
PAIRS: Final = tuple(
    name.removesuffix("Left")
    for name in ARKIT_SHAPES
    if name.endswith("Left")
    and not name.startswith("eyeLook")
    and name not in {"jawLeft", "mouthLeft"}
)
SINGLES: Final = tuple(
    name
    for name in ARKIT_SHAPES
    if not name.startswith("eyeLook")
    and name not in {"mouthClose", "tongueOut"}
    and not any(name == pair + side for pair in PAIRS for side in SIDES)
)
ALONE: Final = (*PAIRS, *SINGLES, *GAZES, "mouthClose")
"""What is shown alone; `mouthClose` with an open jaw, as without one it would cross the lips."""
LEAST: Final = 0.25
"""Of a shape that is shown alone."""

Weights = FloatArray
"""(52,) in the order of `ARKIT_SHAPES`."""
_INDEX: Final = {name: k for k, name in enumerate(ARKIT_SHAPES)}


def rest() -> Weights:
    """A face that does nothing."""
    return np.zeros(len(ARKIT_SHAPES), np.float32)


def alone(random: np.random.Generator) -> tuple[Weights, float]:
    """One shape, or a pair of both sides or one, and how far the lips are then closed (0 to 1)."""
    weights, name, amount = rest(), pick(random, ALONE), random.uniform(LEAST, 1)
    if name == "mouthClose":
        weights[_INDEX["jawOpen"]] = random.uniform(0.15, 0.9)
        return weights, amount
    if name in GAZES:
        _look(weights, name, amount)
    elif name in PAIRS:
        sides = pick(random, (SIDES, SIDES, SIDES[:1], SIDES[1:]))
        for side in sides:
            weights[_INDEX[name + side]] = amount
    else:
        weights[_INDEX[name]] = amount
    return weights, 0.0


def mixed(random: np.random.Generator) -> tuple[Weights, float]:
    """Eyes, brows and a mouth at once, and how far the lips are closed."""
    weights = rest()
    _eyes(weights, random)
    _brows(weights, random)
    speaks = chance(random, 0.5)
    closed = _speak(weights, random) if speaks else _emote(weights, random)
    if chance(random, 0.3):  # a little of everything, as in real faces
        few = random.choice([k for k, name in enumerate(ARKIT_SHAPES) if name in _SMALL], 5)
        weights[few] += np.abs(random.normal(size=5) * 0.12).astype(np.float32)
    return np.clip(weights, 0, 1), closed


_SMALL: Final = frozenset(ARKIT_SHAPES).difference(
    ("mouthClose", "tongueOut"), (name for name in ARKIT_SHAPES if name.startswith("eyeLook"))
)


def _look(weights: Weights, way: str, amount: float) -> None:
    """Turn both eyes."""
    if way in {"eyeLookUp", "eyeLookDown"}:
        names = [way + side for side in SIDES]
    else:
        side = way.removeprefix("eyeLook")
        other = SIDES[1 - SIDES.index(side)]
        names = ["eyeLookOut" + side, "eyeLookIn" + other]
    for name in names:
        weights[_INDEX[name]] = amount


def _pair(weights: Weights, name: str, amount: float, random: np.random.Generator) -> None:
    tilt = float(np.clip(random.normal() * 0.2, -1, 1))
    for side, sign in zip(SIDES, (1, -1), strict=True):
        weights[_INDEX[name + side]] = np.clip(amount * (1 + sign * tilt), 0, 1)


def _eyes(weights: Weights, random: np.random.Generator) -> None:
    if chance(random, 0.25):
        _pair(weights, "eyeBlink", float(pick(random, (1.0, random.random()))), random)
    elif chance(random, 0.1):
        weights[_INDEX["eyeBlink" + pick(random, SIDES)]] = random.uniform(0.5, 1)
    elif chance(random, 0.25):
        _pair(weights, "eyeWide", random.random(), random)
    if chance(random, 0.25):
        _pair(weights, "eyeSquint", random.random(), random)
    if chance(random, 0.7):
        _look(weights, pick(random, GAZES[:2]), abs(random.normal()) * 0.3)
        _look(weights, pick(random, GAZES[2:]), abs(random.normal()) * 0.4)
    for side in SIDES:  # the more an eye is shut, the less it looks aside
        share = 1 - weights[_INDEX["eyeBlink" + side]]
        for way in ("Up", "Down", "In", "Out"):
            weights[_INDEX[f"eyeLook{way}{side}"]] *= share


def _brows(weights: Weights, random: np.random.Generator) -> None:
    if chance(random, 0.25):
        _pair(weights, "browDown", random.random(), random)
    elif chance(random, 0.5):
        weights[_INDEX["browInnerUp"]] = random.random()
        if chance(random, 0.6):
            _pair(weights, "browOuterUp", random.random(), random)


def _speak(weights: Weights, random: np.random.Generator) -> float:
    """A mouth as in speech; how far it is closed."""
    weights[_INDEX["jawOpen"]] = random.beta(1.2, 3.5)
    for name, share, most in (
        *(("mouthFunnel", 0.3, 0.6), ("mouthPucker", 0.3, 0.9), ("mouthRollLower", 0.15, 0.5)),
        *(("mouthRollUpper", 0.08, 0.4), ("mouthShrugUpper", 0.1, 0.4)),
        ("mouthShrugLower", 0.1, 0.4),
    ):
        if chance(random, share):
            weights[_INDEX[name]] = random.random() * most
    for name, share, most in (
        *(("mouthLowerDown", 0.4, 0.6), ("mouthUpperUp", 0.3, 0.5), ("mouthStretch", 0.3, 0.6)),
        *(("mouthSmile", 0.25, 0.6), ("mouthPress", 0.2, 0.6)),
    ):
        if chance(random, share):
            _pair(weights, name, random.random() * most, random)
    return float(pick(random, (1.0, random.random()))) if chance(random, 0.3) else 0.0


def _emote(weights: Weights, random: np.random.Generator) -> float:
    """A mouth as in laughing, grimacing or at rest; how far it is closed."""
    if chance(random, 0.4):
        weights[_INDEX["jawOpen"]] = random.beta(1.1, 2.0)
    pairs = ("mouthSmile", "mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple", "mouthPress")
    _pair(weights, pick(random, pairs), random.random(), random)
    for name in ("mouthUpperUp", "mouthLowerDown", "cheekSquint", "noseSneer"):
        if chance(random, 0.15):
            _pair(weights, name, random.random(), random)
    for name in ("jawForward", "cheekPuff", "mouthPucker", "mouthRollLower", "mouthRollUpper"):
        if chance(random, 0.08):
            weights[_INDEX[name]] = random.random()
    for name in ("jaw", "mouth"):
        if chance(random, 0.15):
            weights[_INDEX[name + pick(random, SIDES)]] = random.random()
    return 0.0
