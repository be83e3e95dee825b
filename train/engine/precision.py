"""Where and in which type a run computes.

Processors without instructions for bfloat16 compute in it far slower.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F

from liveportrait_core.config.fields import OptionError

from .distributed import is_first_process
from .settings import LoopConfig

CHANNELS: Final = 48
SIZE_PX: Final = 32
ROUNDS: Final = 3
"""The fastest of as many counts: other programs may disturb one."""

CLEARLY: Final = 2.0
"""How much faster the other type must be for a run to change to it."""

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
    device: str,
    *,
    bfloat16: bool,
    float16: bool = False,
    kept: str = "",
    stopwatch: Stopwatch | None = None,
) -> torch.dtype | None:
    """The type of mixed precision of a run, where it is allowed and pays; else None: float32.

    Convention:
        - a GPU takes what is asked for; on a CPU a convolution, forward and back, is timed in
          bfloat16 and float32, for about a tenth of a second
        - a run that goes on keeps the type it had on a CPU, as timings that are near differ from
          call to call, unless the other one is twice as fast
        - float16 is taken wherever it is asked for, before bfloat16

    Args:
        device: `cpu` or `cuda`.
        bfloat16: Whether the run allows it.
        float16: Whether the run asks for it.
        kept: Name of the type that the run had before (`precision_name`), or empty.
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
    advantage = seconds(torch.float32) / seconds(torch.bfloat16)
    needed = {"bfloat16": 1 / CLEARLY, "float32": CLEARLY}.get(kept, 1.0)
    return torch.bfloat16 if advantage > needed else None


def precision_of_run(config: LoopConfig, device: str, kept: str) -> torch.dtype | None:
    """The type that the first process of a run chose; what is not as it was asked for is said."""
    dtype = chosen_precision(device, bfloat16=config.bfloat16, float16=config.float16, kept=kept)
    if torch.distributed.is_initialized():
        choice = [dtype]
        torch.distributed.broadcast_object_list(choice)
        dtype = choice[0]
    if config.bfloat16 and dtype is None and is_first_process():
        print("float32: bfloat16 is slower on this processor", file=sys.stderr, flush=True)
    return dtype


def precision_name(dtype: torch.dtype | None) -> str:
    """What a checkpoint calls the type of a run: bfloat16, float16, or float32 for None."""
    return str(dtype or torch.float32).removeprefix("torch.")


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
