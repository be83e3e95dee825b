"""Planes and surfaces before the driving face, and where they are in the source."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...geometry import Similarity
from .layers import pixel_centres


@dataclass(frozen=True, slots=True)
class MovedPlanes:
    """The pixels of the driving picture, at any depth, in the source.

    `MovedPlanes.of(rigid, 64).at(depths)`
    """

    flat: Tensor
    """(B, h, h, 3) where those of depth 0 are, crop units."""
    along: Tensor
    """(B, 3) what 1 of depth adds."""

    @classmethod
    def of(cls, rigid: Similarity, size: int) -> MovedPlanes:
        """Those of a picture of some pixels along a side.

        Args:
            rigid: From driving to source. It is affine: what columns, rows and depth add to its
                origin are summed.
            size: Pixels.
        """
        corners = torch.eye(4, 3, device=rigid.rotation.device).roll(1, 0)  # the origin comes first
        places = rigid(corners.expand(len(rigid.rotation), -1, -1))
        origin = places[:, :1]
        x, y, z = (places[:, 1:] - origin).split(1, 1)  # (B, 1, 3) each
        centres = pixel_centres(size, places)[:, None]
        rows, columns = torch.addcmul(origin, centres, y), centres * x
        return cls(rows[:, :, None] + columns[:, None], z[:, 0])

    def at(self, depths: Tensor) -> Tensor:
        """(B, N, h, h, 3) positions in the source of planes at (N,) depths, crop units."""
        away = depths[:, None] * self.along[:, None]
        return self.flat[:, None] + away[:, :, None, None]

    def surface(self, depth: Tensor) -> Tensor:
        """(B, h, h, 3) positions in the source of a surface of (B, h, h) depths, crop units."""
        return torch.addcmul(self.flat, depth[..., None], self.along[:, None, None])
