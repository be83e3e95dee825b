"""Convolutions of the published networks with fewer multiplications, where that is quicker.

Every form gives what the plain convolution gives, up to rounding. Nothing is kept between calls:
weights are transformed anew each time, which costs a few per cent and no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .fourier import fourier_convolution

FOURIER_SIDE = 7
"""Smallest side of a kernel, in the picture and along the depth, for products of spectra."""
FOURIER_PRODUCTS = 1024
"""Fewest pairs of channels for products of spectra: transforms cost as much with fewer."""
WINOGRAD_READS = 128
"""Fewest numbers that Winograd's sums are over, channels times depth of the kernel."""
WINOGRAD_OUTPUTS = 128
"""Fewest channels that Winograd gives. Below either number the transforms cost what it saves."""
FEWEST_POSITIONS = 64 * 64
"""Fewest positions for which weights are transformed: of a slice for Winograd's form, of a whole
output for phases. Of one row: the form does not depend on the batch."""

TILE_PX = 4
"""Side of the outputs of a tile of Winograd's; it reads 6 x 6."""
STRIP_TILES = 2**17
"""Tiles that are transformed together, each counted for every slice and channel of it: they stay
near the processor, and memory stays small."""

_READ = (
    (4.0, 0.0, -5.0, 0.0, 1.0, 0.0),
    (0.0, -4.0, -4.0, 1.0, 1.0, 0.0),
    (0.0, 4.0, -4.0, -1.0, 1.0, 0.0),
    (0.0, -2.0, -1.0, 2.0, 1.0, 0.0),
    (0.0, 2.0, -1.0, -2.0, 1.0, 0.0),
    (0.0, 4.0, 0.0, -5.0, 0.0, 1.0),
)
_WEIGH = (
    (1 / 4, 0.0, 0.0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0.0, 0.0, 1.0),
)
_GIVE = (
    (1.0, 1.0, 1.0, 1.0, 1.0, 0.0),
    (0.0, 1.0, -1.0, 2.0, -2.0, 0.0),
    (0.0, 1.0, 1.0, 4.0, 4.0, 0.0),
    (0.0, 1.0, -1.0, 8.0, -8.0, 1.0),
)
"""B^T, G and A^T of F(4, 3): Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks"
(2016), Sec. 4.3."""


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, in another form where that is quicker (`_quicker_form`)."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h', w')."""
        form = _quicker_form(self, input)
        return form(input, self.weight, self.bias) if form else super().forward(input)

    def of_upsampled(self, x: Tensor, factor: int) -> Tensor:
        """(B, C, h, w) whose pixels are repeated first -> (B, C', factor h, factor w)."""
        return _of_upsampled(self, x, factor)


class Conv3d(nn.Conv3d):
    """`nn.Conv3d`, in another form where that is quicker (`_quicker_form`)."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, D, h, w) -> (B, C', D', h', w')."""
        form = _quicker_form(self, input)
        return form(input, self.weight, self.bias) if form else super().forward(input)

    def of_upsampled(self, x: Tensor, factor: int) -> Tensor:
        """(B, C, D, h, w), pixels repeated, slices not -> (B, C', D, factor h, factor w)."""
        return _of_upsampled(self, x, factor)


def _quicker_form(
    conv: Conv2d | Conv3d, x: Tensor
) -> Callable[[Tensor, Tensor, Tensor | None], Tensor] | None:
    """The form that was measured to be quicker than torch's own convolution; None: none is."""
    if _is_exchangeable(conv, x):
        if isinstance(conv, nn.Conv2d) and conv.out_channels == 1:
            return fold_convolution
        if _suits_fourier(conv, x):
            return fourier_convolution
        if _suits_winograd(conv, x):
            return winograd
    return None


def _of_upsampled(conv: Conv2d | Conv3d, x: Tensor, factor: int) -> Tensor:
    """The convolution of a map whose pixels are repeated first, `factor` times down and across."""
    if factor == 1:
        return conv(x)
    if (
        _is_exchangeable(conv, x)
        and conv.kernel_size[-2:] == (3, 3)
        and x.shape[2:].numel() * factor**2 >= FEWEST_POSITIONS
    ):
        return phase_convolution(x, conv.weight, conv.bias, factor)
    scale = (*(1.0 for _ in x.shape[2:-2]), float(factor), float(factor))
    return conv(F.interpolate(x, scale_factor=scale))


def fold_convolution(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A convolution as one matrix product over the channels and a sum of shifted maps.

    A library's convolution computes many output channels at once, and wastes that on few.

    Args:
        x: (B, C, h, w).
        weight: (C', C, k, k), k odd; the map is padded by zeros to keep its size.
        bias: (C',).

    Returns:
        (B, C', h, w).
    """
    side = weight.shape[-1]
    taps = weight.flip(2, 3).permute(0, 2, 3, 1).flatten(0, 2)  # (C' k k, C)
    summed = F.fold(taps @ x.flatten(2), x.shape[2:], side, padding=side // 2)
    return summed if bias is None else summed + bias[:, None, None]


def phase_convolution(x: Tensor, weight: Tensor, bias: Tensor | None, factor: int) -> Tensor:
    """The convolution of an upsampled map, computed from the map itself.

    The three taps of a row lie on at most two different pixels: on the left one and its own at
    the left edge of a repeated pixel, on its own and the right one at the right edge, on its own
    alone between. So each of these has a smaller kernel, whose taps are sums.

    Args:
        x: (B, C, h, w) or (B, C, D, h, w).
        weight: (C', C, 3, 3) or (C', C, d, 3, 3), d odd; padded by zeros to keep the size.
        bias: (C',).
        factor: 2 or more.

    Returns:
        (B, C', factor h, factor w) or (B, C', D, factor h, factor w).
    """
    *depth, _, _ = weight.shape[2:]
    convolution = F.conv3d if depth else F.conv2d
    padding = (*(side // 2 for side in depth), 0, 0)
    height, width = x.shape[-2:]
    padded = F.pad(x, (1, 1, 1, 1))
    phases = _phases(factor, weight)
    upsampled = _upsampled_like(x, weight.shape[0], factor)
    for (rows, top, down), (columns, left, across) in product(phases, repeat=2):
        kernel = torch.einsum("ai,bj,...ij->...ab", down, across, weight)
        seen = padded[
            ..., top : top + height + len(down) - 1, left : left + width + len(across) - 1
        ]
        phase = convolution(seen, kernel, bias, 1, padding)
        upsampled[..., rows, :, columns] = phase[..., None, :, None]
    return upsampled.flatten(-4, -3).flatten(-2)


def _upsampled_like(x: Tensor, channels: int, factor: int) -> Tensor:
    """Memory for (B, C', ..., h, factor, w, factor), laid out as x."""
    batch, _, *depth, height, width = x.shape
    inner = (*depth, height, factor, width, factor)
    if x.is_contiguous():
        return x.new_empty((batch, channels, *inner))
    return x.new_empty((batch, *inner, channels)).movedim(-1, 1)


def _phases(factor: int, like: Tensor) -> list[tuple[slice, int, Tensor]]:
    """Of a row: repeats that are computed alike, first pixel they read (padded), sums of taps."""
    left = like.new_tensor(((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)))
    between = like.new_ones((1, 3))
    right = like.new_tensor(((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    last = factor - 1
    inner = [(slice(1, last), 1, between)] if last > 1 else []
    return [(slice(0, 1), 0, left), *inner, (slice(last, factor), 1, right)]


def winograd(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Winograd's F(4 x 4, 3 x 3) in the picture; along the depth of a volume the plain sum.

    A tile of 4 x 4 outputs takes 36 multiplications for each pair of channels instead of 144.

    Args:
        x: (B, C, h, w) or (B, C, D, h, w).
        weight: (C', C, 3, 3) or (C', C, d, 3, 3), d odd; padded by zeros to keep the size.
        bias: (C',).

    Returns:
        (B, C', h, w) or (B, C', D, h, w).
    """
    if not weight.shape[2:-2]:
        return winograd(x[:, :, None], weight[:, :, None], bias)[:, :, 0]
    outputs, channels, reach = weight.shape[:3]
    batch, _, depth, height, width = x.shape
    rows, columns = -(-height // TILE_PX), -(-width // TILE_PX)
    down, across = TILE_PX * rows - height, TILE_PX * columns - width
    padded = F.pad(x, (1, 1 + across, 1, 1 + down, reach // 2, reach // 2))
    read, weigh, give = (_in_both_axes(matrix, x) for matrix in (_READ, _WEIGH, _GIVE))
    taps = weight.transpose(1, 2).reshape(-1, 9)  # (C' d C, 9)
    kernel = (weigh @ taps.T).view(len(weigh), outputs, reach * channels)
    result = x.new_empty((batch, outputs, depth, rows, TILE_PX, columns, TILE_PX))
    strip = max(1, STRIP_TILES // ((padded.shape[2] * channels + outputs) * batch * columns))
    for first in range(0, rows, strip):
        count = min(strip, rows - first)
        seen = padded[:, :, :, TILE_PX * first : TILE_PX * (first + count) + 2]
        tiles = seen.unfold(3, TILE_PX + 2, TILE_PX).unfold(4, TILE_PX + 2, TILE_PX)
        # Into (6, 6, D, C, B, rows, columns).
        moved = read @ tiles.permute(5, 6, 2, 1, 0, 3, 4).reshape(len(read), -1)
        moved = moved.view(len(read), padded.shape[2] * channels, -1)
        for k in range(depth):
            products = kernel @ moved[:, k * channels : (k + reach) * channels]
            values = (give @ products.flatten(1)).view(
                TILE_PX, TILE_PX, outputs, batch, count, columns
            )
            if bias is not None:
                values = values + bias[:, None, None, None]
            result[:, :, k, first : first + count] = values.permute(3, 2, 4, 0, 5, 1)
    whole = result.view(batch, outputs, depth, TILE_PX * rows, TILE_PX * columns)
    return whole[..., :height, :width].contiguous()


def _in_both_axes(matrix: tuple[tuple[float, ...], ...], like: Tensor) -> Tensor:
    """A transform of rows as one of flattened squares."""
    rows = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(rows, rows).to(like)


def computes_freely(x: Tensor, weight: Tensor) -> bool:
    """Whether another form of a computation may take the place of torch's own here.

    Float32 on a CPU without gradients, autocast and compiling; what GPUs, 16 bits and training
    compute is torch's own.
    """
    learns = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    return (
        x.device.type == weight.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not learns
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def _is_exchangeable(conv: Conv2d | Conv3d, x: Tensor) -> bool:
    """Whether a convolution keeps the size, and may be computed in another form here."""
    weight = conv.weight
    return (
        computes_freely(x, weight)
        and conv.padding_mode == "zeros"
        and conv.groups == 1
        and {*conv.stride, *conv.dilation} == {1}
        and conv.padding == tuple(side // 2 for side in conv.kernel_size)
        and all(side % 2 for side in conv.kernel_size)
    )


def _suits_fourier(conv: Conv2d | Conv3d, x: Tensor) -> bool:
    return (
        isinstance(conv, nn.Conv3d)
        and min(conv.kernel_size) >= FOURIER_SIDE
        and conv.kernel_size[1] == conv.kernel_size[2]
        and conv.in_channels * conv.out_channels >= FOURIER_PRODUCTS
        and x.shape[-2:].numel() >= FEWEST_POSITIONS
    )


def _suits_winograd(conv: Conv2d | Conv3d, x: Tensor) -> bool:
    *depth, height, width = conv.kernel_size
    return (
        (height, width) == (3, 3)
        and conv.in_channels * sum(depth or (1,)) >= WINOGRAD_READS
        and conv.out_channels >= WINOGRAD_OUTPUTS
        and x.shape[-2:].numel() >= FEWEST_POSITIONS
    )
