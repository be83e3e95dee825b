"""Measures of pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_ERROR = 1e-10
"""Mean squared error of pictures that are the same: they count as 100 dB."""

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
SSIM_CONSTANTS = (0.01**2, 0.03**2)
"""Window, its standard deviation in pixels, and the two constants of Wang et al., 2004, for
values in [0, 1]."""
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, the finest first (Wang et al., 2003)."""
MS_SSIM_MIN_PX = (SSIM_WINDOW - 1) * 2 ** (len(MS_SSIM_WEIGHTS) - 1) + 1
"""Least side of a picture: the window must fit into the coarsest scale."""


def psnr_db(image: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture: -10 log10(mean squared error).

    Args:
        image: (B, 3, h, h) in [0, 1].
        truth: (B, 3, h, h) in [0, 1].

    Returns:
        (B,) decibel.
    """
    return -10 * (image - truth).square().mean((1, 2, 3)).clamp(min=MIN_ERROR).log10()


def l1(image: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of each picture, (B,); the arguments are those of `psnr_db`."""
    return (image - truth).abs().mean((1, 2, 3))


def gradient_size(picture: Tensor) -> Tensor:
    """(B, 1, h, w) mean size of the differences of neighbouring pixels of (B, C, h, w)."""
    right = F.pad(picture.diff(dim=-1), (0, 1))
    down = F.pad(picture.diff(dim=-2), (0, 0, 0, 1))
    return (right.abs() + down.abs()).mean(1, keepdim=True)


def ssim(image: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity of each picture (Wang et al., 2004), mean over colours and places.

    Convention:
        - Gaussian windows that lie wholly inside the picture, variances over their weights

    Args:
        image: (B, 3, h, h) in [0, 1], h at least `SSIM_WINDOW`.
        truth: (B, 3, h, h) in [0, 1].

    Returns:
        (B,) 1 for pictures that are the same.
    """
    luminance, contrast = _ssim_maps(image, truth)
    return (luminance * contrast).mean((1, 2))


def ms_ssim(image: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity over five scales (Wang et al., 2003), mean over colours.

    Convention:
        - contrast of the finer scales, contrast and luminance of the coarsest; each scale is the
          mean over 2x2 pixels of the one before, an odd side gaining a border of zeros
        - negative means count as 0: they have no roots

    Args:
        image: (B, 3, h, h) in [0, 1], h at least `MS_SSIM_MIN_PX`.
        truth: (B, 3, h, h) in [0, 1].

    Returns:
        (B,) 1 for pictures that are the same.
    """
    product = image.new_ones(image.shape[:2])
    for level, weight in enumerate(MS_SSIM_WEIGHTS):
        if level:
            odd = [side % 2 for side in image.shape[2:]]
            image, truth = (F.avg_pool2d(x, 2, padding=odd) for x in (image, truth))
        luminance, contrast = _ssim_maps(image, truth)
        is_last = level == len(MS_SSIM_WEIGHTS) - 1
        term = luminance * contrast if is_last else contrast
        product = product * term.mean(2).clamp(min=0) ** weight
    return product.mean(1)


def _ssim_maps(image: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 3, places) agreement of means and of contrasts, whose product is SSIM's map."""
    away = torch.arange(SSIM_WINDOW, device=image.device, dtype=image.dtype) - SSIM_WINDOW // 2
    weights = torch.softmax(-away.square() / (2 * SSIM_SIGMA**2), 0)

    def mean(values: Tensor) -> Tensor:
        flat = values.flatten(0, 1)[:, None]
        across = F.conv2d(flat, weights.view(1, 1, 1, -1))
        return F.conv2d(across, weights.view(1, 1, -1, 1)).view(*values.shape[:2], -1)

    x, y = mean(image), mean(truth)
    variances = mean(image * image) - x * x + mean(truth * truth) - y * y
    shared = mean(image * truth) - x * y
    c1, c2 = SSIM_CONSTANTS
    luminance = (2 * x * y + c1) / (x * x + y * y + c1)
    return luminance, (2 * shared + c2) / (variances + c2)


def edit_ratio(image: Tensor, source: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """How much of a change was missed in a region: |image - truth| / |source - truth|.

    Args:
        image: (B, 3, h, h).
        source: (B, 3, h, h); copying it would score 1.
        truth: (B, 3, h, h); reaching it scores 0.
        weights: (B, 1, h, h).

    Returns:
        One number over the batch.
    """
    missed, expected = (((x - truth).abs() * weights).sum() for x in (image, source))
    return missed / expected
