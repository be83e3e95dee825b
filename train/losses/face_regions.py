"""Differentiable crops of face regions, for the perceptual and adversarial cascades of Eq. 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from liveportrait_core.networks.compact.layers import identity_grid, sample

from .keypoints import MOUTH_POINTS


@dataclass(frozen=True, slots=True)
class FaceRegion:
    """A square that follows some landmarks in place and size."""

    points: slice
    reach: float
    """Half of its side over half of the longer side of the landmarks' box."""
    usual: tuple[float, float, float]
    """Centre and half of the side in a crop of which no landmarks are known, crop units."""
    fraction: float
    """Its side in pixels, over the picture's."""


REGIONS: Mapping[str, FaceRegion] = MappingProxyType(
    {
        "face": FaceRegion(slice(0, None), 1.4, (0.0, 0.0, 0.75), 0.5),
        "lip": FaceRegion(MOUTH_POINTS, 1.35, (0.0, 0.35, 0.28), 0.25),
    }
)
"""Face and lip of the cascaded terms of Eq. 4; the landmarks are those of `CompactKeypoint`."""


def crop_squares(picture: Tensor, centre: Tensor, half_side: Tensor, size_px: int) -> Tensor:
    """A square of each picture; beyond the picture its border goes on.

    Args:
        picture: (B, 3, h, h).
        centre: (B, 2) crop units.
        half_side: (B,) crop units.
        size_px: Side of what comes out.

    Returns:
        (B, 3, size_px, size_px), differentiable in the picture alone.
    """
    with torch.no_grad():
        grid = identity_grid(size_px, picture) * half_side[:, None, None, None]
        grid = grid + centre[:, None, None]
    return sample(picture, grid)


def region_square(region: FaceRegion, landmarks: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Where a region is: centres (B, 2) and halves of the sides (B,), crop units.

    Args:
        region: Which.
        landmarks: (B, 21, 2 or 3) crop units.
        valid: (B,) bool: false where the landmarks mean nothing.
    """
    points = landmarks[:, region.points, :2].detach()
    low, high = points.amin(1), points.amax(1)
    centre, half_side = (low + high) / 2, (high - low).amax(1) / 2 * region.reach
    usual = landmarks.new_tensor(region.usual)
    return (
        torch.where(valid[:, None], centre, usual[:2]),
        torch.where(valid, half_side, usual[2]),
    )


def crop_region(picture: Tensor, region: FaceRegion, landmarks: Tensor, valid: Tensor) -> Tensor:
    """(B, 3, n, n) of (B, 3, h, h): a region of each face, n = fraction of h."""
    size_px = round(region.fraction * picture.shape[-1])
    return crop_squares(picture, *region_square(region, landmarks, valid), size_px)
