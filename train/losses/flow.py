"""Losses on the dense motion, against the renderer's truth."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def flow_distance(flow: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Mean over the pictures of the weighted mean of |u| + |v| differences.

    Args:
        flow: (B, 2, h, h) in [-1, 1].
        truth: (B, 2, h, h).
        weights: (B, 1, h, h).
    """
    distance = (flow - truth).abs().sum(1, keepdim=True) * weights
    return (distance.sum((1, 2, 3)) / weights.sum((1, 2, 3))).mean()


def masked_cross_entropy(logit: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean binary cross-entropy, 0 for samples that a (B, 1, 1, 1) mask of 0 and 1 leaves out."""
    return (F.binary_cross_entropy_with_logits(logit, target, reduction="none") * mask).mean()
