"""Slow travel of a driver that would take a still source out of its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from ..motion.gaussian import gaussian_average, reach_frames
from ..motion.smoothing import smooth_step

KNEE: Final = 0.8
"""Share of a limit up to which motion stays as it is."""
FADED_AT: Final = 1.2
"""Share of a limit from which nothing is left of slow travel; what is left of less never exceeds
0.82 of the limit."""
SLOW_S: Final = 0.3
"""Travel is slow as far as a Gaussian average of this standard deviation, in seconds, keeps it."""
FADE_S: Final = 0.5
"""Likewise how slowly a head goes back to its place."""


def faded_travel(travel: Tensor, limit: float, fps: float, shots: Sequence[slice]) -> Tensor:
    """What is to be taken away from a travel, so that its slow part does not go beyond a limit.

    w G(travel) in each shot, with G a Gaussian average over time (`SLOW_S`). With x the length of
    G(travel) over the limit, w is s((x - a) / (b - a)), s(u) = u^2 (3 - 2 u), a = `KNEE`,
    b = `FADED_AT`; of w the largest value within 3 `FADE_S` is taken, averaged over as much.

    Convention:
        - the first and the last frame of a shot are all slow, as is travel at a constant speed
        - so a head that leaves its limit stays in its place for seconds, instead of swaying out
          and back, and its fast movement goes on there

    Args:
        travel: (N, D).
        limit: Of its length.
        fps: Frames per second.
        shots: The frames of each shot.

    Returns:
        (N, D); exactly 0 in a shot whose every frame is within `KNEE` of the limit.
    """
    return torch.cat([_faded(travel[shot], limit, fps) for shot in shots])


def _faded(travel: Tensor, limit: float, fps: float) -> Tensor:
    slow = gaussian_average(travel, SLOW_S * fps, ends="continued")
    # an average that goes on beyond the ends may be a little longer than all it is made of
    share = slow.norm(dim=-1).minimum(travel.norm(dim=-1).max()) / limit
    weight = smooth_step((share - KNEE) / (FADED_AT - KNEE))
    reach = reach_frames(FADE_S * fps)
    largest = torch.nn.functional.max_pool1d(weight[None], 2 * reach + 1, stride=1, padding=reach)
    return gaussian_average(largest[0, :, None], FADE_S * fps) * slow
