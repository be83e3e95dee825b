"""Gaussian averages along the frames, without delay."""

from __future__ import annotations

import math
from typing import Final, Literal

import torch
from torch import Tensor

Ends = Literal["held", "continued"]
"""What lies beyond the ends: the first and last value, or values that go on as they came."""

REACH: Final = 3
"""Standard deviations on either side that an average looks at."""


def reach_frames(sigma_frames: float) -> int:
    """Frames on either side that an average looks at."""
    return math.ceil(REACH * sigma_frames)


def gaussian_average(values: Tensor, sigma_frames: float, *, ends: Ends = "held") -> Tensor:
    """Each column averaged along the frames by a Gaussian.

    Convention:
        - `held`: every average lies between the smallest and the largest value
        - `continued`: reflected in the end points, f(-k) = 2 f(0) - f(k), so that the first and
          the last value stay, and values at a constant step are left as they are

    Args:
        values: (N, D).
        sigma_frames: The standard deviation; 0 changes nothing.
        ends: What lies beyond the ends.

    Returns:
        (N, D); one frame is returned as it is.
    """
    reach = reach_frames(sigma_frames)
    if reach < 1 or len(values) <= 1:
        return values
    offsets = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    weights = torch.exp(-0.5 * (offsets / sigma_frames) ** 2)
    windows = _extended(values, reach, ends).unfold(0, 2 * reach + 1, 1)  # (N, D, 2 reach + 1)
    return windows @ (weights / weights.sum())


def _extended(values: Tensor, reach: int, ends: Ends) -> Tensor:
    """(N + 2 reach, D) the values and what lies beyond their ends."""
    last = len(values) - 1
    frames = torch.arange(-reach, last + reach + 1, device=values.device)
    if ends == "held":
        return values[frames.clamp(0, last)]
    # there and back is one period, after which all has risen by twice the way from end to end
    periods = torch.div(frames, 2 * last, rounding_mode="floor")
    rest = frames - periods * 2 * last
    is_back = (rest > last)[:, None]
    there = values[torch.where(rest > last, 2 * last - rest, rest)]
    rise = 2 * periods[:, None] * (values[last] - values[0])
    return torch.where(is_back, 2 * values[last] - there, there) + rise
