"""Blocks that two or more of the published networks share."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .convolutions import Conv2d, Conv3d

MIN_CHANNELS = 2
"""Smallest channel count of a scaled layer."""


def scaled(channels: int, width: float, *, at_least: int = MIN_CHANNELS) -> int:
    """A published channel count at another width; the count itself at width 1."""
    return max(at_least, round(channels * width))


class ConvNorm(nn.Module):
    """Convolution, batch norm, (leaky) ReLU; of pictures or volumes.

    The size stays, or grows by `upscale`: then pixels are repeated first, slices are not.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        volumetric: bool = False,
        size: int = 3,
        upscale: int = 1,
        negative_slope: float = 0.0,
    ) -> None:
        super().__init__()
        conv, norm = (Conv3d, nn.BatchNorm3d) if volumetric else (Conv2d, nn.BatchNorm2d)
        self.conv = conv(inputs, outputs, size, padding=size // 2)
        self.norm = norm(outputs)
        self.upscale = upscale
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, ...) -> (B, outputs, ...)."""
        x = self.norm(self.conv.of_upsampled(x, self.upscale))
        if self.negative_slope:
            return F.leaky_relu(x, self.negative_slope, inplace=True)
        return F.relu(x, inplace=True)
