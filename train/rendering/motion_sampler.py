"""Random expressions, head poses and gazes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from .arrays import FloatArray, chance, pick

POSE_SPREAD_DEG: Final = (8.5, 15.3, 6.8)
POSE_LIMIT_DEG: Final = (28.0, 50.0, 30.0)
"""Standard deviation and limit of pitch, yaw and roll."""
GAZE_SPREAD_DEG: Final = (8.0, 16.0)
GAZE_LIMIT_DEG: Final = 30.0

MOUTH_SHAPES: Final = (
    ("mouthSmile",),
    ("mouthSmile",),
    ("mouthSmile", "mouthUpperUp"),
    ("mouthFrown",),
    ("mouthPucker",),
    ("mouthFunnel",),
    ("mouthStretch",),
    ("mouthPress",),
    ("mouthDimple",),
    (),
    (),
)
"""Shapes of the lips, one of which a motion has; pairs act on both sides."""

SIDES: Final = ("_L", "_R")
ACTIVE: Final = 0.3
"""Weight above which an eye counts as shut and a jaw as open."""


@dataclass(frozen=True, slots=True)
class HeadMotion:
    """What a head does in one frame.

    Convention:
        - angles turn in crop coordinates (x right, y down, z into the picture): positive pitch
          looks down, positive yaw looks to the left of the picture, positive roll is clockwise
    """

    expression: FloatArray
    """(E,) weights, about 0 to 1."""
    pose_deg: FloatArray
    """(3,) pitch, yaw, roll."""
    gaze_deg: FloatArray
    """(2,) pitch and yaw of the eyes in the head."""
    shift: FloatArray
    """(2,) of the head in the picture, in picture widths."""
    zoom: float
    torso_yaw_deg: float
    occluder_shift: FloatArray = field(default_factory=lambda: np.zeros(3, np.float32))
    """(3,) of what is before the face, in units of its restlessness."""


class MotionSampler:
    """Draws motions for a face model with the given expression names."""

    def __init__(self, expression_names: Sequence[str]) -> None:
        """Remember where each expression is.

        Args:
            expression_names: ARKit-style, with _L and _R.
        """
        self._index = {name: k for k, name in enumerate(expression_names)}

    def draw(self, random: np.random.Generator) -> HeadMotion:
        """A motion unrelated to any other."""
        pose = random.normal(size=3) * POSE_SPREAD_DEG
        gaze = random.normal(size=2) * GAZE_SPREAD_DEG
        return HeadMotion(
            expression=self._expression(random),
            pose_deg=np.clip(pose, -np.array(POSE_LIMIT_DEG), POSE_LIMIT_DEG).astype(np.float32),
            gaze_deg=np.clip(gaze, -GAZE_LIMIT_DEG, GAZE_LIMIT_DEG).astype(np.float32),
            shift=(random.normal(size=2) * (0.03, 0.025)).astype(np.float32),
            zoom=float(1 + random.normal() * 0.05),
            torso_yaw_deg=float(random.normal() * 6),
            occluder_shift=random.normal(size=3).astype(np.float32),
        )

    def draw_same_pose(self, other: HeadMotion, random: np.random.Generator) -> HeadMotion:
        """A motion with the pose of another: a new expression, or one edit of the old one."""
        fresh = self.draw(random)
        expression = fresh.expression
        if chance(random, 0.25):
            expression = other.expression.copy()
            self._edit(expression, random)
        jitter = random.normal(size=3) * 1.5 * chance(random, 0.5)
        return replace(
            other,
            expression=expression,
            gaze_deg=fresh.gaze_deg,
            pose_deg=other.pose_deg + jitter.astype(np.float32),
        )

    def _edit(self, weights: FloatArray, random: np.random.Generator) -> None:
        """Shut what is open, open what is shut: both eyes or the jaw."""
        if chance(random, 0.6):
            for name in ("eyeBlink_L", "eyeBlink_R"):
                k = self._index[name]
                weights[k] = 0 if weights[k] > ACTIVE else 1
        else:
            k = self._index["jawOpen"]
            weights[k] = 0 if weights[k] > ACTIVE else random.uniform(0.3, 1)

    def _expression(self, random: np.random.Generator) -> FloatArray:
        weights = np.zeros(len(self._index), dtype=np.float32)
        self._set_eyes(weights, random)
        for name in ("browInnerUp", "browOuterUp", "browDown"):
            if chance(random, 0.3):
                self._set_pair(weights, name, random.random(), random, asymmetry=0.3)
        self._set_mouth(weights, random)
        for name in ("cheekPuff", "noseSneer", "cheekSquint"):
            if chance(random, 0.1):
                self._set_pair(weights, name, random.random(), random)
        if chance(random, 0.3):  # a little of everything, as in real faces
            few = random.choice(len(weights), size=6, replace=False)
            weights[few] += np.abs(random.normal(size=6) * 0.12).astype(np.float32)
        return weights

    def _set_eyes(self, weights: FloatArray, random: np.random.Generator) -> None:
        """Closed or nearly so in about 30 % of the frames: blinks are hardest to learn."""
        if chance(random, 0.35):
            amount = float(random.choice([1, 1, random.random()]))
            self._set_pair(weights, "eyeBlink", amount, random, asymmetry=0.03)
        elif chance(random, 0.09):
            weights[self._index["eyeBlink" + pick(random, SIDES)]] = 1
        elif chance(random, 0.3):
            self._set_pair(weights, "eyeWide", random.random(), random)
        if chance(random, 0.3):
            self._set_pair(weights, "eyeSquint", random.random() * 0.8, random)

    def _set_mouth(self, weights: FloatArray, random: np.random.Generator) -> None:
        if chance(random, 0.6):
            weights[self._index["jawOpen"]] = random.beta(1.1, 2.2)
        for name in pick(random, MOUTH_SHAPES):
            if name + "_L" in self._index:
                self._set_pair(weights, name, random.random(), random)
            else:
                weights[self._index[name]] = random.random()
        for name in ("mouthUpperUp", "mouthLowerDown"):
            if chance(random, 0.2):
                self._set_pair(weights, name, random.random(), random)
        for name, share, most in (
            ("mouthRollLower", 0.1, 0.7),
            ("mouthRollUpper", 0.08, 0.7),
            ("mouthShrugLower", 0.06, 0.8),
            ("jawForward", 0.06, 0.8),
        ):
            if chance(random, share):
                weights[self._index[name]] = random.random() * most
        for name, share, most in (("jaw", 0.15, 0.6), ("mouth", 0.15, 0.7)):
            if chance(random, share):
                side = pick(random, ("Left", "Right"))
                weights[self._index[name + side]] = random.random() * most

    def _set_pair(
        self,
        weights: FloatArray,
        name: str,
        amount: float,
        random: np.random.Generator,
        asymmetry: float = 0.15,
    ) -> None:
        tilt = float(random.normal() * asymmetry)
        for side, sign in zip(SIDES, (1, -1), strict=True):
            weights[self._index[name + side]] = np.clip(amount * (1 + sign * tilt), 0, 1.1)
