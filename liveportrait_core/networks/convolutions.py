"""Convolutions of the published networks with fewer multiplications, where that is quicker.

Every form gives what the plain convolution gives, up to rounding. Nothing is kept between calls:
weights are transformed anew each time, which costs a few per cent and no memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..graphs import is_graph
from .fourier import fourier_convolution
from .winograd import winograd

FOURIER_SIDE = 7
"""Smallest side of a kernel, in the picture and along the depth, for products of spectra."""
FOURIER_PRODUCTS = 1024
"""Fewest pairs of channels for products of spectra: transforms cost as much with fewer."""
WINOGRAD_FEWEST = {2: (128, 128, 64 * 64), 3: (64, 128, 16 * 16)}
"""Of pictures and of volumes, fewest channels that Winograd's form reads and gives, and fewest
positions of a slice. Below one of them the transforms cost what they save."""
FEWEST_POSITIONS = 64 * 64
"""Fewest positions for which kernels are transformed: of a slice for products of spectra, of a
whole output for phases. Of one row: the form does not depend on the batch."""
TAPS_CHANNELS = 128
"""Fewest channels read for products with each tap; with fewer their sums cost more than phases."""
FEWEST_UPSAMPLED = 16 * 16
"""Fewest positions of the whole output for products with each tap."""


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


def both(first: nn.Module, second: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Two convolutions of the same map, as one where that is quicker; then no hook of theirs runs.

    Args:
        first: `Conv2d`, or what stands in its place: then each is called by itself.
        second: The same.
        x: (B, C, h, w).

    Returns:
        (B, C'1, h, w) and (B, C'2, h, w).
    """
    if isinstance(first, Conv2d) and isinstance(second, Conv2d) and _merge(first, second, x):
        weight = torch.cat((first.weight, second.weight))
        bias = None if first.bias is None or second.bias is None else (first.bias, second.bias)
        given = winograd(x, weight, None if bias is None else torch.cat(bias))
        parts = given.split((first.out_channels, second.out_channels), 1)
        return parts[0], parts[1]
    return first(x), second(x)


def _quicker_form(
    conv: Conv2d | Conv3d, x: Tensor
) -> Callable[[Tensor, Tensor, Tensor | None], Tensor] | None:
    """The form that was measured to be quicker than torch's own convolution; None: none is."""
    if _is_exchangeable(conv, x):
        if isinstance(conv, nn.Conv2d) and conv.out_channels == 1:
            return fold_convolution
        if _suits_fourier(conv, x):
            return fourier_convolution
        if _suits_winograd(conv, x, conv.out_channels):
            return winograd
    return None


def _of_upsampled(conv: Conv2d | Conv3d, x: Tensor, factor: int) -> Tensor:
    """The convolution of a map whose pixels are repeated first, `factor` times down and across."""
    if factor == 1:
        return conv(x)
    if _is_exchangeable(conv, x) and conv.kernel_size[-2:] == (3, 3):
        positions = x.shape[2:].numel() * factor**2
        whole = {*conv.kernel_size} == {3} and conv.in_channels >= TAPS_CHANNELS
        if whole and positions >= FEWEST_UPSAMPLED:
            return upsampled_convolution(x, conv.weight, conv.bias, factor)
        if positions >= FEWEST_POSITIONS:
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


def upsampled_convolution(x: Tensor, weight: Tensor, bias: Tensor | None, factor: int) -> Tensor:
    """The convolution of an upsampled map, computed from the map itself.

    Each pixel is multiplied once with every tap of the kernel, in one matrix product. Of a row of
    repeated pixels the first also reads the pixel before, the last the one behind, and the others
    read their own alone: so the outputs are sums of these products.

    Args:
        x: (B, C, h, w) or (B, C, D, h, w).
        weight: (C', C, 3, 3) or (C', C, 3, 3, 3); padded by zeros to keep the size.
        bias: (C',).
        factor: 2 or more.

    Returns:
        (B, C', factor h, factor w) or (B, C', D, factor h, factor w), channels last in memory.
    """
    outputs, channels, *reach = weight.shape
    taps = weight.flatten(2).flatten(0, 1).T.contiguous().view(-1, channels)  # (taps C', C)
    pixels = x.movedim(1, -1)
    # One product of two matrices: with more axes torch may make one for each row of the map.
    products = pixels.reshape(-1, channels) @ taps.T
    products = products.view(*pixels.shape[:-1], *reach, outputs)
    if x.dim() == 5:  # noqa: PLR2004 - a volume, whose slices are not repeated
        before, products, behind = products.unbind(4)
        products[:, 1:] += before[:, :-1]
        products[:, :-1] += behind[:, 1:]
    if bias is not None:
        products[..., 1, 1, :] += bias  # the tap that each output reads once
    *size, height, width = products.shape[:-3]
    upsampled = x.new_empty((*size, height, factor, width, factor, outputs))
    for rows, lines in _sums_of_taps(products, -3, -4, factor):
        for columns, sums in _sums_of_taps(lines, -2, -2, factor):
            upsampled[..., rows, :, columns, :] = sums[..., None, :, None, :]
    return upsampled.flatten(-5, -4).flatten(-3, -2).movedim(-1, 1)


def _sums_of_taps(products: Tensor, tap: int, axis: int, factor: int) -> list[tuple[slice, Tensor]]:
    """Along one axis: repeats of a pixel that are alike, and the sums that they are."""
    before, own, behind = products.unbind(tap)
    others = own.shape[axis] - 1
    first, last = own + behind, before + own
    inner = [(slice(1, factor - 1), first + before)] if factor > 2 else []  # noqa: PLR2004
    first.narrow(axis, 1, others).add_(before.narrow(axis, 0, others))
    last.narrow(axis, 0, others).add_(behind.narrow(axis, 1, others))
    return [(slice(0, 1), first), *inner, (slice(factor - 1, factor), last)]


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
    upsampled = _upsampled_like(x, weight.shape[0], factor)
    for rows, top, lines in _phases(weight, -2, factor):
        for columns, left, kernel in _phases(lines, -1, factor):
            down, across = (side - 1 for side in kernel.shape[-2:])
            seen = padded[..., top : top + height + down, left : left + width + across]
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


def _phases(weight: Tensor, axis: int, factor: int) -> list[tuple[slice, int, Tensor]]:
    """Of a row: repeats that are computed alike, first pixel they read (padded), sums of taps."""
    before, own, behind = weight.unbind(axis)
    last = factor - 1
    first = (slice(0, 1), 0, torch.stack((before, own + behind), axis))
    inner = [(slice(1, last), 1, weight.sum(axis, keepdim=True))] if last > 1 else []
    return [first, *inner, (slice(last, factor), 1, torch.stack((before + own, behind), axis))]


def computes_freely(x: Tensor, weight: Tensor) -> bool:
    """Whether another form of a computation may take the place of torch's own here.

    Float32 on a CPU without gradients, autocast and graphs; what GPUs, 16 bits, training and
    graphs compute is torch's own.
    """
    learns = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    return (
        x.device.type == weight.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not learns
        and not torch.is_autocast_enabled("cpu")
        and not is_graph()
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


def _merge(first: Conv2d, second: Conv2d, x: Tensor) -> bool:
    """Whether `both` takes Winograd's form."""
    outputs = first.out_channels + second.out_channels
    return (first.bias is None) == (second.bias is None) and all(
        _is_exchangeable(conv, x) and _suits_winograd(conv, x, outputs) for conv in (first, second)
    )


def _suits_fourier(conv: Conv2d | Conv3d, x: Tensor) -> bool:
    return (
        isinstance(conv, nn.Conv3d)
        and min(conv.kernel_size) >= FOURIER_SIDE
        and conv.kernel_size[1] == conv.kernel_size[2]
        and conv.in_channels * conv.out_channels >= FOURIER_PRODUCTS
        and x.shape[-2:].numel() >= FEWEST_POSITIONS
    )


def _suits_winograd(conv: Conv2d | Conv3d, x: Tensor, outputs: int) -> bool:
    reads, gives, positions = WINOGRAD_FEWEST[len(conv.kernel_size)]
    return (
        {*conv.kernel_size} == {3}
        and conv.in_channels >= reads
        and outputs >= gives
        and x.shape[-2:].numel() >= positions
    )
