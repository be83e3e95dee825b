"""Convolutions with large kernels, as products of Fourier transforms of tiles."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

TILE_PX = 16
"""Side of the outputs of a tile; it reads k - 1 more. 64 pixels are four tiles without rest."""
CHANNELS_TOGETHER = 16
"""Channels whose tiles are transformed together: memory beside the spectrum stays small."""
FREQUENCIES_TOGETHER = 24
"""Frequencies whose kernels are transformed and multiplied together, for the same reason."""


def fourier_convolution(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Products of spectra in the picture; along the depth of a volume the plain sum.

    A tile's outputs are a circular correlation of what it reads: at each frequency the product of
    the map's spectrum with the conjugate of the kernel's. A frequency takes one matrix product
    over the channels for all taps of the depth, which are then added, shifted.

    Args:
        x: (B, C, D, h, w), float32.
        weight: (C', C, d, k, k), d and k odd; padded by zeros to keep the size.
        bias: (C',).

    Returns:
        (B, C', D, h, w).
    """
    outputs, channels, reach, side = weight.shape[:4]
    height, width = x.shape[-2:]
    tile = TILE_PX + side - 1
    taps = weight.permute(3, 4, 2, 0, 1).reshape(side**2, -1)  # (k k, d C' C)
    waves = _waves(tile, side, x.device)
    taps = taps.to(waves.dtype)
    rows = []
    for row in x:
        seen = _spectrum(row, side)  # (frequencies, C, D, tiles)
        product = seen.new_zeros((len(waves), outputs, *seen.shape[2:]))
        for first in range(0, len(waves), FREQUENCIES_TOGETHER):
            some = slice(first, first + FREQUENCIES_TOGETHER)
            kernel = (waves[some] @ taps).view(-1, reach * outputs, channels)
            parts = (kernel @ seen[some].flatten(2)).view(-1, reach, *product.shape[1:])
            _add_shifted(product[some], parts)
        spectra = product.view(tile, tile // 2 + 1, -1).permute(2, 0, 1)
        tiles = torch.fft.irfft2(spectra, s=(tile, tile))[:, :TILE_PX, :TILE_PX]
        across = -(-width // TILE_PX)
        tiles = tiles.reshape(outputs, x.shape[2], -1, across, TILE_PX, TILE_PX)
        rows.append(tiles.transpose(3, 4).flatten(4, 5).flatten(2, 3)[..., :height, :width])
    result = torch.stack(rows)
    return result if bias is None else result + bias[:, None, None, None]


def _waves(tile: int, side: int, device: torch.device) -> Tensor:
    """(tile * (tile // 2 + 1), k k): conjugate spectrum of a kernel's taps, rows before columns."""
    at = torch.arange(side, dtype=torch.float64)
    turns = (
        torch.outer(torch.arange(number, dtype=torch.float64), at) / tile
        for number in (tile, tile // 2 + 1)
    )
    down, across = (torch.exp(2j * math.pi * part) for part in turns)
    return torch.kron(down, across).to(device, torch.complex64)


def _spectrum(volume: Tensor, side: int) -> Tensor:
    """(C, D, h, w) -> (frequencies, C, D, tiles) of tiles that overlap by k - 1 pixels."""
    tile, half = TILE_PX + side - 1, side // 2
    down, across = (-size % TILE_PX + half for size in volume.shape[-2:])
    spectrum = None
    for first in range(0, len(volume), CHANNELS_TOGETHER):
        some = slice(first, first + CHANNELS_TOGETHER)
        padded = F.pad(volume[some], (half, across, half, down))
        tiles = padded.unfold(2, tile, TILE_PX).unfold(3, tile, TILE_PX).contiguous()
        found = torch.fft.rfft2(tiles).flatten(4).flatten(2, 3)  # (C, D, tiles, frequencies)
        if spectrum is None:
            spectrum = found.new_empty((found.shape[-1], len(volume), *found.shape[1:3]))
        spectrum[:, some] = found.permute(3, 0, 1, 2)
    assert spectrum is not None
    return spectrum


def _add_shifted(total: Tensor, parts: Tensor) -> None:
    """Add (F, d, C', D, tiles), each tap's moved along the depth, to (F, C', D, tiles)."""
    reach, depth = parts.shape[1], total.shape[2]
    for tap in range(reach):
        shift = tap - reach // 2
        low, high = max(0, -shift), min(depth, depth - shift)
        if low < high:
            total[:, :, low:high] += parts[:, tap, :, low + shift : high + shift]
