"""Where and in which type a run computes.

Processors without instructions for bfloat16 compute in it far slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F

from liveportrait_core.config.fields import OptionError

CHANNELS: Final = 48
SIZE_PX: Final = 32
ROUNDS: Final = 3
"""The fastest of as many counts: other programs may disturb one."""

Stopwatch = Callable[[torch.dtype], float]


def chosen_device(asked: str) -> str:
    """`cpu` or `cuda`; `auto` is the GPU where there is one.

    Raises:
        OptionError: A GPU is asked for, and torch finds none.
    """
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        why = "finds no GPU" if torch.version.cuda else "was built without CUDA"
        raise OptionError(
            f"device is cuda, but torch {torch.__version__} {why}; a CUDA GPU with its driver and "
            "such a torch are expected. Give device=cpu, or device=auto to take what is there."
        )
    return "cpu" if asked == "cpu" or not found else "cuda"


def chosen_precision(
    device: str, *, bfloat16: bool, float16: bool = False, stopwatch: Stopwatch | None = None
) -> torch.dtype | None:
    """The type of mixed precision of a run, where it is allowed and pays; else None: float32.

    Convention:
        - a GPU takes what is asked for; on a CPU a convolution, forward and back, is timed in
          bfloat16 and float32, for about a tenth of a second
        - float16 is taken wherever it is asked for, before bfloat16

    Args:
        device: `cpu` or `cuda`.
        bfloat16: Whether the run allows it.
        float16: Whether the run asks for it.
        stopwatch: Gives the seconds of a convolution in a type; by default `convolution_s`.

    Use:
        `torch.autocast("cpu", chosen_precision("cpu", bfloat16=True))`
    """
    if float16:
        return torch.float16
    if not bfloat16:
        return None
    if device != "cpu":
        return torch.bfloat16
    seconds = stopwatch or convolution_s
    return torch.bfloat16 if seconds(torch.bfloat16) < seconds(torch.float32) else None


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
