"""Whether bfloat16 pays: processors without instructions for it compute in it far slower."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F

CHANNELS: Final = 48
SIZE_PX: Final = 32
ROUNDS: Final = 3
"""The fastest of as many counts: other programs may disturb one."""

Stopwatch = Callable[[torch.dtype], float]


def chosen_precision(device: str, *, bfloat16: bool, stopwatch: Stopwatch | None = None) -> str:
    """The mixed precision of a run: `bf16` where it is allowed and pays, else `no`.

    Convention:
        - a GPU takes what is asked for; on a CPU a convolution, forward and back, is timed in both
          types, for about a tenth of a second

    Args:
        device: `cpu` or `cuda`.
        bfloat16: Whether the run allows it.
        stopwatch: Gives the seconds of a convolution in a type; by default `convolution_s`.

    Use:
        `Accelerator(mixed_precision=chosen_precision("cpu", bfloat16=True))`
    """
    if not bfloat16:
        return "no"
    if device != "cpu":
        return "bf16"
    seconds = stopwatch or convolution_s
    return "bf16" if seconds(torch.bfloat16) < seconds(torch.float32) else "no"


def convolution_s(dtype: torch.dtype) -> float:
    """Seconds of a convolution like those of our networks, forward and back, on this CPU."""
    picture = torch.ones(2, CHANNELS, SIZE_PX, SIZE_PX, dtype=dtype)
    weight = torch.ones(CHANNELS, CHANNELS, 3, 3, dtype=dtype, requires_grad=True)
    picture, weight_last = (x.to(memory_format=torch.channels_last) for x in (picture, weight))

    def once() -> float:
        start = time.perf_counter()
        F.conv2d(picture, weight_last, padding=1).sum().backward()
        return time.perf_counter() - start

    once()  # the first one prepares
    return min(once() for _ in range(ROUNDS))
