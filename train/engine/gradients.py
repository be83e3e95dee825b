"""Gradients of a step: of all parts of its batch, and of all processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from .tensors import copy_each

BUCKET_NUMBERS: Final = 2**22
"""Numbers that are sent at a time: 16 MiB."""


class GradientMeans:
    """Means of gradients over all processes, sent while the way back still computes others.

    Convention:
        - parameters share buckets in the opposite order of their networks, about as their gradients
          come; a bucket is sent when it and all before it are whole, so that all processes send
          them in one order
        - sums of whole tensors: the same bits as without buckets
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        """Watch the parameters that learn; processes must have the same."""
        learning = [parameter for parameter in parameters if parameter.requires_grad]
        self._buckets = _buckets(reversed(learning))
        self._group: Any = dist.new_group()  # apart from what norms send meanwhile
        self._missing: list[int] = []
        self._sent: list[tuple[Any, Tensor]] = []
        for number, bucket in enumerate(self._buckets):
            for parameter in bucket:
                parameter.register_post_accumulate_grad_hook(self._hook(number))

    def begin(self) -> None:
        """Before the way back that completes the gradients of a step."""
        self._missing = [len(bucket) for bucket in self._buckets]
        self._sent = []

    def finish(self) -> None:
        """Put the means in the place of the gradients."""
        while len(self._sent) < len(self._buckets):  # with parameters that nothing asked for
            self._send()
        for bucket, (work, flat) in zip(self._buckets, self._sent, strict=True):
            work.wait()
            parts = (flat / dist.get_world_size()).split([p.numel() for p in bucket])
            pairs = zip(bucket, parts, strict=True)
            known = [(p.grad, part.view_as(p)) for p, part in pairs if p.grad is not None]
            copy_each([gradient for gradient, _ in known], [mean for _, mean in known])
        self._missing = []

    def _hook(self, number: int) -> Any:
        def arrived(parameter: Tensor) -> None:
            del parameter
            if not self._missing:
                return  # another part of the step follows
            self._missing[number] -= 1
            while len(self._sent) < len(self._buckets) and not self._missing[len(self._sent)]:
                self._send()

        return arrived

    def _send(self) -> None:
        bucket = self._buckets[len(self._sent)]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        self._sent.append((dist.all_reduce(flat, group=self._group, async_op=True), flat))


def _buckets(parameters: Iterable[nn.Parameter]) -> list[list[nn.Parameter]]:
    buckets: list[list[nn.Parameter]] = []
    size = BUCKET_NUMBERS
    for parameter in parameters:
        if size >= BUCKET_NUMBERS:
            buckets.append([])
            size = 0
        buckets[-1].append(parameter)
        size += parameter.numel()
    return buckets


def mean_over_processes(values: Sequence[Tensor]) -> list[float]:
    """Means of scalars over all processes."""
    means = torch.stack(list(values))
    if dist.is_initialized():
        dist.all_reduce(means)
        means = means / dist.get_world_size()
    return means.tolist()
