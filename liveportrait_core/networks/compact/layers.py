"""Layers and samplers that the compact networks share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BASE_SIZE_PX = 128
"""Side that F, M, W and G work at; pictures of a multiple of it are warped at full size."""
DETAIL_SIZE_PX = 256
"""Additional side at which M reads and G generates, in a preset with `detail_px` of it."""
VOLUME_SIZE = 32
"""Side of the feature volume's slices."""
VOLUME_DEPTH = 6
"""Slices of the feature volume."""
VOLUME_CHANNELS = 16
"""Learned channels of the feature volume."""
FINE_SIZE = 64
"""Side at which the dense motion is decided."""


def scaled(channels: int, width: float) -> int:
    """A channel count for a width, a multiple of 8 so that group norms divide it."""
    return max(8, round(channels * width / 8) * 8)


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """A 2D convolution that keeps the picture's extent."""
    return nn.Conv2d(inputs, outputs, size, stride, size // 2)


def group_norm(channels: int) -> nn.GroupNorm:
    """Group norm of eight groups."""
    return nn.GroupNorm(8, channels)


class ResidualBlock(nn.Module):
    """Pre-activation residual block: x + conv(relu(norm(conv(relu(norm(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = group_norm(channels), conv(channels, channels)
        self.norm2, self.conv2 = group_norm(channels), conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        x1 = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(x1)))


def zero_initialised_blocks(channels: int, count: int) -> nn.Sequential:
    """Residual blocks that are the identity until they are trained: a network can grow by them."""
    blocks = [ResidualBlock(channels) for _ in range(count)]
    for block in blocks:
        zero_initialise(block.conv2)
    return nn.Sequential(*blocks)


def zero_initialise(layer: nn.Conv2d) -> None:
    """Set a convolution's weight and bias to zero, in place."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def pixel_centres(size: int, like: Tensor) -> Tensor:
    """(size,) centres of pixels in [-1, 1] from edge to edge, float32."""
    return (torch.arange(size, device=like.device, dtype=torch.float32) + 0.5) / size * 2 - 1


def identity_grid(size: int, like: Tensor) -> Tensor:
    """(1, size, size, 2) where each pixel reads itself, x then y."""
    centres = pixel_centres(size, like)
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack((x, y), -1)[None]


def heat_maps(keypoints: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussians at keypoints.

    Args:
        keypoints: (B, K, 2 or 3), x and y used.
        size: Side of the maps.
        sigma: Standard deviation in crop units.

    Returns:
        (B, K, size, size) with 1 at a keypoint.
    """
    centres = pixel_centres(size, keypoints)
    x, y = (
        torch.exp(-(centres - keypoints[..., axis, None]).square() / (2 * sigma**2))
        for axis in (0, 1)
    )
    return y[..., :, None] * x[..., None, :]


def sample(picture: Tensor, grid: Tensor) -> Tensor:
    """Bilinear (or trilinear) samples; outside, the border is repeated.

    Args:
        picture: (B, C, h, w) or (B, C, D, h, w).
        grid: (B, h, w, 2) or (B, D, h, w, 3) in [-1, 1] from edge to edge.
    """
    picture, grid = picture.float(), grid.float()
    return F.grid_sample(picture, grid, align_corners=False, padding_mode="border")


def resize(picture: Tensor, size: int) -> Tensor:
    """Bilinear up, area down; (B, C, h, h) -> (B, C, size, size)."""
    current = picture.shape[-1]
    if current == size:
        return picture
    if current % size == 0:
        return F.avg_pool2d(picture, current // size)  # the result of the next line, faster
    if current > size:
        return F.adaptive_avg_pool2d(picture, size)
    return F.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False)


def double(picture: Tensor) -> Tensor:
    """Nearest-neighbour enlargement by two."""
    return F.interpolate(picture, scale_factor=2.0)
