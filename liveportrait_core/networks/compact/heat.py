"""A convolution of heat maps, from the factors of each instead of its pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import heat_factors

FOLD = 2
"""Pixels along a side of what a folded map keeps as channels."""


def convolved_heat_maps(keypoints: Tensor, size: int, sigma: float, weight: Tensor) -> Tensor:
    """What a convolution makes of `folded_heat_maps`, padded by zeros to keep the extent.

    A Gaussian is the product of one of its row and one of its column, so that a kernel can be
    summed over columns first and then over rows: a third of the multiplications.

    Args:
        keypoints: (B, K, 2 or 3), x and y used.
        size: Side of the maps before they are folded.
        sigma: Standard deviation in crop units.
        weight: (C', 4 K, 3, 3).

    Returns:
        (B, C', size / 2, size / 2), channels last.
    """
    batch, count = keypoints.shape[:2]
    outputs, _, side, _ = weight.shape
    reach = side * FOLD  # pixels of the maps along a kernel
    kernel = weight.unflatten(1, (count, FOLD, FOLD)).permute(1, 4, 2, 5, 3, 0)
    kernel = kernel.reshape(count * reach, reach, outputs)  # (K rows, columns, C')
    columns, rows = (
        F.pad(factor, (0, 0, FOLD, FOLD)).unfold(1, reach, FOLD)  # (B, size / 2, K, reach)
        for factor in heat_factors(keypoints, size, sigma)
    )
    seen = columns.transpose(1, 2).repeat_interleave(reach, 1)  # (B, K rows, size / 2, columns)
    summed = torch.matmul(seen, kernel)  # (B, K rows, size / 2, C')
    result = rows.flatten(2) @ summed.flatten(2)
    return result.view(batch, size // FOLD, size // FOLD, outputs).permute(0, 3, 1, 2)
