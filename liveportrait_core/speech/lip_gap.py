"""How far the lips are apart, and the `mouthClose` that makes them meet without crossing.

`mouthClose` of the 52 shapes is no switch: at 1 it shuts a mouth whose jaw is wide open and pushes
the lips of another through each other. So it is never aimed at, but solved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..motion.blendshapes import ARKIT_SHAPES

CLOSE: Final = ARKIT_SHAPES.index("mouthClose")

USUAL_SLOPES_CM: Final[Mapping[str, float]] = MappingProxyType(
    {
        "jawOpen": 2.891,
        "mouthFunnel": 1.083,
        "mouthPucker": -0.129,
        "mouthUpperUpLeft": 0.3495,
        "mouthUpperUpRight": 0.3495,
        "mouthLowerDownLeft": 0.2915,
        "mouthLowerDownRight": 0.2915,
        "mouthRollUpper": 0.158,
        "mouthRollLower": -0.246,
        "mouthPressLeft": -0.109,
        "mouthPressRight": -0.109,
    }
)
"""Of the mean head of ICT-FaceKit: cm between the inner lips for a unit of each shape."""
USUAL_WIDTH_SLOPES_CM: Final[Mapping[str, float]] = MappingProxyType(
    {
        "jawOpen": -0.57,
        "mouthFunnel": -0.683,
        "mouthPucker": -0.928,
        "mouthStretchLeft": 0.659,
        "mouthStretchRight": 0.659,
        "mouthSmileLeft": 0.7065,
        "mouthSmileRight": 0.7065,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LipGap:
    """The lips of one head, as lengths in cm that are linear in the shapes.

    `LipGap()` is a usual head. For another give its own numbers: `rest_cm` differs most.
    """

    rest_cm: float = 0.081
    """Between the inner lips of the neutral face."""
    slopes_cm: Mapping[str, float] = field(default_factory=lambda: USUAL_SLOPES_CM)
    """By name of a shape, without `mouthClose`."""
    close_cm: float = 3.72
    """By how much a whole `mouthClose` brings the lips together."""
    width_cm: float = 5.07
    """Between the corners of the neutral mouth."""
    inner_share: float = 0.872
    """Of the inner lips in that width."""

    def __post_init__(self) -> None:
        """Refuse a head whose lips `mouthClose` cannot bring together."""
        if not self.close_cm > 0:
            raise ValueError(
                f"close_cm is {self.close_cm:g}; a number above 0 is expected: mouthClose must "
                "bring the lips together. Measure it again, or leave it out for a usual head."
            )

    def opening_cm(self, weights: Tensor) -> Tensor:
        """How far the lips would be apart without `mouthClose`, at least 0.

        Args:
            weights: (B, 52).

        Returns:
            (B,) cm.
        """
        return (self.rest_cm + weights @ _column(self.slopes_cm, weights)).clamp(min=0)

    def seal(self, weights: Tensor, closure: Tensor) -> Tensor:
        """The weights with the `mouthClose` that takes away a share of the opening.

        Args:
            weights: (B, 52); what they hold of `mouthClose` is replaced.
            closure: (B,) 0 leaves the lips as they are, 1 makes them meet.

        Returns:
            (B, 52).
        """
        sealed = weights.clone()
        sealed[:, CLOSE] = closure * self.opening_cm(weights) / self.close_cm
        return sealed

    def gap_cm(self, weights: Tensor) -> Tensor:
        """(B,) cm between the inner lips; below 0 they cross."""
        return self.opening_cm(weights) - self.close_cm * weights[:, CLOSE]

    def closure(self, weights: Tensor) -> Tensor:
        """(B,) the share of the opening that `mouthClose` takes away; 0 of lips that are shut."""
        opening = self.opening_cm(weights)
        share = self.close_cm * weights[:, CLOSE] / opening.clamp(min=1e-6)
        return torch.where(opening > 0, share, torch.zeros_like(share))

    def lip_open(self, weights: Tensor) -> Tensor:
        """(B,) height of the mouth over its width, as `Motion.lip_open` has it."""
        width = self.width_cm + weights @ _column(USUAL_WIDTH_SLOPES_CM, weights)
        return self.gap_cm(weights) / (width * self.inner_share)


def _column(slopes: Mapping[str, float], like: Tensor) -> Tensor:
    """(52,) in the order of the shapes."""
    return like.new_tensor([slopes.get(name, 0.0) for name in ARKIT_SHAPES])
