"""F of the compact family, whose volume also holds the picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import (
    BASE_SIZE_PX,
    VOLUME_CHANNELS,
    VOLUME_DEPTH,
    VOLUME_SIZE,
    ResidualBlock,
    channels_last,
    conv,
    group_norm,
    resize,
    scaled,
    zero_initialised_blocks,
)
from .relief import RELIEF_CHANNELS, Relief, ReliefPredictor

_FOLD = 2
"""Pixels of a relief along a side of a cell of the volume."""
RELIEF_SLOTS = RELIEF_CHANNELS * _FOLD**2 // VOLUME_DEPTH
"""Channels of the volume that hold a relief."""


class CompactAppearanceExtractor(nn.Module):
    """F: face -> volume whose first channels are learned and whose others are the face itself.

    The decoder warps the source's own pixels (the RGB warp skip), so the volume holds them:
    one tensor to cache, batch and move, as with the published model.
    """

    def __init__(
        self, width: float = 1.0, blocks: int = 0, *, relief_blocks: int | None = None
    ) -> None:
        """Untrained.

        Args:
            width: Multiplies the channels.
            blocks: Residual blocks beyond the first form.
            relief_blocks: The same of the relief; None for a network without one.
        """
        super().__init__()
        low, high = scaled(24, width), scaled(64, width)
        self.layers = nn.Sequential(
            conv(3, low, 5, 2),
            nn.ReLU(inplace=True),
            conv(low, high, 3, 2),
            group_norm(high),
            nn.ReLU(inplace=True),
            ResidualBlock(high),
            ResidualBlock(high),
            conv(high, VOLUME_CHANNELS * VOLUME_DEPTH, 1),
        )
        self.deeper = zero_initialised_blocks(high, blocks)
        self.relief_blocks = relief_blocks
        self.relief = None if relief_blocks is None else ReliefPredictor(high, width, relief_blocks)

    def forward(self, face: Tensor) -> Tensor:
        """Volume of (B, 3, P, P) faces in [0, 1], P a multiple of 128.

        Returns:
            (B, 16 + P^2 / 2048, 6, 32, 32); with a relief (B, 18 + P^2 / 2048, 6, 32, 32).
        """
        small = channels_last(resize(face, BASE_SIZE_PX) * 2 - 1).to(next(self.parameters()).dtype)
        features = self.deeper(self.layers[:-1](small))
        parts = [self.layers[-1](features)]
        if self.relief is not None:
            parts.append(F.pixel_unshuffle(self.relief(features, face), _FOLD))
        parts.append(F.pixel_unshuffle(face, face.shape[-1] // VOLUME_SIZE))
        return torch.cat([_in_slices(part.float()) for part in parts], 1)


class Volume(NamedTuple):
    """What F put into one tensor; all float32."""

    learned: Tensor
    """(B, 16, 6, 32, 32)."""
    face: Tensor
    """(B, 3, P, P)."""
    relief: Relief | None = None


def unpack(volume: Tensor, *, with_relief: bool = False) -> Volume:
    """The parts of a volume.

    Args:
        volume: From F.
        with_relief: Whether that F gives one.
    """
    volume = volume.float()
    slots = RELIEF_SLOTS if with_relief else 0
    counts = (VOLUME_CHANNELS, slots, volume.shape[1] - VOLUME_CHANNELS - slots)
    learned, relief, pixels = volume.split(counts, 1)
    flat = pixels.flatten(1, 2)
    face = F.pixel_shuffle(flat, round((int(flat.shape[1]) / 3) ** 0.5))
    if not with_relief:
        return Volume(learned, face)
    return Volume(learned, face, Relief.of(F.pixel_shuffle(relief.flatten(1, 2), _FOLD)))


def _in_slices(flat: Tensor) -> Tensor:
    return flat.unflatten(1, (-1, VOLUME_DEPTH))
