"""Measures of pictures."""

from __future__ import annotations

from torch import Tensor

LEAST_ERROR = 1e-10
"""Mean squared error of pictures that are the same: they count as 100 dB."""


def psnr_db(image: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture: -10 log10(mean squared error).

    Args:
        image: (B, 3, h, h) in [0, 1].
        truth: (B, 3, h, h) in [0, 1].

    Returns:
        (B,) decibel.
    """
    return -10 * (image - truth).square().mean((1, 2, 3)).clamp(min=LEAST_ERROR).log10()


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
    missed, wanted = (((x - truth).abs() * weights).sum() for x in (image, source))
    return missed / wanted
