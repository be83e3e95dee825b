"""F of the compact family, whose volume also holds the picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import (
    BASE_SIZE_PX,
    VOLUME_CHANNELS,
    VOLUME_DEPTH,
    VOLUME_SIZE,
    ResidualBlock,
    conv,
    group_norm,
    resize,
    scaled,
    zero_initialised_blocks,
)


class CompactAppearanceExtractor(nn.Module):
    """F: face -> volume whose first channels are learned and whose others are the face itself.

    The decoder warps the source's own pixels (the RGB warp skip), so the volume holds them:
    one tensor to cache, batch and move, as with the published model.
    """

    def __init__(self, width: float = 1.0, blocks: int = 0) -> None:
        super().__init__()
        low, high = scaled(24, width), scaled(64, width)
        self.layers = nn.Sequential(
            conv(3, low, 5, 2),
            nn.ReLU(),
            conv(low, high, 3, 2),
            group_norm(high),
            nn.ReLU(),
            ResidualBlock(high),
            ResidualBlock(high),
            conv(high, VOLUME_CHANNELS * VOLUME_DEPTH, 1),
        )
        self.deeper = zero_initialised_blocks(high, blocks)

    def forward(self, face: Tensor) -> Tensor:
        """(B, 3, P, P) in [0, 1], P a multiple of 128 -> (B, 16 + P^2 / 2048, 6, 32, 32)."""
        small = (resize(face, BASE_SIZE_PX) * 2 - 1).to(next(self.parameters()).dtype)
        learned = self.layers[-1](self.deeper(self.layers[:-1](small)))
        pixels = F.pixel_unshuffle(face, face.shape[-1] // VOLUME_SIZE)
        return torch.cat([_in_slices(learned.float()), _in_slices(pixels.float())], 1)


def unpack(volume: Tensor) -> tuple[Tensor, Tensor]:
    """The learned volume (B, 16, 6, 32, 32) and the face (B, 3, P, P), both float32."""
    volume = volume.float()
    learned, pixels = volume[:, :VOLUME_CHANNELS], volume[:, VOLUME_CHANNELS:]
    flat = pixels.flatten(1, 2)
    return learned, F.pixel_shuffle(flat, round((flat.shape[1] / 3) ** 0.5))


def _in_slices(flat: Tensor) -> Tensor:
    return flat.unflatten(1, (-1, VOLUME_DEPTH))
