"""Gradients of a step: of all parts of its batch, and of all processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor

from .tensors import copy_each

BUCKET_NUMBERS: Final = 2**24
"""Numbers that are sent at a time: 64 MiB."""


def average_over_processes(gradients: Iterable[Tensor]) -> None:
    """Put the mean over all processes in their place, which hold gradients of the same shapes.

    Convention:
        - sent in buckets, one after the other: while one is on its way the next is put together
    """
    waiting: list[tuple[Any, Tensor, list[Tensor]]] = []
    for bucket in _buckets(gradients):
        flat = torch.cat([tensor.flatten() for tensor in bucket])
        waiting.append((dist.all_reduce(flat, async_op=True), flat, bucket))
    for work, flat, bucket in waiting:
        work.wait()
        parts = (flat / dist.get_world_size()).split([tensor.numel() for tensor in bucket])
        whole = [part.view_as(tensor) for part, tensor in zip(parts, bucket, strict=True)]
        copy_each(bucket, whole)


def _buckets(tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    buckets: list[list[Tensor]] = []
    size = BUCKET_NUMBERS
    for tensor in tensors:
        if size >= BUCKET_NUMBERS:
            buckets.append([])
            size = 0
        buckets[-1].append(tensor)
        size += tensor.numel()
    return buckets


def mean_over_processes(values: Sequence[Tensor]) -> list[float]:
    """Means of scalars over all processes."""
    means = torch.stack(list(values))
    if dist.is_initialized():
        dist.all_reduce(means)
        means = means / dist.get_world_size()
    return means.tolist()
