"""The frame of a driver that is nearest to a neutral face."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from .types import Motion

MAX_TURN_DEG: Final = 12.0
"""Largest difference of yaw, pitch and roll from the driver's median in a neutral frame."""
MAX_EYES_SHUT: Final = 0.35
"""Largest share of the median eye opening that is missing in a neutral frame."""
MAX_LIP_OPEN: Final = 0.12
"""Largest lip opening of a neutral frame, above that of the driver's shut mouth."""
SHUT_QUANTILE: Final = 0.1
"""Quantile of the lip opening that counts as the driver's shut mouth."""
WINDOW_S: Final = 0.4
"""Seconds after the first neutral frame in which the best one is taken."""


def neutral_frame(motion: Motion) -> int:
    """The frame that relative motion is measured from  (Eq. 7, i = 0).

    Convention:
        - a frame is near neutral when every part of `distances_from_neutral` is at most 1
        - the first frame where it is near neutral; else the best measured one, by the sum of
          squares, within `WINDOW_S` of the first that is near neutral; without any the best of
          all, where its sum is less than half of the first frame's

    Args:
        motion: Of a driver.

    Returns:
        The number of the frame, from 0.
    """
    distances = distances_from_neutral(motion)
    near = (distances <= 1).all(1)
    if bool(near[0]):
        return 0
    score = distances.square().sum(1)
    measured = torch.ones_like(near) if motion.validity is None else (motion.validity == 1).cpu()
    frames = torch.arange(len(near))
    candidates = measured & near
    if bool(candidates.any()):
        start = int(frames[candidates][0])
        candidates &= frames <= start + WINDOW_S * float(motion.fps)
    else:
        candidates = measured & (2 * score < score[0])
    if not bool(candidates.any()):
        return 0
    return int(score.masked_fill(~candidates, torch.inf).argmin())


def distances_from_neutral(motion: Motion) -> Tensor:
    """How far each frame is from a neutral face, by the driver's own median.

    Returns:
        (B, 3 to 5) >= 0: yaw, pitch and roll, then eyes and lip where they are known; 1 is the
        largest distance of a neutral frame.
    """
    pose = motion.pose_deg.detach().cpu().double()
    parts = [(pose - pose.median(0).values).abs() / MAX_TURN_DEG]
    if motion.eyes_open is not None:
        eyes = motion.eyes_open.detach().cpu().double().mean(1)
        shut = 1 - eyes / eyes.median().clamp(min=1e-6)
        parts.append((shut / MAX_EYES_SHUT).clamp(min=0)[:, None])
    if motion.lip_open is not None:
        lip = motion.lip_open.detach().cpu().double()[:, 0]
        opened = lip - lip.quantile(SHUT_QUANTILE)
        parts.append((opened / MAX_LIP_OPEN).clamp(min=0)[:, None])
    return torch.cat(parts, 1)
