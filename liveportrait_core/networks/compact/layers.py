"""Layers and samplers that the compact networks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...graphs import is_exported, runs_on_cpu
from ..convolutions import computes_freely, phase_convolution
from ..sampling import gathered, voxels_around

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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
FACTOR_OF_PRODUCTS = 8
"""Least factor by which rows are enlarged by matrix products, which are quicker then."""
LEAST_ENLARGED = 32
"""Fewest channels that are enlarged in `convolved_beside` itself: of fewer nothing is saved."""
LEAK = 0.2
"""Slope of leaky ReLUs below zero."""


def scaled(channels: int, width: float) -> int:
    """A channel count for a width, a multiple of 8 so that group norms divide it."""
    return max(8, round(channels * width / 8) * 8)


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """A 2D convolution that keeps the picture's extent."""
    return nn.Conv2d(inputs, outputs, size, stride, size // 2)


def group_norm(channels: int) -> nn.GroupNorm:
    """Group norm of eight groups."""
    return nn.GroupNorm(8, channels)


def convolved_together(maps: Tensor, *layers: nn.Conv2d) -> tuple[Tensor, ...]:
    """What several convolutions make of the same maps, computed as one.

    Few outputs leave a processor's vectors half empty.

    Args:
        maps: (B, C, h, w).
        *layers: Of one kernel size, with a bias, that keep the extent.
    """
    bias = torch.cat([layer.bias for layer in layers if layer.bias is not None])
    weight = torch.cat([layer.weight for layer in layers])
    together = F.conv2d(maps, weight, bias, 1, layers[0].padding)  # type: ignore[arg-type]
    return together.split([layer.out_channels for layer in layers], 1)


def convolved_beside(layer: nn.Conv2d, coarse: Tensor, others: Sequence[Tensor]) -> Tensor:
    """What a convolution makes of maps of half the side, enlarged (`double`), beside others.

    On a processor the enlarged maps are never made: they take four ninths of the multiplications.

    Args:
        layer: 3 x 3, that keeps the extent, with a bias.
        coarse: (B, C, h / 2, h / 2), the first channels of what the layer reads.
        others: (B, C_i, h, h) each.
    """
    weight, count = layer.weight, coarse.shape[1]
    rest = joined(others, weight.dtype)
    if count < LEAST_ENLARGED or not computes_freely(rest, weight):
        return layer(joined((double(coarse), rest), weight.dtype))
    beside = F.conv2d(rest, weight[:, count:], layer.bias, 1, 1)
    return beside.add_(phase_convolution(coarse, weight[:, :count], None, 2))


class ResidualBlock(nn.Module):
    """Pre-activation residual block: x + conv(relu(norm(conv(relu(norm(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = group_norm(channels), conv(channels, channels)
        self.norm2, self.conv2 = group_norm(channels), conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        x1 = self.conv1(rectified(self.norm1(x)))
        return x + self.conv2(rectified(self.norm2(x1)))


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


def joined(parts: Sequence[Tensor], dtype: torch.dtype | None = None) -> Tensor:
    """Maps beside each other along their channels, laid out channels last for a convolution.

    On a processor each is copied once, where no gradient is wanted.

    Args:
        parts: (B, C_i, h, w) each.
        dtype: Of the result; None keeps that of the parts.
    """
    first, dtype = parts[0], dtype or parts[0].dtype
    if torch.is_grad_enabled() or not runs_on_cpu(first.device):
        return torch.cat([channels_last(part.to(dtype)) for part in parts], 1)
    counts = [part.shape[1] for part in parts]
    shape = (len(first), sum(counts), *first.shape[2:])
    room = torch.empty(shape, dtype=dtype, memory_format=torch.channels_last)
    for place, part in zip(room.split(counts, 1), parts, strict=True):
        place.copy_(part)
    return room


def channels_last(maps: Tensor) -> Tensor:
    """The same (B, C, h, w) maps in the layout that convolutions compute fastest in."""
    return maps.contiguous(memory_format=torch.channels_last)


def rectified(maps: Tensor) -> Tensor:
    """ReLU, in place: for the result of a convolution or a norm, which nothing else reads."""
    return F.relu(maps, inplace=True)


def leaky(maps: Tensor) -> Tensor:
    """Leaky ReLU, in place likewise."""
    return F.leaky_relu(maps, LEAK, inplace=True)


_Dataclass = TypeVar("_Dataclass", bound="DataclassInstance")


def mapped(value: _Dataclass, change: Callable[[Tensor], Tensor]) -> _Dataclass:
    """A dataclass with every tensor in it changed, also in dataclasses that it holds."""
    changed: dict[str, Any] = {}
    for field in fields(value):
        part = getattr(value, field.name)
        if isinstance(part, Tensor):
            changed[field.name] = change(part)
        elif is_dataclass(part) and not isinstance(part, type):
            changed[field.name] = mapped(part, change)
    return replace(value, **changed)


def pixel_centres(size: int, like: Tensor) -> Tensor:
    """(size,) centres of pixels in [-1, 1] from edge to edge, float32."""
    return _constant(_centres, like.device, size)


def identity_grid(size: int, like: Tensor) -> Tensor:
    """(1, size, size, 2) where each pixel reads itself, x then y."""
    return _constant(_grid, like.device, size)


_Make = Callable[..., Tensor]


def _constant(make: _Make, device: torch.device, *sizes: int) -> Tensor:
    """A tensor that depends on sizes alone, never written to: a processor keeps it."""
    if runs_on_cpu(device):
        return _kept(make, *sizes)
    return make(device, *sizes)


@lru_cache(maxsize=32)
def _kept(make: _Make, *sizes: int) -> Tensor:
    with torch.inference_mode(False):  # what is made in it could not be learned through
        return make(torch.device("cpu"), *sizes)


def _centres(device: torch.device, size: int) -> Tensor:
    return (torch.arange(size, device=device, dtype=torch.float32) + 0.5) / size * 2 - 1


def _grid(device: torch.device, size: int) -> Tensor:
    centres = _centres(device, size)
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack((x, y), -1)[None]


def heat_maps(keypoints: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussians at keypoints.

    Args:
        keypoints: (B, K, 2 or 3), x and y used.
        size: Side of the maps.
        sigma: Standard deviation in crop units.

    Returns:
        (B, K, size, size) with 1 at a keypoint, channels last.
    """
    x, y = heat_factors(keypoints, size, sigma)
    return (y[:, :, None] * x[:, None]).permute(0, 3, 1, 2)


def folded_heat_maps(keypoints: Tensor, size: int, sigma: float) -> Tensor:
    """`F.pixel_unshuffle(heat_maps(keypoints, size, sigma), 2)`, made at once.

    Returns:
        (B, 4 K, size / 2, size / 2): the four sub-pixels of each map, channels last.
    """
    x, y = heat_factors(keypoints, size, sigma)
    rows = y.unflatten(1, (-1, 2)).transpose(2, 3)[..., None].expand(-1, -1, -1, -1, 2)
    columns = x.unflatten(1, (-1, 2)).transpose(2, 3)[..., None, :].expand(-1, -1, -1, 2, -1)
    return (rows.flatten(2)[:, :, None] * columns.flatten(2)[:, None]).permute(0, 3, 1, 2)


def log_heat_maps(keypoints: Tensor, size: int, sigma: Tensor) -> Tensor:
    """Logarithms of Gaussians at (B, K, 2 or 3) keypoints, of (K,) standard deviations.

    Returns:
        (B, size, size, K).
    """
    x, y = _log_heat(keypoints, size, sigma[:, None])
    return y[:, :, None] + x[:, None]


def heat_factors(keypoints: Tensor, size: int, sigma: float) -> tuple[Tensor, Tensor]:
    """What `heat_maps` are the products of: of each column and of each row, (B, size, K)."""
    x, y = (torch.exp(part) for part in _log_heat(keypoints, size, sigma))
    return x, y


def _log_heat(keypoints: Tensor, size: int, sigma: float | Tensor) -> tuple[Tensor, Tensor]:
    """Both factors of the Gaussians at the centres of columns and rows, (B, size, K) each."""
    centres = pixel_centres(size, keypoints)[:, None, None]
    away = (centres - keypoints[:, None, :, :2]).square() / (-2 * sigma**2)
    x, y = away.unbind(-1)
    return x, y


def sample(picture: Tensor, grid: Tensor) -> Tensor:
    """Bilinear (or trilinear) samples; outside, the border is repeated.

    Args:
        picture: (B, C, h, w) or (B, C, D, h, w).
        grid: (B, h, w, 2) or (B, D, h, w, 3) in [-1, 1] from edge to edge.
    """
    picture, grid = picture.float(), grid.float()
    return F.grid_sample(picture, grid, align_corners=False, padding_mode="border")


def sample_volume(volume: Tensor, flow: Tensor) -> Tensor:
    """`sample` of (B, C, D, h, w) at (B, D', h', w', 3).

    A processor sums the channels of the eight voxels around each place as rows of a table, which
    is quicker than torch's own way, one number at a time.
    """
    if is_exported():
        return gathered(volume.float(), flow.float())
    if torch.is_grad_enabled() or not runs_on_cpu(volume.device):
        return sample(volume, flow)
    volume = volume.float()
    voxels, shares = voxels_around(flow.float(), volume.shape[2:])
    table = volume.flatten(2).transpose(1, 2).contiguous()  # (B, D h w, C)
    sums = [
        F.embedding_bag(at, rows, mode="sum", per_sample_weights=share)
        for at, rows, share in zip(voxels, table, shares, strict=True)
    ]
    return torch.stack(sums).transpose(1, 2).unflatten(2, flow.shape[1:4])


def resize(picture: Tensor, size: int) -> Tensor:
    """Bilinear up, area down; (B, C, h, h) -> (B, C, size, size)."""
    current = picture.shape[-1]
    if current == size:
        return picture
    if runs_on_cpu(picture.device) and current % (2 * size) == 0:
        return resize(_halved(picture), size)  # the result of the next line, faster
    if current % size == 0:
        return F.avg_pool2d(picture, current // size)  # the result of the next line, faster
    if current > size:
        return F.adaptive_avg_pool2d(picture, size)
    return F.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False)


def resized_rows(picture: Tensor, size: int, rows: slice) -> Tensor:
    """Rows of `resize(picture, size)`, made from the rows that they need.

    Args:
        picture: (B, C, h, h); `size` is a multiple of h.
        size: Side of the whole result.
        rows: Of the result; both ends are multiples of size / h.

    Returns:
        (B, C, rows, size).
    """
    side = picture.shape[-1]
    factor = size // side
    first, last = rows.start // factor, rows.stop // factor
    above = min(1, first)
    part = picture[:, :, first - above : last + 1]
    if factor >= FACTOR_OF_PRODUCTS:
        weights = _constant(_bilinear_weights, picture.device, side, size)
        down = weights[rows, first - above : last + 1]
        return down @ (part @ weights.T)
    sides = (part.shape[2] * factor, size)
    larger = F.interpolate(part, size=sides, mode="bilinear", align_corners=False)
    return larger[:, :, factor * above :][:, :, : rows.stop - rows.start]


def _bilinear_weights(device: torch.device, side: int, size: int) -> Tensor:
    """(size, side) how much of each pixel of a row is in each of an enlarged one."""
    rows = torch.eye(side, device=device)[None]
    larger = F.interpolate(rows, size=size, mode="linear", align_corners=False)
    return larger[0].T.contiguous()


def _halved(picture: Tensor) -> Tensor:
    """Means of squares of four pixels."""
    rows = picture[..., ::2, :] + picture[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]) * 0.25


def smoothed(maps: Tensor) -> Tensor:
    """Means of squares of nine pixels; beyond the edge its pixels are repeated."""
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9


def double(picture: Tensor) -> Tensor:
    """Nearest-neighbour enlargement by two."""
    return F.interpolate(picture, scale_factor=2.0)
