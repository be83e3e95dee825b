"""Measures of rendered heads that turn by 20 degrees or more: by region, of flow and sharpness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final

import torch
from torch import Tensor

from liveportrait_core.networks.compact.layers import resize

from ..metrics.image import MIN_ERROR, gradient_size
from ..rendering.regions import Region
from .measures import FACE_PX

REGIONS: Final[Mapping[str, Region]] = {
    "skin": Region.SKIN,
    "hair": Region.HAIR,
    "eyes": Region.EYE,
    "mouth": Region.MOUTH,
}
"""Of the driving frame, by the names of the measures; `mouth` is its inside."""
FACE: Final = (Region.SKIN, Region.EYE, Region.MOUTH)
"""Regions whose sharpness is compared, where the source shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSums:
    """Sums over the pixels of some pairs, each (N,)."""

    squared_error: Tensor
    """Of each region of REGIONS, the mean over colours."""
    flow_error: Tensor
    """Of each region, crop units; pixels that the source shows."""
    pixels: Tensor
    """Of each region."""
    seen: Tensor
    """Of each region, those that the source shows."""
    gradients: Tensor
    """Of the face that the source shows: generated, true."""

    def __add__(self, other: TurnSums) -> TurnSums:
        """Both."""
        return TurnSums(
            squared_error=self.squared_error + other.squared_error,
            flow_error=self.flow_error + other.flow_error,
            pixels=self.pixels + other.pixels,
            seen=self.seen + other.seen,
            gradients=self.gradients + other.gradients,
        )


NOTHING: Final = TurnSums(
    squared_error=torch.zeros(len(REGIONS)).double(),
    flow_error=torch.zeros(len(REGIONS)).double(),
    pixels=torch.zeros(len(REGIONS)).double(),
    seen=torch.zeros(len(REGIONS)).double(),
    gradients=torch.zeros(2).double(),
)


def turn_sums(
    image: Tensor, truth: Tensor, flow: Tensor, true_flow: Tensor, visible: Tensor, regions: Tensor
) -> TurnSums:
    """Sums of some pairs.

    Args:
        image: (B, 3, P, P) generated.
        truth: (B, 3, P, P) the driving frames.
        flow: (B, 2, h, h) where each driving pixel is read in the source, crop units.
        true_flow: (B, 2, P / 2, P / 2).
        visible: (B, 1, P / 2, P / 2) whether that point can be seen in the source.
        regions: (B, P / 2, P / 2) of the driving frame.
    """
    size = regions.shape[-1]
    wrong = resize((image - truth).square().mean(1, keepdim=True), size)[:, 0]
    length = (resize(flow, size) - true_flow).norm(dim=1)
    shown = visible[:, 0] > 0
    parts = torch.stack([regions == region for region in REGIONS.values()])
    face = torch.isin(regions, torch.tensor([int(one) for one in FACE])) & shown
    gradients = [
        resize(gradient_size(picture), size)[:, 0][face].double().sum()
        for picture in (image, truth)
    ]
    return TurnSums(
        squared_error=_sums(wrong, parts),
        flow_error=_sums(length, parts & shown),
        pixels=parts.sum((1, 2, 3)).double(),
        seen=(parts & shown).sum((1, 2, 3)).double(),
        gradients=torch.stack(gradients),
    )


def turn_measures(sums: Sequence[TurnSums]) -> dict[str, float]:
    """PSNR of each region, flow error on it in pixels of a face crop of 256, and sharpness.

    Convention:
        - pixels of all pairs count alike; a region that none of them has is nan
        - sharpness: mean gradient of the visible face over that of the true picture

    Args:
        sums: Of the turned pairs; empty where none turns.
    """
    total = reduce(add, sums, NOTHING)
    psnr = -10 * (total.squared_error / total.pixels).clamp(min=MIN_ERROR).log10()
    error_px = total.flow_error / total.seen * (FACE_PX / 2)
    generated, true = total.gradients.tolist()
    return {
        **{f"turned_psnr_{n}_db": v for n, v in zip(REGIONS, psnr.tolist(), strict=True)},
        **{f"turned_flow_{n}_px": v for n, v in zip(REGIONS, error_px.tolist(), strict=True)},
        "turned_sharpness": generated / true if true else float("nan"),
    }


def _sums(values: Tensor, parts: Tensor) -> Tensor:
    """(N,) of (B, h, h) values over (N, B, h, h) parts."""
    return torch.stack([values[part].double().sum() for part in parts])
