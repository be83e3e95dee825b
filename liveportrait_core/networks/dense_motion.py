"""W, first half: keypoints -> flow of each voxel, and occlusion in the source."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..graphs import is_exported
from .blocks import ConvNorm
from .convolutions import Conv2d, Conv3d
from .sampling import gathered

HEATMAP_VARIANCE = 0.01
"""Variance of a keypoint's heat map, squared crop units: a deviation of 0.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowField:
    """The motion between two faces that the keypoints give."""

    flow: Tensor
    """(B, D, h, w, 3) where each voxel is sampled in the source volume, in [-1, 1]."""
    occlusion: Tensor
    """(B, 1, h, w) in [0, 1]; 0 is hidden in the source."""
    mask: Tensor
    """(B, K + 1, D, h, w) weight of each candidate; first the background, which stays."""


class _Hourglass(nn.Module):
    """U-net in three dimensions whose depth axis is never resized."""

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        sizes = (inputs, *widths[1:])
        self.down = nn.ModuleList(ConvNorm(a, b, volumetric=True) for a, b in pairwise(sizes))
        outputs = widths[-2::-1]
        skips = sizes[-2::-1]
        reads = (sizes[-1], *(a + b for a, b in zip(outputs, skips, strict=True)))
        self.up = nn.ModuleList(
            ConvNorm(a, b, volumetric=True, upscale=2) for a, b in zip(reads, outputs, strict=False)
        )
        self.out_channels = reads[-1]
        self.out = ConvNorm(self.out_channels, self.out_channels, volumetric=True)

    def forward(self, x: Tensor) -> Tensor:
        skips = [x]
        for block in self.down:
            x = block(skips[-1])
            # Slice by slice: the same sums as a (1, 2, 2) pool, which bfloat16 lacks on a CPU.
            skips.append(F.avg_pool2d(x.flatten(1, 2), 2).unflatten(1, x.shape[1:3]))
        x = skips.pop()
        for block in self.up:
            x = torch.cat((block(x), skips.pop()), 1)
        return self.out(x)


class DenseMotion(nn.Module):
    """The flow field between two sets of keypoints (face-vid2vid's, as LivePortrait uses it).

    Each keypoint gives a candidate flow, in which everything moves as it does; a 3-D hourglass
    gets the source warped by every candidate and predicts, per voxel, the candidates' weights.
    """

    def __init__(
        self,
        *,
        volume_channels: int = 32,
        volume_depth: int = 16,
        compressed_channels: int = 4,
        num_keypoints: int = 21,
        widths: tuple[int, ...] = (32, 64, 128, 256, 512, 1024),
    ) -> None:
        super().__init__()
        candidates = num_keypoints + 1
        self.compress = ConvNorm(volume_channels, compressed_channels, volumetric=True, size=1)
        self.hourglass = _Hourglass(candidates * (compressed_channels + 1), widths)
        channels = self.hourglass.out_channels
        self.mask = Conv3d(channels, candidates, 7, padding=3)
        self.occlusion = Conv2d(channels * volume_depth, 1, 7, padding=3)

    def forward(
        self, feature_volume: Tensor, source_keypoints: Tensor, driving_keypoints: Tensor
    ) -> FlowField:
        """The flow field.

        Args:
            feature_volume: (B, 32, 16, 64, 64).
            source_keypoints: (B, 21, 3).
            driving_keypoints: (B, 21, 3).

        Returns:
            Flow and mask in float32 at least, whatever the volume's type.
        """
        grid = identity_grid(feature_volume)
        source_keypoints = source_keypoints.to(grid.dtype)
        driving_keypoints = driving_keypoints.to(grid.dtype)
        compressed = self.compress(feature_volume)
        moved = sample_each_candidate(
            compressed, candidate_flows(grid, source_keypoints, driving_keypoints)
        )
        heat = heatmap_difference(source_keypoints, driving_keypoints, compressed)
        inputs = torch.cat((heat[:, :, None].to(moved.dtype), moved), 2)  # (B, K + 1, 1 + C, ...)
        prediction = self.hourglass(inputs.flatten(1, 2))
        mask = self.mask(prediction).to(grid.dtype).softmax(1)
        # The mask sums to one, so the mean of the candidates' flows is the grid and a mean shift.
        shift = F.pad(source_keypoints - driving_keypoints, (0, 0, 1, 0))
        flow = grid + torch.einsum("bkdhw,bkc->bdhwc", mask, shift)
        occlusion = self.occlusion(prediction.flatten(1, 2)).sigmoid()
        return FlowField(flow=flow, occlusion=occlusion, mask=mask)


def identity_grid(volume: Tensor) -> Tensor:
    """The coordinates of a volume's voxels.

    Convention:
        - last axis x right, y down, z into the image
        - -1 and 1 are the centres of the first and last voxel, yet the grid is sampled with
          `align_corners=False`: the published weights were trained with this mismatch

    Returns:
        (D, h, w, 3) float32, or the volume's type when that is wider.
    """
    dtype = torch.promote_types(volume.dtype, torch.float32)
    z, y, x = (_axis(size, volume.device, dtype) for size in volume.shape[2:])
    return torch.stack(torch.meshgrid(z, y, x, indexing="ij")[::-1], -1)


def candidate_flows(grid: Tensor, source_keypoints: Tensor, driving_keypoints: Tensor) -> Tensor:
    """(B, K + 1, D, h, w, 3): the flow of each candidate; first the grid, the background."""
    source, driving = (
        F.pad(keypoints, (0, 0, 1, 0))[:, :, None, None, None]
        for keypoints in (source_keypoints, driving_keypoints)
    )
    return grid - driving + source


def sample_each_candidate(volume: Tensor, flows: Tensor) -> Tensor:
    """(B, C, D, h, w) sampled at (B, N, D, h, w, 3) -> (B, N, C, D, h, w)."""
    moved = sample_volume(volume, flows.flatten(1, 2))  # the candidates lie along the depth axis
    return moved.unflatten(2, (flows.shape[1], -1)).transpose(1, 2)


def heatmap_difference(
    source_keypoints: Tensor, driving_keypoints: Tensor, volume: Tensor
) -> Tensor:
    """(B, K + 1, D, h, w): Gaussians at the driving minus the source keypoints; first zeros."""
    heat = _gaussians(driving_keypoints, volume) - _gaussians(source_keypoints, volume)
    return F.pad(heat, (0, 0, 0, 0, 0, 0, 1, 0))


def sample_volume(volume: Tensor, grid: Tensor) -> Tensor:
    """Sample (B, C, D, h, w) at (B, D', h', w', 3); outside is zero, the type is the volume's.

    Half precision would round the coordinates, so it samples in the grid's type.
    """
    volume_of_grid = volume.to(grid.dtype)
    sampled = (
        gathered(volume_of_grid, grid, beyond="zeros")
        if is_exported()
        else F.grid_sample(volume_of_grid, grid, align_corners=False)
    )
    return sampled.to(volume.dtype)


def _gaussians(keypoints: Tensor, volume: Tensor) -> Tensor:
    """(B, K, D, h, w): exp(-|p - k|^2 / 2 var), as the product of one factor for each axis."""
    x, y, z = (
        (
            -0.5 / HEATMAP_VARIANCE * (_axis(size, volume.device, at.dtype) - at[..., None]) ** 2
        ).exp()
        for size, at in zip(volume.shape[:1:-1], keypoints.unbind(-1), strict=True)
    )
    return torch.einsum("bkd,bkh,bkw->bkdhw", z, y, x)


def _axis(size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    return 2 * (torch.arange(size, device=device, dtype=dtype) / (size - 1)) - 1
