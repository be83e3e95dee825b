"""Windows about parts of a face, and the networks that paint in them for the compact G."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...constants import CompactKeypoint as C
from ...geometry import full_precision
from ...graphs import is_graph
from ..convolutions import computes_freely
from .layers import (
    LEAK,
    channels_last,
    conv,
    double,
    joined,
    leaky,
    pixel_centres,
    sample,
    scaled,
    zero_initialise,
)

WINDOW_STEP_PX = 8
"""The side of a window in pixels is a multiple of this: maps are folded once and halved twice."""
_LEAST_DISTANCE = 0.05


@dataclass(frozen=True, slots=True)
class FaceWindow:
    """A square about a part of each face.

    Convention:
        - window units: [-1, 1] from edge to edge; xy = (crop - centre) / half_side, turned by
          `axes`
    """

    centre: Tensor
    """(B, 2) crop units."""
    axes: Tensor
    """(B, 2, 2): the window's x and y axis, in half sides, as rows of crop units."""

    def places(self, keypoints: Tensor) -> Tensor:
        """(B, K, 2) where (B, K, 2 or 3) keypoints, crop units, lie in the window."""
        squared = self.axes.square().sum(-1)  # (B, 2)
        away = keypoints[..., :2] - self.centre[:, None]
        return (away @ self.axes.transpose(1, 2)) / squared[:, None]

    def read(self, picture: Tensor, size: int) -> Tensor:
        """What a (B, C, h, h) picture shows in the window, (B, C, size, size)."""
        centres = pixel_centres(size, picture)[:, None]
        columns, rows = (centres * axis[:, None] for axis in self.axes.unbind(1))  # (B, size, 2)
        return sample(picture, _spanned(columns, rows + self.centre[:, None]))

    def box(self, size: int) -> tuple[slice, slice]:
        """Rows and columns of a picture of `size` pixels that hold the windows of all faces."""
        reach = self.axes.abs().sum(1)  # of the corners
        first, last = (self.centre - reach).amin(0), (self.centre + reach).amax(0)
        places = ((torch.stack((first, last)) + 1) * (size / 2)).clamp(0, size).tolist()
        left_top, right_bottom = [[int(x) for x in place] for place in places]
        columns, rows = (
            slice(low, min(high + 1, size))
            for low, high in zip(left_top, right_bottom, strict=True)
        )
        return rows, columns

    def spread(self, content: Tensor, size: int, box: tuple[slice, slice]) -> Tensor:
        """A part of a picture that shows (B, C, w, w) in the window, and 0 elsewhere.

        Args:
            content: What the window shows.
            size: Side of the whole picture.
            box: Rows and columns of the part.

        Returns:
            (B, C, rows, columns).
        """
        centres = pixel_centres(size, content)
        inverse = self.axes / self.axes.square().sum(-1, keepdim=True)
        columns, rows = (
            (centres[part] - self.centre[:, axis, None])[..., None] * inverse[:, None, :, axis]
            for axis, part in enumerate(reversed(box))
        )
        grid = _spanned(columns, rows)
        return F.grid_sample(content, grid, align_corners=False, padding_mode="zeros")

    def added(self, image: Tensor, change: Tensor, falloff: Tensor | None = None) -> Tensor:
        """(B, 3, P, P) pictures with what a window adds to them, in [0, 1].

        The same tensor, changed in place, where no gradient is wanted and no graph is made.

        Args:
            image: (B, 3, P, P).
            change: (B, 3, w, w) in the window.
            falloff: (P, P) weight of the change of each pixel; None changes all fully.
        """
        if is_graph():  # the whole picture: where a window lies is data
            return self._changed(image, change, falloff, (slice(None), slice(None)))
        whole = image.clone() if torch.is_grad_enabled() else image
        box = self.box(image.shape[-1])
        whole[(..., *box)] = self._changed(image, change, falloff, box)
        return whole

    def _changed(
        self, image: Tensor, change: Tensor, falloff: Tensor | None, box: tuple[slice, slice]
    ) -> Tensor:
        """A part of the pictures with what a window adds to them."""
        with full_precision(image.device):
            spread = self.spread(change, image.shape[-1], box)
        if falloff is not None:
            spread = spread * falloff[box]
        return (image[(..., *box)] + spread).clamp(0, 1)


def _spanned(columns: Tensor, rows: Tensor) -> Tensor:
    """(B, h, w, 2) sums of what columns (B, w, 2) and rows (B, h, 2) of an affine map add."""
    return rows[:, :, None] + columns[:, None]


def eyes_distance(keypoints: Tensor) -> Tensor:
    """(B,) distance of the eyes' outer corners in space, of (B, K, 3) keypoints, crop units."""
    away = keypoints[:, C.RIGHT_EYE_OUTER] - keypoints[:, C.LEFT_EYE_OUTER]
    return away.norm(dim=-1).clamp(min=_LEAST_DISTANCE)


def level_axes(along: Tensor, half: Tensor) -> Tensor:
    """Axes of windows whose x runs along (B, 2), and y a quarter turn clockwise from it.

    Args:
        along: Any length.
        half: (B,) half sides, crop units.

    Returns:
        (B, 2, 2) as `FaceWindow.axes`.
    """
    along = F.normalize(along, dim=-1) * half[:, None]
    x, y = along.unbind(-1)
    down = torch.stack((-y, x), -1)  # y goes down, so that this is clockwise
    return torch.stack((along, down), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningEdges:
    """How far the pixels of a window lie from the edges of an opening, window units."""

    below_upper: Tensor
    """(B, size, size), negative above the upper edge."""
    above_lower: Tensor
    """(B, size, size), negative below the lower edge."""
    gap: Tensor
    """(B, size, size) height of the opening in the pixel's column."""


def edges_between(
    left: Tensor, right: Tensor, upper: Tensor, lower: Tensor, size: int, *, roundness: float
) -> OpeningEdges:
    """Edges of an opening, each a bow from corner to corner through a point.

    Args:
        left: (B, 1, 2) a corner, window units.
        right: The other.
        upper: A point of the upper edge.
        lower: A point of the lower one.
        size: Side of the window in pixels.
        roundness: 0.5 for halves of ellipses, 1 for parabolas, which meet in pointed corners.
    """
    along = right - left
    length = along.norm(dim=-1, keepdim=True).clamp(min=0.06)
    along = along / length
    down = torch.stack((-along[..., 1], along[..., 0]), -1)

    def placed(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The bow and the height of places whose columns and rows are added up."""
        away_x, away_y = x - left[..., :1], y - left[..., 1:]
        t = (away_x * along[..., :1] + away_y * along[..., 1:]) / length
        return (4 * t * (1 - t)).clamp(min=0) ** roundness, (
            away_x * down[..., :1] + away_y * down[..., 1:]
        )

    centres = pixel_centres(size, left)
    bow, place = placed(centres, centres[:, None])  # (B, size, size)
    first, last = (
        height / at.clamp(min=0.3) * bow
        for at, height in (placed(*point.split(1, -1)) for point in (upper, lower))
    )
    return OpeningEdges(below_upper=place - first, above_lower=last - place, gap=last - first)


class WindowBranch(nn.Module):
    """A small U-net over a window, each of whose blocks is scaled and shifted by what it is told.

    It works on maps of half the window's side whose channels are the four sub-pixels.
    """

    def __init__(
        self, told: int, seen: int, kept: int, outputs: int = 3, width: float = 1.0
    ) -> None:
        """An untrained one, whose outputs are 0.

        Args:
            told: Numbers that it is told.
            seen: Channels of what it sees.
            kept: How many of the first of them the last layer sees as well.
            outputs: Channels of what comes out.
            width: Multiplies its own channels.
        """
        super().__init__()
        self.kept = kept
        fine, middle, coarse, condition = (scaled(c, width) for c in (24, 64, 96, 96))
        self.told = nn.Sequential(nn.Linear(told, condition), nn.LeakyReLU(LEAK))
        self.enter = conv(4 * seen, fine)
        self.down1, self.down2 = conv(fine, middle, 3, 2), conv(middle, coarse, 3, 2)
        self.before = _ToldBlock(middle, condition)
        self.bottom = _ToldBlock(coarse, condition)
        self.up2, self.up1 = conv(coarse, middle, 1), conv(middle, fine, 1)
        self.after, self.fine = _ToldBlock(middle, condition), _ToldBlock(fine, condition)
        full = scaled(8, width)
        self.up0, self.out = conv(fine, 4 * full), conv(full + kept, outputs)
        zero_initialise(self.out)

    def painted(self, seen: Tensor, told: Tensor, inside: Tensor) -> Tensor:
        """What the branch paints.

        The last layers are computed on a processor only where it counts.

        Args:
            seen: (B, seen, W, W).
            told: (B, told).
            inside: (B, 1, W, W); where it is 0 what comes out does not count.

        Returns:
            (B, outputs, W, W) float32.
        """
        dtype = self.enter.weight.dtype
        condition = self.told(told.to(dtype))
        x1 = leaky(self.enter(channels_last(F.pixel_unshuffle(seen, 2).to(dtype))))
        x2 = self.before(leaky(self.down1(x1)), condition)
        x3 = self.bottom(leaky(self.down2(x2)), condition)
        x2 = self.after(x2 + double(self.up2(x3)), condition)
        x1 = self.fine(x1 + double(self.up1(x2)), condition)
        x1, kept = F.leaky_relu(x1, LEAK), seen[:, : self.kept]
        if not computes_freely(x1, self.up0.weight):
            x0 = F.pixel_shuffle(leaky(self.up0(x1)), 2)
            return self.out(joined((x0, kept), dtype)).float()
        cells = _cells_of(inside)
        part = (slice(None), slice(None), *(slice(2 * x.start, 2 * x.stop) for x in cells))
        x0 = F.pixel_shuffle(leaky(_convolved_part(self.up0, x1, cells)), 2)
        painted = seen.new_zeros(len(seen), self.out.out_channels, *seen.shape[2:])
        painted[part] = self.out(joined((x0, kept[part])))
        return painted


def _cells_of(inside: Tensor) -> tuple[slice, slice]:
    """Rows and columns of cells of 2 x 2 pixels that hold what is not 0, and one pixel around."""
    some = inside != 0
    ranges: list[slice] = []
    for axis in (2, 3):
        places = some.flatten(0, 1).any(4 - axis).any(0).nonzero().flatten().tolist()
        size = inside.shape[axis]
        first, last = (places[0], places[-1]) if places else (0, 0)
        ranges.append(slice(max(0, first - 1) // 2, min(size - 1, last + 1) // 2 + 1))
    return ranges[0], ranges[1]


def _convolved_part(layer: nn.Conv2d, maps: Tensor, part: tuple[slice, slice]) -> Tensor:
    """Some rows and columns of what a 3 x 3 convolution that keeps the extent makes of maps."""
    around, inner = [], []
    for place, size in zip(part, maps.shape[2:], strict=True):
        first = max(0, place.start - 1)
        around.append(slice(first, min(size, place.stop + 1)))
        inner.append(slice(place.start - first, place.stop - first))
    return layer(maps[:, :, around[0], around[1]])[:, :, inner[0], inner[1]]


class _ToldBlock(nn.Module):
    """Residual block whose middle is scaled and shifted by what the branch is told."""

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(channels, channels), conv(channels, channels)
        self.modulation = nn.Linear(told, 2 * channels)
        self.conv2.weight.data *= 0.3
        self.modulation.weight.data *= 0.3

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        scale, shift = self.modulation(told)[..., None, None].chunk(2, 1)
        told_x = torch.addcmul(shift, self.conv1(F.leaky_relu(x, LEAK)), 1 + scale)
        return x + self.conv2(leaky(told_x))
