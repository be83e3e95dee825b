"""Losses on the dense motion, against the renderer's truth."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def flow_distance(flow: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of |u| + |v| differences.

    Args:
        flow: (B, 2, h, h) in [-1, 1].
        truth: (B, 2, h, h).
        weights: (B, 1, h, h).
    """
    return ((flow - truth).abs().sum(1, keepdim=True) * weights).sum() / weights.sum()


def masked_cross_entropy(logit: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy over the samples that a (B, 1, 1, 1) mask of 0 and 1 leaves in."""
    loss = F.binary_cross_entropy_with_logits(logit, target, reduction="none").mean(
        (1, 2, 3), keepdim=True
    )
    return (loss * mask).sum() / mask.sum().clamp(min=1.0)
