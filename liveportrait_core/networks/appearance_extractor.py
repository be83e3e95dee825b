"""F: a face crop -> its feature volume."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import ConvNorm


class _Residual(nn.Module):
    """x + conv(act(norm(conv(act(norm(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm3d(channels)
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm3d(channels)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(inner)))


class AppearanceExtractor(nn.Module):
    """F, the appearance feature extractor (Sec. 3.1): f_s = F(I_s).

    Two halvings in the picture plane, then the channels are split into channels x depth.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = (64, 128, 256),
        volume_channels: int = 32,
        volume_depth: int = 16,
        num_residual: int = 6,
    ) -> None:
        super().__init__()
        self.volume_depth = volume_depth
        self.stem = ConvNorm(3, widths[0])
        self.down = nn.ModuleList(ConvNorm(inputs, outputs) for inputs, outputs in pairwise(widths))
        self.to_volume = nn.Conv2d(widths[-1], volume_channels * volume_depth, 1)
        self.refine = nn.Sequential(*(_Residual(volume_channels) for _ in range(num_residual)))

    def forward(self, face: Tensor) -> Tensor:
        """The feature volume of a face.

        Args:
            face: (B, 3, 256, 256) RGB in [0, 1].

        Returns:
            (B, 32, 16, 64, 64).
        """
        x = self.stem(face.to(self.to_volume.weight.dtype))
        for block in self.down:
            x = F.avg_pool2d(block(x), 2)
        flat = self.to_volume(x)  # (B, 512, 64, 64), channel index c * 16 + depth
        return self.refine(flat.unflatten(1, (-1, self.volume_depth)))
