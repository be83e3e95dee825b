"""Motion of frames without a face, out of the frames around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any, Final

import torch
from torch import Tensor

from ..geometry import rotation_vector
from .edit import blend
from .smoothing import smooth_step
from .types import Motion, tensor_fields

EASE_S: Final = 0.2
"""Seconds in which a motion that was held turns into that of the face that came back."""
TRUST_S: Final = 0.2
"""Seconds beside a gap in which a face may be half covered."""
MAX_TURN_DEG_S: Final = 150.0
"""Degrees a second that a head turns beside a gap without being covered."""
MAX_GROWTH_S: Final = 0.75
"""The same of its size, as the logarithm of the scale."""
SLOW_S: Final = 0.1
"""Seconds before and after the loss of a face in which its motion slows down to the held one."""


def trusted(motion: Motion, known: Sequence[bool]) -> list[bool]:
    """Which of the known frames show the face whole, by the motion that was read there.

    What covers a face covers half of it first: the frames beside a gap then show it turned or of
    another size than it was a moment before.

    Convention:
        - a jump is a turn of more than `MAX_TURN_DEG_S`, or a change of log(scale) of more than
          `MAX_GROWTH_S`, from one frame to the next
        - of the known frames within `TRUST_S` of a gap, those between the gap and the jump that is
          farthest from it are not trusted; of a run between two gaps at least its middle is

    Args:
        motion: N frames, as they were read.
        known: Which of them are measured.
    """
    step_s = 1 / float(motion.fps)
    turn = rotation_vector(motion.rotation[1:] @ motion.rotation[:-1].mT).norm(dim=-1)
    growth = motion.scale[:, 0].log().diff().abs()
    jumps = (turn > math.radians(MAX_TURN_DEG_S) * step_s) | (growth > MAX_GROWTH_S * step_s)
    leaps, result = jumps.tolist(), list(known)
    for is_known, frames in groupby(range(len(known)), known.__getitem__):
        run = list(frames)
        reach = min(round(TRUST_S / step_s), (len(run) - 1) // 2)
        if not is_known or reach < 1:
            continue
        first, last = run[0], run[-1]
        if first > 0:
            after = [frame for frame in range(first, first + reach) if leaps[frame]]
            for frame in range(first, after[-1] + 1 if after else first):
                result[frame] = False
        if last < len(known) - 1:
            before = [frame for frame in range(last - reach, last) if leaps[frame]]
            for frame in range(before[0] + 1 if before else last + 1, last + 1):
                result[frame] = False
    return result


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
