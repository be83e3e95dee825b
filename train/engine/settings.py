"""What every training run shares: its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from liveportrait_core.config.fields import OptionError, check_options, option


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """What every training run shares."""

    run: Path = option(
        help="folder of the run: checkpoints, log, sample grids; the same command resumes it"
    )
    steps: int = option(0, "optimiser steps in all; 0: as many as budget_minutes allows", minimum=0)
    budget_minutes: float | None = option(
        None,
        "minutes in all, saving and measuring included, over which the learning rate falls",
        above=0,
        unset="as long as the steps take",
    )
    pause_minutes: float | None = option(
        None,
        "stop and save after so many minutes; the same command goes on",
        above=0,
        more=True,
        unset="not before the end",
    )
    device: Literal["auto", "cpu", "cuda"] = option(
        "auto", "where it is trained; auto: the GPU where there is one"
    )
    seed: int = option(
        0, "every random draw comes from it, the step and the place in the batch of all processes"
    )
    accumulate: int = option(
        1,
        "parts of a batch that each process takes one after the other before the optimiser steps",
        minimum=1,
        more=True,
    )
    threads: int = option(
        1,
        "threads of one process on a CPU; several processes beat several threads",
        minimum=1,
        more=True,
    )
    workers: int | None = option(
        None,
        "processes that read and augment batches ahead of the step; 0: each when the step asks",
        minimum=0,
        more=True,
        unset="the cores that are left, at most 16; 0 where processes cannot be forked",
    )
    bfloat16: bool = option(
        True,
        "compute in bfloat16 where it is safe (autocast); on a CPU only where a short timing finds "
        "it faster than float32",
        more=True,
    )
    float16: bool = option(
        False,
        "compute in float16 with scaled losses, for GPUs without bfloat16; over bfloat16",
        more=True,
    )
    tf32: bool = option(
        False,
        "let GPUs round the factors of all float32 products to TF32, not of convolutions alone",
        more=True,
    )
    compile: bool = option(
        False,
        "compile the networks (torch.compile): minutes at the start, then faster; what cannot be "
        "compiled runs as it is",
        more=True,
    )
    recompute: bool = option(
        False,
        "compute the networks' results again on the way back (gradient checkpointing): less "
        "memory, about a third more time",
        more=True,
    )
    fused: bool = option(False, "the optimiser's step as one fused call", more=True)
    warmup_steps: int = option(
        100, "steps over which the learning rate rises", minimum=0, more=True
    )
    final_lr_fraction: float = option(
        0.05,
        "fraction of the learning rate that the cosine ends at",
        minimum=0,
        maximum=1,
        more=True,
    )
    ema_decay: float = option(
        0.998,
        "decay of the moving average of the weights; the average is what is written",
        minimum=0,
        maximum=0.99999,
        more=True,
    )
    wandb: str = option(
        "",
        "project of Weights & Biases that the losses are sent to as well (needs the package wandb)",
        more=True,
    )
    log_every: int = option(
        25, "steps between status lines and rows of stats.jsonl", minimum=1, more=True
    )
    save_every: int = option(250, "steps between checkpoints", minimum=1, more=True)
    keep: int = option(
        1,
        "checkpoints that are kept; from 2 on also that of the step that did best",
        minimum=1,
        more=True,
    )
    grid_every: int = option(500, "steps between sample grids; 0: none", minimum=0, more=True)

    def __post_init__(self) -> None:
        check_options(self)
        if not self.steps and self.budget_minutes is None:
            raise OptionError(
                "steps is missing; a whole number from 1 up is expected, or budget_minutes=N for "
                "as many as that time allows."
            )

    @property
    def length(self) -> str:
        """In words, for the model's file: its steps, or its minutes."""
        return str(self.steps) if self.steps else f"{self.budget_minutes:g} minutes"
