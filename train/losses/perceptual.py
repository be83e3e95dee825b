"""Picture losses that need no downloaded network."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def pyramid_distance(image: Tensor, truth: Tensor, weights: Tensor, levels: int = 4) -> Tensor:
    """L1 of pixels and of gradients over a pyramid, each level normalised by its weights.

    Args:
        image: (B, 3, h, h).
        truth: (B, 3, h, h).
        weights: (B, 1, h, h); the weighted regions take their share from the rest.
        levels: Halvings, the full size included; pixels of the first level count 1.5.
    """
    total = image.new_zeros(())
    for level in range(levels):
        norm = weights.sum() * image.shape[1]
        pixels = ((image - truth).abs() * weights).sum() / norm
        total = total + pixels * (1.5 if level == 0 else 1.0)
        for axis in (-1, -2):
            slope = (image.diff(dim=axis) - truth.diff(dim=axis)).abs()
            start = weights.narrow(axis, 1, weights.shape[axis] - 1)
            total = total + (slope * start).sum() / norm
        image, truth, weights = (F.avg_pool2d(x, 2) for x in (image, truth, weights))
    return total


def feature_distance(features: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """Mean over the layers of the L1 between activations, relative to their mean size.

    Args:
        features: (B, C, h, h) each, of the picture.
        truth: The same of the true picture, without gradient.
    """
    total = features[0].new_zeros(())
    for ours, theirs in zip(features, truth, strict=True):
        total = total + (ours - theirs).abs().mean() / theirs.abs().mean().clamp(min=1e-6)
    return total / len(features)


def weighted_l1(image: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Mean of |image - truth| times (B, 1, h, h) weights."""
    return ((image - truth).abs() * weights).mean()
