"""Thin plate splines: how pictures are bent for L_E (Bookstein, 1989; Siarohin et al., 2019)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.geometry import full_precision

from ..engine.draw import Draw

SIDE: Final = 5
"""Control points of a side."""
SPREAD: Final = 0.005
"""Standard deviation of their weights (Siarohin et al., 2019)."""
CLOSEST: Final = 1e-6
"""Added to a distance, whose logarithm is taken."""


def draw_splines(draw: Draw, count: int) -> Tensor:
    """(B, 25, 2) weights of the control points."""
    return SPREAD * draw.normal(count, SIDE**2, 2)


def unbent(points: Tensor, weights: Tensor | None) -> Tensor:
    """Where points of a bent picture are in the one before it was bent.

    x' = x + sum_k w_k U(|x - p_k|), U(r) = r^2 log r, with 5 x 5 control points p_k over the crop.

    Args:
        points: (B, K, 2 or 3) crop units; a depth stays.
        weights: (B, 25, 2); None for a picture that was not bent.
    """
    if weights is None:
        return points
    with full_precision(points.device):
        xy = points[..., :2].float()
        controls = torch.from_numpy(_controls()).to(xy)
        distance = (xy[..., None, :] - controls).norm(dim=-1)
        away = (distance.square() * (distance + CLOSEST).log()) @ weights
        return torch.cat((xy + away, points[..., 2:]), -1)


def bends(weights: Tensor, size: int) -> list[NDArray[np.floating[Any]]]:
    """(S, S, 2) of each picture of S pixels: by how much `unbent` moves its pixels, crop units."""
    basis = _basis(size)
    return [(basis @ row).reshape(size, size, 2) for row in weights.numpy()]


def _controls() -> NDArray[np.float32]:
    """(25, 2) crop units."""
    line = np.linspace(-1, 1, SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)


@lru_cache(4)
def _basis(size: int) -> NDArray[np.float32]:
    """(S * S, 25): U of each pixel's distance from each control point."""
    line = np.arange(1 - size, size, 2, dtype=np.float32) / np.float32(size)
    pixels = np.stack(np.meshgrid(line, line), -1).reshape(-1, 1, 2)
    distance = np.linalg.norm(pixels - _controls(), axis=-1)
    return distance**2 * np.log(distance + np.float32(CLOSEST))
