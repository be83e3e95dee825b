"""The Inception network of FID, from weights that the user brings.

Inception v3 (Szegedy et al., 2016) as FID's reference has it: the pooled branches leave out the
border from their means, and the last block takes the largest value instead of the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.errors import CheckpointError

INPUT_PX: Final = 299
NORM_EPSILON: Final = 1e-3
WIDE: Final = ("Mixed_5b", "Mixed_5c", "Mixed_5d")
LONG: Final = ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e")


@dataclass(frozen=True, slots=True)
class InceptionNetwork:
    """Inception v3 up to its last mean, 2048 numbers a picture.

    Sizes are those of the weights.
    """

    weights: Mapping[str, Tensor]
    """torchvision's keys, `Mixed_5b.branch1x1.conv.weight` and so on, as pytorch-fid's file has
    them; others are left alone."""

    def __call__(self, image: Tensor) -> Tensor:
        """Features of pictures.

        Args:
            image: (B, 3, h, h) in [0, 1].

        Returns:
            (B, D).

        Raises:
            CheckpointError: A weight is missing.
        """
        size = (INPUT_PX, INPUT_PX)
        x = 2 * F.interpolate(image, size=size, mode="bilinear", align_corners=False) - 1
        x = self._conv(x, "Conv2d_1a_3x3", stride=2)
        x = self._conv(x, "Conv2d_2a_3x3", padded=False)
        x = F.max_pool2d(self._conv(x, "Conv2d_2b_3x3"), 3, 2)
        x = self._conv(x, "Conv2d_3b_1x1")
        x = F.max_pool2d(self._conv(x, "Conv2d_4a_3x3", padded=False), 3, 2)
        for name in WIDE:
            x = self._wide(x, name)
        x = self._shrink_6a(x)
        for name in LONG:
            x = self._long(x, name)
        x = self._shrink_7a(x)
        x = self._split(x, "Mixed_7b", _mean_without_border(x))
        x = self._split(x, "Mixed_7c", F.max_pool2d(x, 3, 1, 1))
        return x.mean((2, 3))

    def _conv(self, x: Tensor, name: str, *, stride: int = 1, padded: bool = True) -> Tensor:
        """Convolution, norm and ReLU; padded so that the size stays, but for steps."""
        keys = ("conv.weight", "bn.running_mean", "bn.running_var", "bn.weight", "bn.bias")
        missing = [key for key in keys if f"{name}.{key}" not in self.weights]
        if missing:
            raise CheckpointError(
                f"The Inception file lacks {name}.{missing[0]}; torchvision's keys, as in "
                "pytorch-fid's file, are expected. Give the file that docs/training.md names."
            )
        kernel, mean, variance, gain, shift = (self.weights[f"{name}.{key}"] for key in keys)
        height, width = kernel.shape[2:]
        padding = (height // 2, width // 2) if padded and stride == 1 else (0, 0)
        y = F.conv2d(x, kernel, stride=stride, padding=padding)
        return F.relu(F.batch_norm(y, mean, variance, gain, shift, eps=NORM_EPSILON))

    def _chain(self, x: Tensor, block: str, *names: str) -> Tensor:
        for name in names:
            x = self._conv(x, f"{block}.{name}")
        return x

    def _wide(self, x: Tensor, block: str) -> Tensor:
        branches = (
            self._chain(x, block, "branch1x1"),
            self._chain(x, block, "branch5x5_1", "branch5x5_2"),
            self._chain(x, block, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            self._chain(_mean_without_border(x), block, "branch_pool"),
        )
        return torch.cat(branches, 1)

    def _long(self, x: Tensor, block: str) -> Tensor:
        double = [f"branch7x7dbl_{number}" for number in range(1, 6)]
        branches = (
            self._chain(x, block, "branch1x1"),
            self._chain(x, block, "branch7x7_1", "branch7x7_2", "branch7x7_3"),
            self._chain(x, block, *double),
            self._chain(_mean_without_border(x), block, "branch_pool"),
        )
        return torch.cat(branches, 1)

    def _shrink_6a(self, x: Tensor) -> Tensor:
        double = self._chain(x, "Mixed_6a", "branch3x3dbl_1", "branch3x3dbl_2")
        branches = (
            self._conv(x, "Mixed_6a.branch3x3", stride=2),
            self._conv(double, "Mixed_6a.branch3x3dbl_3", stride=2),
            F.max_pool2d(x, 3, 2),
        )
        return torch.cat(branches, 1)

    def _shrink_7a(self, x: Tensor) -> Tensor:
        first = self._chain(x, "Mixed_7a", "branch3x3_1")
        names = ("branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3")
        second = self._chain(x, "Mixed_7a", *names)
        branches = (
            self._conv(first, "Mixed_7a.branch3x3_2", stride=2),
            self._conv(second, "Mixed_7a.branch7x7x3_4", stride=2),
            F.max_pool2d(x, 3, 2),
        )
        return torch.cat(branches, 1)

    def _split(self, x: Tensor, block: str, pooled: Tensor) -> Tensor:
        single = self._chain(x, block, "branch3x3_1")
        double = self._chain(x, block, "branch3x3dbl_1", "branch3x3dbl_2")
        branches = (
            self._chain(x, block, "branch1x1"),
            self._chain(single, block, "branch3x3_2a"),
            self._chain(single, block, "branch3x3_2b"),
            self._chain(double, block, "branch3x3dbl_3a"),
            self._chain(double, block, "branch3x3dbl_3b"),
            self._chain(pooled, block, "branch_pool"),
        )
        return torch.cat(branches, 1)


def _mean_without_border(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
