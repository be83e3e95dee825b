"""fit(): the only training loop. Accelerate appears here and nowhere else."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import accelerate
import numpy as np
import torch
from torch import Tensor, nn

from liveportrait_core.media.images import write_image

from . import checkpoint
from .config import CONFIG_NAME, LoopConfig, to_json
from .draw import Draw
from .ema import MovingAverage
from .stats import Stats
from .sync_batchnorm import share_norms

CONVOLUTION_NDIM = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterGroup:
    """Networks that share optimiser settings; the gradient norm is clipped per group."""

    modules: tuple[str, ...]
    lr: float
    betas: tuple[float, float] = (0.8, 0.98)
    weight_decay: float = 1e-4
    clip_norm: float = 5.0


class Task(Protocol):
    """What a stage trains and how one step's losses come about."""

    modules: Mapping[str, nn.Module]
    groups: tuple[ParameterGroup, ...]

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """Losses of one batch; `total` is what is minimised. `average` is the EMA."""
        ...

    def strip(self, average: Mapping[str, nn.Module]) -> np.ndarray | None:
        """A picture (H, W, 3) uint8 RGB that shows how far training is."""
        ...


@runtime_checkable
class Watching(Protocol):
    """A task that looks at its own progress, in the first process."""

    def watch(self, step: int, average: Mapping[str, nn.Module], *, last: bool) -> None:
        """What to do after `step` finished steps, once they are logged and saved."""
        ...


def fit(task: Task, config: LoopConfig) -> Mapping[str, nn.Module]:
    """Train to `config.steps`, resuming what the run folder holds.

    Convention:
        - a step's batch is `accumulate` parts in each process; its gradient is their mean, its
          draws and batch norms are those of the whole (of a part's, between parts), so that as
          many samples give the same losses in one process and in several

    Returns:
        The moving averages of the task's modules.

    Raises:
        FloatingPointError: A loss is not finite; the message names it and the step.
    """
    if config.device == "cpu":
        torch.set_num_threads(config.threads)
        torch.set_flush_denormal(True)
    accelerator = accelerate.Accelerator(
        cpu=config.device == "cpu", mixed_precision="bf16" if config.bfloat16 else "no"
    )
    for module in task.modules.values():
        _prepare(module, accelerator)
    average = MovingAverage(task.modules, config.ema_decay)
    optimiser = _optimiser(task)
    start = _resume(config, task, average, optimiser)
    stats: Stats | None = None
    if accelerator.is_main_process:
        config.run.mkdir(parents=True, exist_ok=True)
        (config.run / CONFIG_NAME).write_text(to_json(config), encoding="utf-8")
        stats = Stats(config.run / "stats.jsonl", config.steps, start)
    for step in range(start, config.steps):
        share = learning_rate_share(step, config)
        for group in optimiser.param_groups:
            group["lr"] = group["base_lr"] * share
        optimiser.zero_grad(set_to_none=False)
        logged = _take_gradients(accelerator, task, average, config, step)
        _average_over_processes(accelerator, task)
        for group in optimiser.param_groups:
            nn.utils.clip_grad_norm_(group["params"], group["clip_norm"])
        optimiser.step()
        average.update(task.modules, step)
        if stats is not None:
            stats.add(logged)
            _report(step + 1, share, config, task, average, optimiser, stats)
    return average.modules


def learning_rate_share(step: int, config: LoopConfig) -> float:
    """Linear warm-up, then a cosine to `final_lr_share`."""
    rise = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    cosine = 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return rise * (config.final_lr_share + (1 - config.final_lr_share) * cosine)


def _prepare(module: nn.Module, accelerator: accelerate.Accelerator) -> None:
    for parameter in module.parameters():
        if parameter.ndim == CONVOLUTION_NDIM:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    module.to(accelerator.device).train()
    if accelerator.num_processes > 1:
        share_norms(module)


def _optimiser(task: Task) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        [
            {
                "params": [p for name in group.modules for p in task.modules[name].parameters()],
                "base_lr": group.lr,
                "betas": group.betas,
                "weight_decay": group.weight_decay,
                "clip_norm": group.clip_norm,
            }
            for group in task.groups
        ]
    )


def _resume(
    config: LoopConfig, task: Task, average: MovingAverage, optimiser: torch.optim.Optimizer
) -> int:
    state = checkpoint.load(config.run)
    if state is None:
        return 0
    for name, module in task.modules.items():
        module.load_state_dict(state["modules"][name])
        average.modules[name].load_state_dict(state["average"][name])
    optimiser.load_state_dict(state["optimiser"])
    print(f"resuming {config.run} at step {state['step']}", file=sys.stderr, flush=True)
    return state["step"]


def _take_gradients(
    accelerator: accelerate.Accelerator,
    task: Task,
    average: MovingAverage,
    config: LoopConfig,
    step: int,
) -> dict[str, float]:
    """Gradients of this process's parts of a step; the losses of all processes."""
    parts: list[dict[str, Tensor]] = []
    notes: list[str] = []
    for part in range(config.accumulate):
        slot = part * accelerator.num_processes + accelerator.process_index
        draw = Draw.of(config.seed, slot, step)
        with accelerator.autocast():
            losses = task.train_step(draw, average.modules)
        (losses["total"] / config.accumulate).backward()
        parts.append({name: value.detach().float() for name, value in losses.items()})
        notes += draw.notes
    names = list(parts[0])
    means = torch.stack([torch.stack([part[name] for part in parts]).mean() for name in names])
    shared: Any = accelerator.reduce(means, "mean")
    logged = dict(zip(names, shared.tolist(), strict=True))
    _refuse_non_finite(logged, step, notes)
    return logged


def _refuse_non_finite(losses: dict[str, float], step: int, notes: Sequence[str]) -> None:
    wrong = [name for name, value in losses.items() if not math.isfinite(value)]
    if wrong:
        batch = f" Its batch: {'; '.join(notes)}." if notes else ""
        raise FloatingPointError(
            f"The loss {', '.join(wrong)} is not finite at step {step}.{batch} The last "
            "checkpoint is kept; lower the learning rate or set bfloat16=false, and run the same "
            "command again."
        )


def _average_over_processes(accelerator: accelerate.Accelerator, task: Task) -> None:
    """One mean over processes of all gradients, sent as one vector."""
    if accelerator.num_processes == 1:
        return
    tensors: list[Tensor] = []
    for module in task.modules.values():
        tensors += [p.grad for p in module.parameters() if p.grad is not None]
    mean: Any = accelerator.reduce(torch.cat([t.flatten() for t in tensors]), "mean")
    for tensor, part in zip(tensors, mean.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def _report(
    step: int,
    share: float,
    config: LoopConfig,
    task: Task,
    average: MovingAverage,
    optimiser: torch.optim.Optimizer,
    stats: Stats,
) -> None:
    last = step == config.steps
    if step % config.log_every == 0 or last:
        stats.write(step, share)
    if step % config.save_every == 0 or last:
        state = {
            "step": step,
            "modules": {name: m.state_dict() for name, m in task.modules.items()},
            "average": {name: m.state_dict() for name, m in average.modules.items()},
            "optimiser": optimiser.state_dict(),
        }
        checkpoint.save(config.run, state)
    if config.strip_every and (step % config.strip_every == 0 or last):
        _write_strip(config, task, average, step)
    if isinstance(task, Watching):
        task.watch(step, average.modules, last=last)


def _write_strip(config: LoopConfig, task: Task, average: MovingAverage, step: int) -> None:
    strip = task.strip(average.modules)
    if strip is not None:
        write_image(config.run / f"strip-{step:06d}.png", strip)
