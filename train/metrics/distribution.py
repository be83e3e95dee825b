"""Measures of sets of pictures: FID."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from liveportrait_core.errors import LivePortraitError


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Mean and covariance of the features of a set of pictures."""

    mean: Tensor
    """(D,) float64."""
    covariance: Tensor
    """(D, D) float64, over N - 1."""
    count: int = 0
    """Images; 0 where that is not known."""


class Moments:
    """Features in, their Gaussian out; memory does not grow with the number of pictures."""

    def __init__(self) -> None:
        self.count = 0
        self._sum: Tensor | None = None
        self._products: Tensor | None = None

    def add(self, features: Tensor) -> None:
        """More pictures.

        Args:
            features: (B, D).
        """
        rows = features.detach().double().cpu()
        total, products = rows.sum(0), rows.T @ rows
        self._sum = total if self._sum is None else self._sum + total
        self._products = products if self._products is None else self._products + products
        self.count += len(rows)

    def gaussian(self) -> Gaussian:
        """The Gaussian of all features.

        Raises:
            LivePortraitError: There are fewer than two images, which have no covariance.
        """
        if self.count < 2 or self._sum is None or self._products is None:  # noqa: PLR2004
            raise LivePortraitError(
                f"FID has {self.count} images; two or more are expected on each side. "
                "Give more videos, sources or real images."
            )
        mean = self._sum / self.count
        spread = self._products - self.count * torch.outer(mean, mean)
        return Gaussian(mean, spread / (self.count - 1), self.count)


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Distance of two Gaussians, the FID of App. A: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).

    Convention:
        - the trace of the root is that of (C1^(1/2) C2 C1^(1/2))^(1/2), which is symmetric, so
          that covariances of few pictures, which have no full rank, need no shift of the diagonal
    """
    values, vectors = torch.linalg.eigh(first.covariance)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    product = root @ second.covariance @ root
    shared = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt().sum()
    apart = (first.mean - second.mean).square().sum()
    spread = first.covariance.trace() + second.covariance.trace()
    return float(apart + spread - 2 * shared)
