"""Angles of head and eyes in files of face capture."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ..motion.blendshape_options import CaptureOptions, HeadTurns
from ..motion.blendshapes import ARKIT_SHAPES

MAX_GAZE_DEG: Final = 30.0
"""Turn of an eye whose shape of looking aside is 1."""
MAX_RADIANS: Final = 3.2
"""An angle above is in degrees."""
_TURNS: Final[dict[HeadTurns, tuple[float, float, float]]] = {
    "arkit": (1.0, -1.0, -1.0),
    "unreal": (-1.0, 1.0, -1.0),
}


def turns_of(head: HeadTurns) -> Tensor:
    """(3,) what pitch, yaw, roll of a file are multiplied by.

    Ours grow looking down, to the left of the picture (the person's right), and clockwise.
    """
    return torch.tensor(_TURNS[head])


def head_deg_of(angles: Tensor, options: CaptureOptions) -> Tensor | None:
    """(B, 3) pitch, yaw, roll in degrees, of those in a file; None where they are left out."""
    if options.head == "none":
        return None
    unit = options.angles
    if unit == "auto":
        unit = "degrees" if bool((angles.abs() > MAX_RADIANS).any()) else "radians"
    degrees = torch.rad2deg(angles) if unit == "radians" else angles
    return degrees * turns_of(options.head).to(degrees)


def gaze_deg(weights: Tensor) -> Tensor:
    """(B, 6) yaw, pitch, roll of the left and the right eye as ARKit turns them, of (B, 52)."""

    def shape(name: str) -> Tensor:
        return weights[:, ARKIT_SHAPES.index(name)]

    eyes: list[Tensor] = []
    for side, outwards in (("Left", 1.0), ("Right", -1.0)):
        yaw = outwards * (shape(f"eyeLookOut{side}") - shape(f"eyeLookIn{side}"))
        pitch = shape(f"eyeLookDown{side}") - shape(f"eyeLookUp{side}")
        eyes += [yaw, pitch, torch.zeros_like(yaw)]
    return torch.stack(eyes, 1) * MAX_GAZE_DEG
