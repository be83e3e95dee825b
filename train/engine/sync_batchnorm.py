"""Batch norms whose statistics are those of all processes, on any device."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


class SharedBatchNorm(nn.SyncBatchNorm):
    """A batch norm over the batches of all processes, which have to be of one size.

    torch's own trains on a GPU only. Means and variances are sent at once, the means as distances
    from the running ones, so that nothing is lost where the mean is large.
    """

    @classmethod
    def of(cls, norm: BatchNorm) -> SharedBatchNorm:
        """In place of another, with its own parameters and statistics."""
        shared = cls(norm.num_features, norm.eps, norm.momentum, norm.affine)
        shared.weight, shared.bias = norm.weight, norm.bias
        shared.running_mean, shared.running_var = norm.running_mean, norm.running_var
        shared.num_batches_tracked = norm.num_batches_tracked
        return shared.train(norm.training)

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) -> the same."""
        if not self.training:
            return super().forward(input)
        values = input.float()
        kept = [1, -1, *[1] * (values.ndim - 2)]
        axes = [axis for axis in range(values.ndim) if axis != 1]
        variance, mean = torch.var_mean(values, axes, correction=0)
        origin = torch.zeros_like(mean) if self.running_mean is None else self.running_mean.clone()
        away = mean - origin
        away, square = _mean_of_all(torch.stack((away, variance + away.square())))
        mean, variance = away + origin, square - away.square()
        centred = values - mean.view(kept)
        self._follow(mean.detach(), variance.detach(), values.numel() // len(mean))
        scaled = centred * (variance + self.eps).rsqrt().view(kept)
        if self.affine:
            scaled = scaled * self.weight.view(kept) + self.bias.view(kept)
        return scaled.to(input.dtype)

    def _follow(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics, as torch does: with the variance of a sample."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked)
        total = count * dist.get_world_size()
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * (total / max(total - 1, 1)), share)


def share_norms(module: nn.Module) -> None:
    """Let all batch norms inside a module count the samples of all processes."""
    for name, child in module.named_children():
        if isinstance(child, BatchNorm):
            setattr(module, name, SharedBatchNorm.of(child))
        else:
            share_norms(child)


def _mean_of_all(values: Tensor) -> Tensor:
    """Mean over processes; gradients come back from all of them."""
    total: Tensor = _SumOfAll.apply(values)  # pyright: ignore[reportAssignmentType]
    return total / dist.get_world_size()


class _SumOfAll(torch.autograd.Function):
    """The sum over processes; so is its gradient. torch's own is marked as deprecated."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        del ctx
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        del ctx
        return _SumOfAll.apply(*grads)
