"""Motion of frames without a face, out of the frames around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor

from .edit import blend
from .types import Motion, tensor_fields

EASE_S: Final = 0.2
"""Seconds in which a motion that was held turns into that of the face that came back."""


def interpolate_missing(
    motion: Motion, known: Sequence[bool], held: Sequence[bool] | None = None
) -> Motion:
    """Frames that are not known take values between those of their known neighbours.

    Convention:
        - a gap with u = (t - a) / (b - a), a and b the known frames around it, takes
          (1 - u) m_a + u m_b
        - a gap with a frame that is to be held keeps m_a, and turns into m_b within the last
          n = min(b - a, 0.2 s): v = clamp(1 - (b - t) / n, 0, 1), u = v^2 (3 - 2 v)
        - before the first and after the last known frame those are held

    Args:
        motion: N frames.
        known: Which of them are known; at least one.
        held: Which of the others say nothing of how the face moved there; None: none.

    Returns:
        N frames; the known ones are untouched.
    """
    if all(known):
        return motion
    right = torch.tensor([frame for frame, is_known in enumerate(known) if is_known])
    frames = torch.arange(len(motion))
    place = torch.searchsorted(right, frames)
    after = right[place.clamp(max=len(right) - 1)]
    before = right[(place - (after != frames).long()).clamp(min=0)].minimum(after)
    length = (after - before).clamp(min=1)
    weights = ((frames - before) / length).clamp(0, 1)
    if held is not None and any(held):
        longest = max(1, round(EASE_S * float(motion.fps)))
        late = (1 - (after - frames) / length.clamp(max=longest)).clamp(0, 1)
        num_held = torch.cat((torch.zeros(1), torch.tensor(held).cumsum(0)))
        is_held = num_held[after] > num_held[before]
        weights = torch.where(is_held, late**2 * (3 - 2 * late), weights)
    filled = blend(motion[before], motion[after], weights)
    keep = torch.tensor(known, device=motion.expression.device)
    changes: dict[str, Any] = {}
    for name in tensor_fields():
        old: Tensor | None = getattr(motion, name)
        if old is not None and name not in ("validity", "shot"):
            new: Tensor = getattr(filled, name)
            changes[name] = torch.where(keep.view(-1, *[1] * (old.ndim - 1)), old, new)
    return replace(motion, **changes)
