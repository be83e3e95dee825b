"""Measures of parts of rendered heads: the inner mouth, eyeballs, irises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.constants import CompactKeypoint
from liveportrait_core.networks.compact.layers import identity_grid
from liveportrait_core.networks.compact.tone import luminance_of
from liveportrait_core.networks.compact.window import eyes_distance

from ..metrics.image import MIN_ERROR, gradient_size
from ..rendering.regions import Region

IRIS_RADIUS = 0.06
"""Of an iris, in distances between the outer corners of the eyes."""
IRISES = slice(CompactKeypoint.LEFT_IRIS, CompactKeypoint.RIGHT_IRIS + 1)
_SUMS: Final = 6


def region_mask(regions: Tensor, region: Region, size: int) -> Tensor:
    """(B, 1, size, size) where (B, h, h) labels are a region, h a part of the size."""
    return F.interpolate((regions == region)[:, None].float(), size=(size, size))


def iris_mask(keypoints: Tensor, regions: Tensor, size: int) -> Tensor:
    """(B, 1, size, size) where irises are seen, of (B, K, 3) keypoints and (B, h, h) labels."""
    grid = identity_grid(size, keypoints)
    away = (grid[:, None] - keypoints[:, IRISES, None, None, :2]).norm(dim=-1).amin(1, keepdim=True)
    near = away < IRIS_RADIUS * eyes_distance(keypoints)[:, None, None, None]
    return near * region_mask(regions, Region.EYE, size)


def part_sums(image: Tensor, truth: Tensor, inside: Tensor) -> Tensor:
    """Sums over a part in some pairs.

    Args:
        image: (B, 3, P, P) generated.
        truth: (B, 3, P, P) the driving frames.
        inside: (B, 1, P, P) 1 where a pixel is of the part.

    Returns:
        (6,) squared error, error of the luminance, of the chroma, gradient of the image, of the
        truth, pixels.
    """
    wrong = image - truth
    luminance = luminance_of(wrong)
    parts = (
        wrong.square().mean(1, keepdim=True),
        luminance.abs(),
        (wrong - luminance).abs().mean(1, keepdim=True),
        gradient_size(image),
        gradient_size(truth),
        torch.ones_like(inside),
    )
    return torch.stack([(part * inside).double().sum() for part in parts])


def part_measures(name: str, sums: Sequence[Tensor]) -> dict[str, float]:
    """PSNR, errors of luminance and chroma in levels of 255, and sharpness of a part.

    Convention:
        - pixels of all pairs count alike; nan where there are none
        - sharpness: mean gradient over that of the true picture

    Args:
        name: What the measures' names begin with.
        sums: Of `part_sums`.
    """
    total = sum(sums, start=torch.zeros(_SUMS).double())
    squared, luminance, chroma, generated, true = (total[:-1] / total[-1]).tolist()
    return {
        f"{name}_psnr_db": -10 * float(torch.tensor(squared).clamp(min=MIN_ERROR).log10()),
        f"{name}_luminance_255": 255 * luminance,
        f"{name}_chroma_255": 255 * chroma,
        f"{name}_sharpness": generated / true if true else float("nan"),
    }
