"""fit(): the only training loop. Accelerate appears here and nowhere else."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import accelerate
import torch
from torch import Tensor, nn

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.atomic import replacing
from liveportrait_core.media.images import write_image

from . import checkpoint
from .config import CONFIG_NAME, to_json
from .distributed import is_first_process, num_processes
from .draw import Draw
from .ema import MovingAverage
from .precision import chosen_precision
from .stats import Stats
from .stopping import Stopped, StopRequest
from .sync_batchnorm import share_norms
from .task import Networks, Task

CONVOLUTION_NDIM = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """What every training run shares."""

    run: Path = option(
        help="folder of the run: checkpoints, log, sample grids; the same command resumes it"
    )
    steps: int = option(help="optimiser steps in all", minimum=1)
    device: Literal["cpu", "cuda"] = option("cpu", "where it is trained")
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
    bfloat16: bool = option(
        True,
        "compute in bfloat16 where it is safe (autocast); on a CPU only where a short timing finds "
        "it faster than float32",
        more=True,
    )
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
    log_every: int = option(
        25, "steps between status lines and rows of stats.jsonl", minimum=1, more=True
    )
    save_every: int = option(250, "steps between checkpoints", minimum=1, more=True)
    grid_every: int = option(500, "steps between sample grids; 0: none", minimum=0, more=True)

    def __post_init__(self) -> None:
        check_options(self)


class TrainingConfig(Protocol):
    """Config of a training command."""

    @property
    def loop(self) -> LoopConfig:
        """That of the loop."""
        ...


Config = TypeVar("Config", bound=TrainingConfig)
Divided = TypeVar("Divided")


@runtime_checkable
class DividesBatch(Protocol):
    """A config whose batch is that of all processes together."""

    def for_processes(self: Divided, count: int) -> Divided:
        """The same for one of `count` processes."""
        ...


def train(config: Config, prepare: Callable[[Config], Task]) -> Path | None:
    """Prepare the task of a config, say what there is to say of it, train and write its model.

    Returns:
        The model's file; None in all processes but the first.
    """
    if isinstance(config, DividesBatch):
        config = config.for_processes(num_processes())
    task = prepare(config)
    if task.notes and is_first_process():
        print("\n".join(task.notes), file=sys.stderr, flush=True)
    average = fit(task, config.loop, config)
    return task.write(average) if task.write is not None and is_first_process() else None


def fit(task: Task, config: LoopConfig, settings: Any = None) -> Networks:
    """Train to `config.steps`, resuming what the run folder holds.

    Convention:
        - a step's batch is `accumulate` parts in each process; its gradient is their mean, its
          draws and batch norms are those of the whole (of a part's, between parts), so that as
          many samples give the same losses in one process and in several

    Args:
        task: What to train.
        config: Of the loop.
        settings: Config that is kept beside the run; by default the loop's.

    Returns:
        The moving averages of the task's networks.

    Raises:
        FloatingPointError: A loss is not finite; the message names it and the step.
        Stopped: Ctrl-C or SIGTERM; the state of the last finished step is saved.
    """
    if config.device == "cpu":
        torch.set_num_threads(config.threads)
        torch.set_flush_denormal(True)
    precision = chosen_precision(config.device, bfloat16=config.bfloat16)
    if config.bfloat16 and precision == "no" and is_first_process():
        print("float32: bfloat16 is slower on this processor", file=sys.stderr, flush=True)
    accelerator = accelerate.Accelerator(cpu=config.device == "cpu", mixed_precision=precision)
    for module in task.frozen.values():
        module.to(accelerator.device)
    for module in task.networks.values():
        _prepare(module, accelerator)
    average = MovingAverage(task.networks, config.ema_decay)
    optimiser = _optimiser(task)
    start = _resume(config, task, average, optimiser)
    stats: Stats | None = None
    if accelerator.is_main_process:
        config.run.mkdir(parents=True, exist_ok=True)
        with replacing(config.run / CONFIG_NAME) as part:
            part.write_text(to_json(settings or config), encoding="utf-8")
        stats = Stats(config.run / "stats.jsonl", config.steps, start)
    with StopRequest() as stop:
        for step in range(start, config.steps):
            logged = _train_step(accelerator, task, average, optimiser, config, step)
            is_last = step + 1 == config.steps
            stopped = not is_last and _any_process(accelerator, asked=stop.is_made)
            if stats is not None:
                stats.add(logged)
                _report(step + 1, config, task, average, optimiser, stats, save=stopped)
            if stopped:
                raise Stopped(
                    f"stopped at step {step + 1} of {config.steps}; its state is saved in "
                    f"{config.run}. Run the same command again to go on."
                )
    return average.modules


def _train_step(
    accelerator: accelerate.Accelerator,
    task: Task,
    average: MovingAverage,
    optimiser: torch.optim.Optimizer,
    config: LoopConfig,
    step: int,
) -> dict[str, float]:
    """One optimiser step; the losses of all processes."""
    share = learning_rate_share(step, config)
    for group in optimiser.param_groups:
        group["lr"] = group["base_lr"] * share
    optimiser.zero_grad(set_to_none=False)
    logged = _take_gradients(accelerator, task, average, config, step)
    _average_over_processes(accelerator, task)
    for group in optimiser.param_groups:
        nn.utils.clip_grad_norm_(group["params"], group["clip_norm"])
    optimiser.step()
    average.update(task.networks, step)
    return logged


def _any_process(accelerator: accelerate.Accelerator, *, asked: bool) -> bool:
    """Whether any process was asked to end: all of them end after the same step."""
    if accelerator.num_processes == 1:
        return asked
    flag: Any = accelerator.reduce(torch.tensor(float(asked), device=accelerator.device), "sum")
    return bool(flag.item())


def learning_rate_share(step: int, config: LoopConfig) -> float:
    """Linear warm-up, then a cosine to `final_lr_fraction`."""
    rise = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    cosine = 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return rise * (config.final_lr_fraction + (1 - config.final_lr_fraction) * cosine)


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
                "params": [p for name in group.modules for p in task.networks[name].parameters()],
                "base_lr": group.lr,
                **asdict(group.optimiser),
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
    for name, module in task.networks.items():
        _require_same_form(config, name, module, state["modules"].get(name, {}))
        module.load_state_dict(state["modules"][name])
        average.modules[name].load_state_dict(state["average"][name])
    optimiser.load_state_dict(state["optimiser"])
    print(f"resuming {config.run} at step {state['step']}", file=sys.stderr, flush=True)
    return state["step"]


def _require_same_form(
    config: LoopConfig, name: str, module: nn.Module, kept: Mapping[str, Tensor]
) -> None:
    """Refuse to go on with networks of another form than those of the checkpoint.

    Raises:
        CheckpointError: They are of another.
    """
    shapes = {key: tensor.shape for key, tensor in module.state_dict().items()}
    if shapes != {key: tensor.shape for key, tensor in kept.items()}:
        raise CheckpointError(
            f"The checkpoint in {config.run} {'holds another form of' if kept else 'has no'} "
            f"'{name}'; networks of this command's options are expected. Give the options in "
            f"{config.run / CONFIG_NAME}, or another folder with run=FOLDER."
        )


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
    for module in task.networks.values():
        tensors += [p.grad for p in module.parameters() if p.grad is not None]
    mean: Any = accelerator.reduce(torch.cat([t.flatten() for t in tensors]), "mean")
    for tensor, part in zip(tensors, mean.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def _report(
    step: int,
    config: LoopConfig,
    task: Task,
    average: MovingAverage,
    optimiser: torch.optim.Optimizer,
    stats: Stats,
    *,
    save: bool,
) -> None:
    """Log, save and show what is due after `step` finished steps; `save` makes a state due."""
    last = step == config.steps
    if step % config.log_every == 0 or last:
        stats.write(step, learning_rate_share(step - 1, config))
    if save or step % config.save_every == 0 or last:
        state = {
            "step": step,
            "modules": {name: m.state_dict() for name, m in task.networks.items()},
            "average": {name: m.state_dict() for name, m in average.modules.items()},
            "optimiser": optimiser.state_dict(),
        }
        checkpoint.save(config.run, state)
    if config.grid_every and (step % config.grid_every == 0 or last):
        _write_grid(config, task, average, step)
    if task.watch is not None:
        task.watch(step, average.modules, last=last)


def _write_grid(config: LoopConfig, task: Task, average: MovingAverage, step: int) -> None:
    if task.sample_grid is not None:
        write_image(config.run / f"grid-{step:06d}.png", task.sample_grid(average.modules))
