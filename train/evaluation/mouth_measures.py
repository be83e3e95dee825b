"""Measures of the inner mouth of rendered heads: teeth, tongue and what is behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from ..data.augment import LUMINANCE
from ..metrics.image import MIN_ERROR, gradient_size
from ..rendering.regions import Region

_SUMS: Final = 6


def mouth_sums(image: Tensor, truth: Tensor, regions: Tensor) -> Tensor:
    """Sums over the inner mouths of some pairs.

    Args:
        image: (B, 3, P, P) generated.
        truth: (B, 3, P, P) the driving frames.
        regions: (B, h, h) of the driving frames, h a part of P.

    Returns:
        (6,) squared error, error of the luminance, of the chroma, gradient of the image, of the
        truth, pixels.
    """
    inside = (regions == Region.MOUTH)[:, None].float()
    inside = F.interpolate(inside, size=image.shape[-2:])
    wrong = image - truth
    luminance = _luminance(wrong)
    parts = (
        wrong.square().mean(1, keepdim=True),
        luminance.abs(),
        (wrong - luminance).abs().mean(1, keepdim=True),
        gradient_size(image),
        gradient_size(truth),
        torch.ones_like(inside),
    )
    return torch.stack([(part * inside).double().sum() for part in parts])


def mouth_measures(sums: Sequence[Tensor]) -> dict[str, float]:
    """PSNR, errors of luminance and chroma in levels of 255, and sharpness of inner mouths.

    Convention:
        - pixels of all pairs count alike; nan where no mouth is open
        - sharpness: mean gradient over that of the true picture

    Args:
        sums: Of `mouth_sums`.
    """
    total = sum(sums, start=torch.zeros(_SUMS).double())
    squared, luminance, chroma, generated, true = (total[:-1] / total[-1]).tolist()
    return {
        "mouth_psnr_db": -10 * float(torch.tensor(squared).clamp(min=MIN_ERROR).log10()),
        "mouth_luminance_255": 255 * luminance,
        "mouth_chroma_255": 255 * chroma,
        "mouth_sharpness": generated / true if true else float("nan"),
    }


def _luminance(picture: Tensor) -> Tensor:
    """(B, 1, h, w) of (B, 3, h, w)."""
    return (picture * picture.new_tensor(LUMINANCE).view(3, 1, 1)).sum(1, keepdim=True)
