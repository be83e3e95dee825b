"""Windows about eyes: those whose iris can only be guessed, and how windows are changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.networks.compact.eyes import EyeView, iris_ring
from liveportrait_core.networks.compact.skin import skin_chroma

from ..engine.draw import Draw
from .part_windows import PartWindows, WindowKind, lights, tints

EyeWindows = PartWindows[EyeView]
LEAST_KNOWN = 0.5
"""How far the colour of the source's iris is known, below which the true one is a guess."""
LEAST_RING_PX = 10
"""Pixels of a true iris whose colour counts."""
BROWNEST = 1.15
"""Red over blue of an iris under white light, from which it is brown."""


def have_guessed_irises(windows: EyeWindows) -> Tensor:
    """(B,) whether the true iris has another colour than brown, and the source does not show it.

    Guesses of all colours are grey or teal on average, and brown is the colour of most people's.

    Args:
        windows: In numbers.
    """
    truth = windows.truth
    ring = iris_ring(windows.view.driving_points, truth.shape[-1]) * windows.inside
    size = ring.sum((1, 2, 3))
    colour = (truth * ring).sum((2, 3)) / size.clamp(min=1)[:, None]
    red, green, blue = (colour / skin_chroma(windows.view.skin)).unbind(1)
    is_brown = (red > BROWNEST * blue) & (red > green)
    return (windows.view.iris[:, 3] < LEAST_KNOWN) & (size >= LEAST_RING_PX) & ~is_brown


EYE_WINDOWS: Final = WindowKind(
    name="eyes",
    view=EyeView,
    left_out=have_guessed_irises,
    reason="have irises that are not brown and that the source does not show",
)


def changed_eyes(windows: EyeWindows, draw: Draw) -> EyeWindows:
    """Windows in another light, and with eyes of G in wrong colours.

    Convention:
        - the light changes all that a window shows alike; the wrong colour is in G's picture alone
    """
    windows = windows.to(torch.device("cpu"))
    view, count = windows.view, len(windows)
    gain, tint = lights(draw, count), tints(draw, count)
    soft = F.avg_pool2d(windows.inside, 5, 1, 2)
    picture = (view.picture + soft * tint[..., None, None]).clamp(0, 1)

    def lit(x: Tensor) -> Tensor:
        return (x * gain[..., None, None]).clamp(0, 1)

    colour, known = view.iris.split((3, 1), 1)
    return replace(
        windows,
        view=replace(
            view,
            picture=lit(picture),
            source=lit(view.source),
            moved=lit(view.moved),
            skin=(view.skin * gain).clamp(0, 1),
            iris=torch.cat(((colour * gain).clamp(0, 1), known), 1),
        ),
        truth=lit(windows.truth),
    )
