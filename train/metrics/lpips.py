"""LPIPS on AlexNet (Zhang et al., 2018, version 0.1).

The user brings AlexNet; the heads are those of the lpips package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.errors import CheckpointError

STRIDES_AND_PADDINGS: Final = {0: (4, 2), 3: (1, 2), 6: (1, 1), 8: (1, 1), 10: (1, 1)}
"""Of AlexNet's convolutions, by their number in `features`."""
POOLED_BEFORE: Final = (3, 6)
"""Convolutions that a pooling of 3x3 by steps of 2 stands before."""
SHIFT: Final = (-0.030, -0.088, -0.188)
SCALE: Final = (0.458, 0.448, 0.450)
"""Of the colours, for pictures in [-1, 1]."""
EPSILON: Final = 1e-10


@dataclass(frozen=True, slots=True)
class LpipsNetwork:
    """AlexNet up to its fifth activation, and LPIPS's weight of each channel."""

    alexnet: Mapping[str, Tensor]
    """torchvision's keys, `features.0.weight` and so on; others are left alone."""
    heads: Mapping[str, Tensor]
    """The keys of the lpips package, `lin0.model.1.weight` (1, C, 1, 1) and so on."""

    def __post_init__(self) -> None:
        for level, number in enumerate(STRIDES_AND_PADDINGS):
            weight = _named(self.alexnet, f"features.{number}.weight", "AlexNet's")
            _named(self.alexnet, f"features.{number}.bias", "AlexNet's")
            head = _named(self.heads, f"lin{level}.model.1.weight", "the LPIPS heads'")
            if head.shape != (1, len(weight), 1, 1) or bool((head < 0).any()):
                raise CheckpointError(
                    f"The LPIPS head lin{level} has shape {tuple(head.shape)} or weights below 0; "
                    f"(1, {len(weight)}, 1, 1) from 0 up is expected. Give torchvision's AlexNet, "
                    "and install lpips 0.1."
                )

    def __call__(self, image: Tensor) -> tuple[Tensor, ...]:
        """The five activations, so weighted that LPIPS is their squared distance.

        Convention:
            - each place's channels have length 1, then the root of the head's weights

        Args:
            image: (B, 3, h, h) in [0, 1], h at least 64.

        Returns:
            (B, C, h', h') each.
        """
        shift, scale = (image.new_tensor(row).view(3, 1, 1) for row in (SHIFT, SCALE))
        values = (2 * image - 1 - shift) / scale
        levels: list[Tensor] = []
        for level, (number, (stride, padding)) in enumerate(STRIDES_AND_PADDINGS.items()):
            if number in POOLED_BEFORE:
                values = F.max_pool2d(values, 3, 2)
            weight, bias = (self.alexnet[f"features.{number}.{x}"] for x in ("weight", "bias"))
            values = F.relu(F.conv2d(values, weight, bias, stride=stride, padding=padding))
            length = values.square().sum(1, keepdim=True).sqrt()
            head = self.heads[f"lin{level}.model.1.weight"]
            levels.append(values / (length + EPSILON) * head.sqrt())
        return tuple(levels)


def lpips_distance(found: tuple[Tensor, ...], truth: tuple[Tensor, ...]) -> Tensor:
    """LPIPS of what `LpipsNetwork` gives: squared distance, mean over places, summed over levels.

    Returns:
        (B,) 0 for pictures that are the same.
    """
    levels = [
        (ours - theirs).square().sum(1).mean((1, 2))
        for ours, theirs in zip(found, truth, strict=True)
    ]
    return torch.stack(levels).sum(0)


def _named(weights: Mapping[str, Tensor], key: str, whose: str) -> Tensor:
    if key not in weights:
        raise CheckpointError(
            f"The file lacks {key}; {whose} weights are expected. Give the file that "
            "docs/training.md names."
        )
    return weights[key]
