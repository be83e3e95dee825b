"""Motion of frames without a face, out of the frames around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any, Final

import torch
from torch import Tensor

from .edit import blend
from .smoothing import smooth_step
from .types import Motion, tensor_fields

EASE_S: Final = 0.2
"""Seconds in which a motion that was held turns into that of the face that came back."""
SLOW_S: Final = 0.1
"""Seconds before and after the loss of a face in which its motion slows down to the held one."""


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
        - a motion that is held from frame a on slows down to it (`slowing_times`)

    Args:
        motion: N frames.
        known: Which of them are known; at least one.
        held: Which of the others say nothing of how the face moved there; None: none.

    Returns:
        N frames; the known ones are untouched, but for those just before a motion is held.
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
    longest = max(1, round(EASE_S * float(motion.fps)))
    if held is not None and any(held):
        late = smooth_step(1 - (after - frames) / length.clamp(max=longest))
        num_held = torch.cat((torch.zeros(1), torch.tensor(held).cumsum(0)))
        is_held = num_held[after] > num_held[before]
        weights = torch.where(is_held, late, weights)
    filled = blend(motion[before], motion[after], weights)
    whole = _with_rows(motion, filled, ~torch.tensor(known))
    if held is None or not any(held):
        return whole
    times = slowing_times(known, held, slow=round(SLOW_S * float(motion.fps)), ease=longest)
    low = times.floor().long()
    slowed = blend(whole[low], whole[(low + 1).clamp(max=len(motion) - 1)], times - low)
    return _with_rows(whole, slowed, times != frames)


def slowing_times(known: Sequence[bool], held: Sequence[bool], *, slow: int, ease: int) -> Tensor:
    """The time whose motion each frame shows, so that a motion comes to rest where it is held.

    With a the last known frame and n frames: t up to a - n, then
    a - n + 2 n (u - u^2 / 2), u = (t - a + n) / (2 n), which is a from a + n on: no frame is made
    up, and the speed changes without a step.

    Convention:
        - n is smaller where fewer frames are known before, or the gap is shorter: the `ease`
          last frames of a gap are not touched
        - frames behind a + n keep their own time

    Args:
        known: Which frames are known.
        held: Which of the others are to be held.
        slow: n.
        ease: Frames in which a held motion turns into the next one.

    Returns:
        (N,) float64 times in frames.
    """
    times = torch.arange(len(known), dtype=torch.float64)
    runs = [
        (is_known, list(run)) for is_known, run in groupby(range(len(known)), known.__getitem__)
    ]
    for (is_known, before), (_, gap) in pairwise(runs):
        if not is_known or not any(held[frame] for frame in gap):
            continue
        is_last = gap[-1] == len(known) - 1
        n = min(slow, len(before) - 1, len(gap) - (0 if is_last else ease))
        if n > 0:
            last = before[-1]
            span = slice(last - n, last + n + 1)
            u = (times[span] - last + n) / (2 * n)
            times[span] = last - n + 2 * n * (u - u**2 / 2)
    return times


def _with_rows(motion: Motion, other: Motion, rows: Tensor) -> Motion:
    """The motion with some frames of another; its validity and shots stay."""
    rows = rows.to(motion.expression.device)
    changes: dict[str, Any] = {}
    for name in tensor_fields():
        old: Tensor | None = getattr(motion, name)
        if old is not None and name not in ("validity", "shot"):
            new: Tensor = getattr(other, name)
            changes[name] = torch.where(rows.view(-1, *[1] * (old.ndim - 1)), new, old)
    return replace(motion, **changes)
