"""Head pose: classifier bins to degrees; the rotations themselves live in `geometry`."""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry import degrees_from_rotation, rotation_from_degrees

__all__ = [
    "NUM_POSE_BINS",
    "degrees_from_bins",
    "degrees_from_rotation",
    "rotation_from_degrees",
]

NUM_POSE_BINS = 66
BIN_WIDTH_DEG = 3.0
FIRST_BIN_DEG = -97.5


def degrees_from_bins(logits: Tensor) -> Tensor:
    """Angle of each head-pose classifier: the expectation over 66 bins of 3 degrees.

    Convention:
        - bin i stands for 3 i - 97.5 degrees, so the range is -97.5 to 97.5
        - (the helpers of PerformRecast and KDTalker use -99; those are other models)

    Args:
        logits: (B, 66) unnormalised log-probabilities.

    Returns:
        (B,) degrees.
    """
    bins = torch.arange(NUM_POSE_BINS, dtype=logits.dtype, device=logits.device)
    return (logits.softmax(dim=1) * bins).sum(dim=1) * BIN_WIDTH_DEG + FIRST_BIN_DEG
