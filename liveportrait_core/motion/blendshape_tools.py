"""Blendshapes made from blendshapes: mirrored, levelled, retimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import torch
from torch import Tensor

from .blendshapes import ARKIT_SHAPES, Blendshapes


def _other_side(name: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


OTHER_SIDE: Final = tuple(ARKIT_SHAPES.index(_other_side(name)) for name in ARKIT_SHAPES)
"""For each shape, the one on the other side of the face."""


def mirror_blendshapes(blendshapes: Blendshapes) -> Blendshapes:
    """The shapes as seen in a mirror: left is right, and the head turns and tilts the other way."""
    head_deg = blendshapes.head_deg
    known = frozenset(ARKIT_SHAPES[OTHER_SIDE[ARKIT_SHAPES.index(n)]] for n in blendshapes.known)
    return replace(
        blendshapes,
        weights=blendshapes.weights[:, list(OTHER_SIDE)],
        head_deg=None if head_deg is None else head_deg * head_deg.new_tensor((1.0, -1.0, -1.0)),
        known=known,
    )


def level_blendshapes(blendshapes: Blendshapes) -> Blendshapes:
    """The shapes with the head's median pitch, yaw and roll taken off."""
    head_deg = blendshapes.head_deg
    if head_deg is None:
        return blendshapes
    return replace(blendshapes, head_deg=head_deg - head_deg.median(0).values)


def on_even_grid(values: Tensor, places: Sequence[Fraction]) -> Tensor:
    """Values at every frame, linear between those that were recorded.

    Convention:
        - frame 0 is at the first place; a capture without gaps keeps its values: a row that is
          within half a frame of its place counts as in it

    Args:
        values: (N, D).
        places: Where each was recorded, in frames; N that rise.

    Returns:
        (B, D).
    """
    ahead = [place - places[0] for place in places]
    if all(abs(place - number) <= Fraction(1, 2) for number, place in enumerate(ahead)):
        return values
    at = torch.tensor([float(place) for place in ahead], dtype=torch.float64)
    frames = torch.arange(round(ahead[-1]) + 1, dtype=torch.float64)
    after = torch.searchsorted(at, frames).clamp(1, len(at) - 1)
    before = after - 1
    step = (at[after] - at[before]).clamp(min=1e-9)
    share = ((frames - at[before]) / step).clamp(0, 1).to(values)[:, None]
    return torch.lerp(values[before], values[after], share)


def retime_blendshapes(blendshapes: Blendshapes, fps: Fraction) -> Blendshapes:
    """The same shapes at another frame rate: same duration, linear between frames.

    Args:
        blendshapes: N frames.
        fps: Frames per second of the result, above 0.

    Returns:
        N fps / blendshapes.fps frames, rounded down and at least one.
    """
    if fps == blendshapes.fps:
        return blendshapes
    step = blendshapes.fps / fps
    frames = max(1, int(len(blendshapes) / step))
    places = [min(frame * step, Fraction(len(blendshapes) - 1)) for frame in range(frames)]
    before = torch.tensor([int(place) for place in places])
    share = torch.tensor([float(place - int(place)) for place in places])
    after = (before + 1).clamp(max=len(blendshapes) - 1)

    def between(values: Tensor) -> Tensor:
        return torch.lerp(values[before], values[after], share.to(values)[:, None])

    head_deg = blendshapes.head_deg
    return replace(
        blendshapes,
        weights=between(blendshapes.weights),
        head_deg=None if head_deg is None else between(head_deg),
        fps=fps,
    )
