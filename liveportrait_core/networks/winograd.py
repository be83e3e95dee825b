"""Convolutions of 3 x 3 and 3 x 3 x 3 by Winograd's minimal filtering, channels last.

The transforms are sums of maps whose channels lie beside each other in memory, and run along them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import torch
from torch import Tensor

TILE_PX = 4
"""Side of the outputs of a tile."""
READS_PX = TILE_PX + 2
"""Side of what a tile reads, and of its products."""
TOGETHER = 2**21
"""Numbers of a part of the map, of the weights or of the products, transformed: they stay near
the processor, and memory stays small."""
LANES = 32
"""Outputs are taken by multiples of this: matrix products of other widths waste a part."""

_WEIGH = (
    (1 / 4, 0.0, 0.0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0.0, 0.0, 1.0),
)
"""G of F(4, 3): Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016),
Sec. 4.3. B^T is in `_read`, A^T in `_give`."""

_Block = tuple[slice, slice, slice]
"""Rows of the batch, then tiles of the depth and of the height, that are computed together."""


def winograd(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Winograd's F(4, 3) along every axis of a picture or a volume.

    A tile of 4 x 4 outputs takes 36 multiplications for each pair of channels instead of 144, one
    of 4 x 4 x 4 takes 216 instead of 1,728. Where the weights are more numbers than the map they
    are transformed in parts, otherwise the map is.

    Args:
        x: (B, C, h, w) or (B, C, D, h, w).
        weight: (C', C, 3, 3) or (C', C, 3, 3, 3); padded by zeros to keep the size.
        bias: (C',).

    Returns:
        (B, C', h, w) or (B, C', D, h, w), channels last in memory.
    """
    if not weight.shape[2:-2]:
        return _of_volume(x[:, :, None], weight, bias)[:, :, 0]
    return _of_volume(x, weight, bias)


def _of_volume(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`winograd`; of a volume of one slice where the kernel has no depth."""
    outputs, channels, *reach = weight.shape
    axes = len(reach)
    positions = READS_PX**axes
    steps = (*(1 for _ in range(3 - axes)), *(TILE_PX for _ in reach))
    volume = x.movedim(1, -1)
    batch, depth, height, width = volume.shape[:-1]
    tiles = [-(-side // step) for side, step in zip(volume.shape[1:-1], steps, strict=True)]
    result = x.new_empty((batch, *map(prod, zip(tiles, steps, strict=True)), outputs))
    in_parts = batch * prod(tiles) < outputs
    kernel = None if in_parts else _weighed(weight)
    lines = tiles[1] if in_parts else max(1, TOGETHER // (positions * channels * tiles[2]))
    for block in _blocks(batch, tiles, lines, all_at_once=in_parts):
        seen = _padded(volume, block, tiles, steps)
        for axis in range(axes):
            seen = _read(seen, -2 - axis)
        places = seen.shape[axes:-1]
        seen = seen.view(positions, -1, channels)
        given = _tiled(result, block, steps)
        largest = max(seen.shape[1], channels if in_parts else 1)
        together = max(1, TOGETHER // (positions * largest * LANES)) * LANES
        for first in range(0, outputs, together):
            some = slice(first, first + together)
            weighed = _weighed(weight[some]) if kernel is None else kernel[:, some]
            products = seen @ weighed.transpose(1, 2)
            if bias is not None:
                # A^T has a column of ones, the second: what is added there reaches every output.
                products[sum(READS_PX**axis for axis in range(axes))] += bias[some]
            products = products.view(*(READS_PX for _ in reach), *places, -1)
            _give(products, given[..., some], axes)
    return result[:, :depth, :height, :width].contiguous().movedim(-1, 1)


def _blocks(batch: int, tiles: Sequence[int], lines: int, *, all_at_once: bool) -> Iterator[_Block]:
    """All tiles, or some lines of one tile of the depth of one row at a time."""
    if all_at_once:
        yield slice(0, batch), slice(0, tiles[0]), slice(0, tiles[1])
        return
    for row, slice_, line in product(range(batch), range(tiles[0]), range(0, tiles[1], lines)):
        yield (
            slice(row, row + 1),
            slice(slice_, slice_ + 1),
            slice(line, min(line + lines, tiles[1])),
        )


def _padded(volume: Tensor, block: _Block, tiles: Sequence[int], steps: Sequence[int]) -> Tensor:
    """What a block's tiles read, (B', D', h', w', C): zeros outside the volume."""
    rows = block[0]
    ranges = (*block[1:], slice(0, tiles[2]))
    sizes: list[int] = []
    inside: list[slice] = []
    taken: list[slice] = []
    for part, step, side in zip(ranges, steps, volume.shape[1:-1], strict=True):
        halo = int(step > 1)
        low, high = part.start * step - halo, part.stop * step + halo
        sizes.append(high - low)
        taken.append(slice(max(low, 0), min(high, side)))
        inside.append(slice(taken[-1].start - low, taken[-1].stop - low))
    padded = volume.new_zeros((rows.stop - rows.start, *sizes, volume.shape[-1]))
    padded[(slice(None), *inside)] = volume[(rows, *taken)]
    return padded


def _tiled(result: Tensor, block: _Block, steps: Sequence[int]) -> Tensor:
    """A block of the result, (B', D, h, w, C') -> (4, ..., B', tiles..., C'), a view.

    The first axes are the places in a tile: across, then along the depth and down.
    """
    rows, *parts = block
    taken = [slice(p.start * s, p.stop * s) for p, s in zip(parts, steps[:2], strict=True)]
    view = result[(rows, *taken)]
    for axis in range(3, 0, -1):
        view = view.unflatten(axis, (-1, steps[axis - 1]))
    view = view.permute(6, 2, 4, 0, 1, 3, 5, 7)  # places across, deep, down, then the tiles
    return view if steps[0] > 1 else view[:, 0]


def _weighed(weight: Tensor) -> Tensor:
    """(C', C, 3, 3[, 3]) -> (positions, C', C): G along every axis."""
    rows = torch.tensor(_WEIGH, dtype=torch.float64)
    both = rows
    for _ in weight.shape[3:]:
        both = torch.kron(both, rows)
    taps = weight.flatten(2).flatten(0, 1)
    return (both.to(weight) @ taps.T).view(len(both), *weight.shape[:2])


def _read(x: Tensor, axis: int) -> Tensor:
    """B^T along one axis: 4 n + 2 numbers -> (6, ..., n, ...)."""
    x0, x1, x2, x3, x4, x5 = x.unfold(axis, READS_PX, TILE_PX).unbind(-1)
    moved = x.new_empty((READS_PX, *x0.shape))
    v0, v1, v2, v3, v4, v5 = moved
    torch.sub(x4, x2, alpha=4, out=v1)
    torch.sub(x3, x1, alpha=4, out=v0)
    torch.sub(v1, v0, out=v2)
    v1 += v0
    torch.sub(x4, x2, out=v3)
    torch.sub(x3, x1, out=v0)
    torch.sub(v3, v0, alpha=2, out=v4)
    v3.add_(v0, alpha=2)
    torch.sub(x4, x2, alpha=5, out=v0)
    v0.add_(x0, alpha=4)
    torch.sub(x5, x3, alpha=5, out=v5)
    v5.add_(x1, alpha=4)
    return moved


def _give(products: Tensor, given: Tensor, axes: int) -> None:
    """A^T along every axis: (6, ..., tiles, C') -> (4, ..., tiles, C'), written to `given`."""
    for _ in range(axes - 1):
        made = products.new_empty((TILE_PX, *products.shape[1:]))
        _give_one(products, made)
        products = made.movedim(0, axes - 1)
    _give_one(products, given)


def _give_one(products: Tensor, given: Tensor) -> None:
    """A^T along the first axis: (6, ...) -> (4, ...)."""
    m0, m1, m2, m3, m4, m5 = products
    y0, y1, y2, y3 = given
    near, far = torch.add(m1, m2), torch.add(m3, m4)
    torch.add(near, far, alpha=4, out=y2)
    near += far
    torch.add(near, m0, out=y0)
    torch.sub(m1, m2, out=near)
    torch.sub(m3, m4, out=far)
    torch.add(near, far, alpha=2, out=y1)
    near.add_(far, alpha=8)
    torch.add(near, m5, out=y3)
