"""Adversarial losses (Eq. 4, L_G): hinge and feature matching."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def generator_hinge(logits: Tensor) -> Tensor:
    """-mean D(painted)."""
    return -logits.mean()


def discriminator_hinge(true_logits: Tensor, painted_logits: Tensor) -> Tensor:
    """Mean max(0, 1 - D(true)) + mean max(0, 1 + D(painted))."""
    return F.relu(1 - true_logits).mean() + F.relu(1 + painted_logits).mean()


def feature_matching(activations: Sequence[Tensor], true: Sequence[Tensor]) -> Tensor:
    """Mean over the layers of the L1 between a discriminator's activations."""
    pairs = list(zip(activations, true, strict=True))
    total = sum(((x - y).abs().mean() for x, y in pairs), start=pairs[0][0].new_zeros(()))
    return total / len(pairs)
