"""Adversarial losses (Eq. 4, L_G): hinge, least squares, feature matching, gradient penalty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = 1e-12
"""Keeps the root of a squared gradient differentiable where the gradient is zero."""


def generator_hinge(logits: Tensor) -> Tensor:
    """-mean D(generated)."""
    return -logits.mean()


def discriminator_hinge(true_logits: Tensor, generated_logits: Tensor) -> Tensor:
    """Mean max(0, 1 - D(true)) + mean max(0, 1 + D(generated))."""
    return F.relu(1 - true_logits).mean() + F.relu(1 + generated_logits).mean()


def generator_least_squares(logits: Tensor) -> Tensor:
    """Mean (D(generated) - 1)^2 (Mao et al., 2017)."""
    return (logits - 1).square().mean()


def discriminator_least_squares(true_logits: Tensor, generated_logits: Tensor) -> Tensor:
    """Mean (D(true) - 1)^2 + mean D(generated)^2."""
    return (true_logits - 1).square().mean() + generated_logits.square().mean()


OBJECTIVES: Mapping[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = (
    MappingProxyType(
        {
            "hinge": (generator_hinge, discriminator_hinge),
            "least_squares": (generator_least_squares, discriminator_least_squares),
        }
    )
)
"""What the generator minimises, and what a discriminator does."""


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], true: Tensor, generated: Tensor, fraction: Tensor
) -> Tensor:
    """Mean (|grad D| - 1)^2 between true and generated pictures (Gulrajani et al., 2017).

    Args:
        critic: Pictures to logits (B, n, ...); D of a picture is their mean.
        true: (B, 3, h, h).
        generated: (B, 3, h, h); neither gets a gradient.
        fraction: (B, 1, 1, 1) in [0, 1]: of the true picture in each mixture.
    """
    with torch.enable_grad():
        between = (fraction * true + (1 - fraction) * generated).detach().requires_grad_()
        score = critic(between).flatten(1).mean(1).sum()
        (gradient,) = torch.autograd.grad(score, between, create_graph=True)
    norm = (gradient.flatten(1).square().sum(1) + TINY).sqrt()
    return (norm - 1).square().mean()


def feature_matching(activations: Sequence[Tensor], true: Sequence[Tensor]) -> Tensor:
    """Mean over the layers of the L1 between a discriminator's activations."""
    pairs = list(zip(activations, true, strict=True))
    total = sum(((x - y).abs().mean() for x, y in pairs), start=pairs[0][0].new_zeros(()))
    return total / len(pairs)
