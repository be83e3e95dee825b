"""G: warped features -> the picture."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..graphs import is_graph
from .convolutions import Conv2d, both
from .outputs import Warped

NEGATIVE_SLOPE = 0.2
UPSCALE = 2
"""Side of a pixel shuffle's block: the last doubling."""


class _Spade(nn.Module):
    """Instance norm whose gain and offset come from the semantic map (SPADE)."""

    def __init__(self, channels: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        self.shared = Conv2d(map_channels, hidden, 3, padding=1)
        self.gamma = Conv2d(hidden, channels, 3, padding=1)
        self.beta = Conv2d(hidden, channels, 3, padding=1)

    def forward(self, normal: Tensor, semantic: Tensor, *, activated: bool = True) -> Tensor:
        """Gain and offset on a map that is normalised already (`_normal`), then leaky ReLU."""
        factor = normal.shape[-1] // semantic.shape[-1]
        gain, offset = both(
            self.gamma, self.beta, F.relu(self.shared.of_upsampled(semantic, factor))
        )
        x = torch.addcmul(offset, normal, gain).add_(normal)
        return F.leaky_relu(x, NEGATIVE_SLOPE, inplace=True) if activated else x


class _SpadeBlock(nn.Module):
    """Residual block whose norms are conditioned on the semantic map.

    The published blocks carry spectral norm; it is folded into the weights when they are
    loaded, which at inference gives the same bits.
    """

    def __init__(self, inputs: int, outputs: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.norm0 = _Spade(inputs, map_channels, hidden)
        self.conv0 = Conv2d(inputs, middle, 3, padding=1)
        self.norm1 = _Spade(middle, map_channels, hidden)
        self.conv1 = Conv2d(middle, outputs, 3, padding=1)
        self.resized = inputs != outputs
        if self.resized:
            self.shortcut_norm = _Spade(inputs, map_channels, hidden)
            self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor, semantic: Tensor) -> Tensor:
        normal = _normal(x)
        inner = self.conv0(self.norm0(normal, semantic))
        inner = self.conv1(self.norm1(_normal(inner), semantic))
        if not self.resized:
            return x + inner
        # The shortcut has no activation: the published weights were trained so.
        return self.shortcut(self.shortcut_norm(normal, semantic, activated=False)) + inner


class SpadeDecoder(nn.Module):
    """G, the generator (Sec. 3.1): SPADE blocks, two doublings and a pixel shuffle."""

    def __init__(
        self,
        *,
        in_channels: int = 256,
        widths: tuple[int, ...] = (512, 256, 64),
        hidden: int = 128,
        num_middle: int = 6,
    ) -> None:
        super().__init__()
        first = widths[0]
        self.stem = Conv2d(in_channels, first, 3, padding=1)
        self.middle = nn.ModuleList(
            _SpadeBlock(first, first, in_channels, hidden) for _ in range(num_middle)
        )
        self.up = nn.ModuleList(_SpadeBlock(a, b, in_channels, hidden) for a, b in pairwise(widths))
        self.to_pixels = nn.Conv2d(widths[-1], 3 * UPSCALE**2, 3, padding=1)

    def forward(self, warped: Warped) -> Tensor:
        """The picture.

        Args:
            warped: Output of W; features (B, 256, 64, 64).

        Returns:
            (B, 3, 512, 512) RGB in [0, 1].
        """
        semantic = warped.features.to(self.stem.weight.dtype)
        x = self.stem(semantic)
        for block in self.middle:
            x = block(x, semantic)
        for block in self.up:
            x = block(F.interpolate(x, scale_factor=2.0), semantic)
        return F.pixel_shuffle(self.to_pixels(F.leaky_relu(x, NEGATIVE_SLOPE)), UPSCALE).sigmoid()


def _normal(x: Tensor) -> Tensor:
    """Instance norm; of one picture as a batch norm, which keeps channels last in memory."""
    if len(x) == 1 and not is_graph():
        return F.batch_norm(x, None, None, training=True)
    return F.instance_norm(x)
