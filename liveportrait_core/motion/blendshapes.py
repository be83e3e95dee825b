"""Blendshapes: what a face does in the 52 shapes that face capture agrees on (ARKit's)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from torch import Tensor

ARKIT_SHAPES: Final = (
    "eyeBlinkLeft",
    "eyeLookDownLeft",
    "eyeLookInLeft",
    "eyeLookOutLeft",
    "eyeLookUpLeft",
    "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight",
    "eyeLookDownRight",
    "eyeLookInRight",
    "eyeLookOutRight",
    "eyeLookUpRight",
    "eyeSquintRight",
    "eyeWideRight",
    "jawForward",
    "jawRight",
    "jawLeft",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthRight",
    "mouthLeft",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)
"""Apple's names in the order of Live Link Face; left is the person's own."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Blendshapes:
    """The shapes of one face over B frames.

    `Blendshapes(weights=torch.zeros(50, 52), fps=Fraction(25))`

    Convention:
        - frame i is at i / fps seconds
        - 0 is at rest, 1 the whole shape; values beyond are kept as they came
        - a shape that is not in `known` holds zeros: consumers keep what they have
    """

    weights: Tensor
    """(B, 52) in the order of `ARKIT_SHAPES`."""
    head_deg: Tensor | None = None
    """(B, 3) pitch, yaw, roll of the head in degrees, as in `Motion`; None when unknown."""
    known: frozenset[str] = frozenset(ARKIT_SHAPES)
    """The shapes that were measured or made."""
    fps: Fraction = Fraction(25)
    """Frames per second, exact."""
    producer: str = ""
    """Origin: a file, a model, a person."""

    def __len__(self) -> int:
        return len(self.weights)

    def __repr__(self) -> str:
        """What it is, without its numbers."""
        known = "" if len(self.known) == len(ARKIT_SHAPES) else f", known={sorted(self.known)}"
        return f"Blendshapes(num_frames={len(self)}, fps={self.fps}{known})"

    def __getitem__(self, frames: slice) -> Blendshapes:
        """Some of the frames."""
        head_deg = None if self.head_deg is None else self.head_deg[frames]
        return replace(self, weights=self.weights[frames], head_deg=head_deg)

    def shape(self, name: str) -> Tensor:
        """(B,) the weights of one shape, by its name in `ARKIT_SHAPES`."""
        return self.weights[:, ARKIT_SHAPES.index(name)]
