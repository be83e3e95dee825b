"""Samples of volumes as sums of their voxels: rows of a table, weighed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


def voxels_around(grid: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The eight voxels around each place of a volume, and what they weigh in a trilinear sample.

    Convention:
        - [-1, 1] from edge to edge, not between the centres of voxels (`align_corners=False`)
        - beyond the volume its border is repeated

    Args:
        grid: (B, D', h', w', 3) x, y, z.
        size: (D, h, w) of the volume.

    Returns:
        (B, N, 8) numbers of voxels, counted along x first, and (B, N, 8) their shares, of sum 1.
    """
    depth, height, width = size
    sides = grid.new_tensor((width, height, depth))
    ends = sides - 1
    places = torch.addcmul(ends / 2, grid.flatten(1, 3), sides / 2)  # (B, N, 3) in voxels
    places = places.clamp(min=0).minimum(ends)
    first = places.floor().minimum((ends - 1).clamp(min=0)).nan_to_num(0.0)  # of its index alone
    after = places - first
    x, y, z = torch.stack((1 - after, after), 2).unbind(-1)  # (B, N, 2) shares of both neighbours
    shares = (z[..., None] * y[:, :, None]).flatten(2)[..., None] * x[:, :, None]
    origin = (first @ grid.new_tensor((1.0, width, height * width))).long()
    corners = product(*((0, min(1, side - 1)) for side in (depth, height, width)))
    steps = [z * height * width + y * width + x for z, y, x in corners]
    return origin[..., None] + torch.tensor(steps, device=grid.device), shares.flatten(2)


def gathered(
    volume: Tensor, grid: Tensor, *, beyond: Literal["border", "zeros"] = "border"
) -> Tensor:
    """`F.grid_sample` of a volume, `align_corners=False`, in operators that ONNX has.

    Args:
        volume: (B, C, D, h, w).
        grid: (B, D', h', w', 3) x, y, z in [-1, 1] from edge to edge.
        beyond: What is sampled outside: the border again, or zeros.

    Returns:
        (B, C, D', h', w').
    """
    if beyond == "zeros":  # a volume with a border of zeros, repeated
        before = grid.new_tensor(volume.shape[:1:-1])
        volume = F.pad(volume, (1, 1, 1, 1, 1, 1))
        grid = grid * (before / (before + 2))
    voxels, shares = voxels_around(grid, volume.shape[2:])
    batch = volume.shape[0]
    table = volume.flatten(2).transpose(1, 2).flatten(0, 1)  # (B D h w, C)
    firsts = torch.arange(batch, device=grid.device) * (table.shape[0] // batch)
    rows = (voxels + firsts[:, None, None]).flatten(0, 1).unbind(-1)
    weights = shares.flatten(0, 1).split(1, -1)
    total = table.index_select(0, rows[0]) * weights[0]
    for row, weight in zip(rows[1:], weights[1:], strict=True):
        total = total + table.index_select(0, row) * weight
    sampled = total.unflatten(0, (batch, -1)).transpose(1, 2)  # (B, C, N)
    return sampled.unflatten(2, grid.shape[1:4])
