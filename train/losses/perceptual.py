"""Picture losses that need no downloaded network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def pyramid_distance(image: Tensor, truth: Tensor, weights: Tensor, levels: int = 4) -> Tensor:
    """L1 of pixels and of gradients over a pyramid, each picture's level normalised by its weights.

    Args:
        image: (B, 3, h, h).
        truth: (B, 3, h, h).
        weights: (B, 1, h, h); each picture is normalised by their sum.
        levels: Halvings, the full size included; pixels of the first level count 1.5.
    """
    total = image.new_zeros(())
    for level in range(levels):
        norm = weights.sum((1, 2, 3)) * image.shape[1]
        pixels = ((image - truth).abs() * weights).sum((1, 2, 3)) / norm
        total = total + pixels.mean() * (1.5 if level == 0 else 1.0)
        for axis in (-1, -2):
            slope = (image.diff(dim=axis) - truth.diff(dim=axis)).abs()
            start = weights.narrow(axis, 1, weights.shape[axis] - 1)
            total = total + ((slope * start).sum((1, 2, 3)) / norm).mean()
        image, truth, weights = (F.avg_pool2d(x, 2) for x in (image, truth, weights))
    return total


def feature_distance(features: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """Mean over layers and pictures of the L1 between activations, relative to their mean size.

    Args:
        features: (B, C, h, h) each, of the picture.
        truth: The same of the true picture, without gradient.
    """
    total = features[0].new_zeros(())
    for ours, theirs in zip(features, truth, strict=True):
        size = theirs.abs().mean((1, 2, 3)).clamp(min=1e-6)
        total = total + ((ours - theirs).abs().mean((1, 2, 3)) / size).mean()
    return total / len(features)


def activation_distance(features: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """Sum over the layers of the mean L1 between activations, as published for VGG19.

    Args:
        features: (B, C, h, h) each, of the picture.
        truth: The same of the true picture, without gradient.
    """
    pairs = zip(features, truth, strict=True)
    return torch.stack([(ours - theirs).abs().mean() for ours, theirs in pairs]).sum()


def weighted_l1(image: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Mean of |image - truth| times (B, 1, h, h) weights."""
    return ((image - truth).abs() * weights).mean()
