"""Close-ups of eyes and mouth: what M reads there once more, larger and level."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...constants import CompactKeypoint as C
from ...geometry import full_precision
from .layers import (
    DETAIL_SIZE_PX,
    ResidualBlock,
    conv,
    group_norm,
    pixel_centres,
    resize,
    sample,
    scaled,
)

_LEFT_EYE = (C.LEFT_EYE_OUTER, C.LEFT_EYE_INNER, C.LEFT_UPPER_LID, C.LEFT_LOWER_LID, C.LEFT_IRIS)
_RIGHT_EYE = (
    C.RIGHT_EYE_OUTER,
    C.RIGHT_EYE_INNER,
    C.RIGHT_UPPER_LID,
    C.RIGHT_LOWER_LID,
    C.RIGHT_IRIS,
)
_MOUTH = (
    C.LEFT_LIP_CORNER,
    C.RIGHT_LIP_CORNER,
    C.INNER_UPPER_LIP,
    C.INNER_LOWER_LIP,
    C.LOWER_LIP,
)
"""Each begins with the two corners, which the window is laid along."""
_POINTS = 5
_WIDER = 1.7
"""Side of a window over the distance of the corners, or over the height where that is larger."""
_LEAST_SIDE = 0.12
"""Crop units: an eye that is seen from the side has corners at one place."""
_FARTHEST = 0.25
"""How far a point may be moved, in sides of the window."""


class Window(NamedTuple):
    """Where a close-up lies in the face crop; all in crop units."""

    centre: Tensor
    """(B, 2)."""
    across: Tensor
    """(B, 2) from the middle to the edge, from the first corner to the second."""
    down: Tensor
    """(B, 2) from the middle to the lower edge: of a mirrored window it is down all the same."""

    @classmethod
    def around(cls, points: Tensor) -> Window:
        """The window of (B, 5, 2) points whose first two are the corners."""
        first, second = points[:, 0], points[:, 1]
        between = second - first
        width = between.norm(dim=-1, keepdim=True)
        along = between / width.clamp(min=1e-4)
        upright = torch.stack((-along[:, 1], along[:, 0]), -1)
        upright = torch.where(upright[:, 1:] < 0, -upright, upright)
        height = (points[:, 2] - points[:, 3]).norm(dim=-1, keepdim=True)
        half = (_WIDER * torch.maximum(width, height)).clamp(min=_LEAST_SIDE) / 2
        return cls(points[:, :2].mean(1), along * half, upright * half)

    def grid(self, size: int) -> Tensor:
        """(B, size, size, 2) places of its pixels."""
        centres = pixel_centres(size, self.centre)
        rows = self.down[:, None, None] * centres[:, None, None]
        columns = self.across[:, None, None] * centres[None, :, None]
        return self.centre[:, None, None] + rows + columns

    def inside(self, points: Tensor) -> Tensor:
        """(B, N, 2) points in the window, [-1, 1] from edge to edge."""
        length = self.across.square().sum(-1)[:, None, None]
        return (points - self.centre[:, None]) @ torch.stack((self.across, self.down), -1) / length

    def outside(self, offsets: Tensor) -> Tensor:
        """(B, N, 2) offsets in the window as offsets in crop units."""
        return offsets @ torch.stack((self.across, self.down), 1)


class _Reader(nn.Module):
    """A window and where its points were found -> how far they are off."""

    def __init__(self, size_px: int, width: float) -> None:
        super().__init__()
        low, middle, high, hidden = (scaled(c, width) for c in (16, 32, 48, 96))
        self.layers = nn.Sequential(
            conv(3, low, 5, 2),
            nn.ReLU(),
            conv(low, middle, 3, 2),
            group_norm(middle),
            nn.ReLU(),
            ResidualBlock(middle),
            conv(middle, high, 3, 2),
            group_norm(high),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.join = nn.Linear(high * (size_px // 8) ** 2 + 2 * _POINTS, hidden)
        self.out = nn.Linear(hidden, 2 * _POINTS)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, window: Tensor, points: Tensor) -> Tensor:
        """(B, 3, S, S) in [-1, 1] and (B, 5, 2) in the window -> (B, 5, 2) offsets in it."""
        features = self.layers(window)
        joined = F.relu(self.join(torch.cat((features, points.flatten(1).to(features.dtype)), 1)))
        return torch.tanh(self.out(joined).float()).unflatten(1, (_POINTS, 2)) * 2 * _FARTHEST


class CloseUps(nn.Module):
    """Moves the keypoints of eyes and mouth to where a closer look finds them.

    One network reads both eyes: the window of the right one is mirrored. It begins as the identity.
    """

    def __init__(self, size_px: int, width: float = 1.0) -> None:
        super().__init__()
        self.size_px = size_px
        self.eye, self.mouth = _Reader(size_px, width), _Reader(size_px, width)

    def forward(self, face: Tensor, xy: Tensor) -> Tensor:
        """(B, 3, P, P) faces in [0, 1] and (B, K, 2) keypoints -> (B, K, 2)."""
        picture = resize(face, DETAIL_SIZE_PX) * 2 - 1
        eyes = self._offsets(self.eye, picture, xy, (_LEFT_EYE, _RIGHT_EYE))
        mouth = self._offsets(self.mouth, picture, xy, (_MOUTH,))
        places = torch.tensor((*_LEFT_EYE, *_RIGHT_EYE, *_MOUTH), device=xy.device)
        return xy.index_add(1, places, torch.cat((eyes, mouth), 1))

    def _offsets(
        self, reader: _Reader, picture: Tensor, xy: Tensor, parts: tuple[tuple[C, ...], ...]
    ) -> Tensor:
        """(B, 5 n, 2) offsets of the points of n parts, crop units."""
        points = torch.stack([xy[:, list(part)] for part in parts], 1).flatten(0, 1).float()
        window = Window.around(points.detach())
        pictures = picture.repeat_interleave(len(parts), 0)
        with full_precision(xy.device):
            seen = sample(pictures, window.grid(self.size_px))
            places = window.inside(points)
        found = reader(seen.to(picture.dtype), places)
        with full_precision(xy.device):
            return window.outside(found).unflatten(0, (-1, len(parts))).flatten(1, 2)
