"""fit(): the only training loop. Accelerate appears here and nowhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import accelerate
import torch
from torch import Tensor, nn

from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.atomic import refuse_file, write_whole
from liveportrait_core.media.images import write_image

from . import checkpoint
from .config import CONFIG_NAME, changed_settings, to_json
from .distributed import is_first_process, num_processes
from .ema import MovingAverage
from .finite import numbers_checked, refuse_non_finite
from .gradients import GradientMeans, mean_over_processes
from .loader import Batches, Parts, default_workers, ended_workers_told
from .lock import locked
from .precision import chosen_device, precision_name, precision_of_run
from .recompute import recompute
from .schedule import Schedule, learning_rate_share
from .settings import LoopConfig
from .stats import Stats
from .stopping import Stopped, StopRequest
from .sync_batchnorm import share_norms
from .task import Networks, ParameterGroup, Task

__all__ = ["LoopConfig", "fit", "learning_rate_share", "train"]

CONVOLUTION_NDIM = 4  # weights of 2D convolutions: channels last is the faster layout


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


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a call."""

    average: Networks
    """The moving averages of the task's networks."""
    is_over: bool
    """Whether the run has ended, not just this call."""


def train(config: Config, prepare: Callable[[Config], Task]) -> Path | None:
    """Prepare the task of a config, say what there is to say of it, train and write its model.

    Returns:
        The model's file; None in all processes but the first, and where the run is paused.
    """
    began_s = time.monotonic()
    if isinstance(config, DividesBatch):
        config = config.for_processes(num_processes())
    chosen_device(config.loop.device)  # before data is prepared
    refuse_file(config.loop.run)
    task = prepare(config)
    notes = [*task.notes, *changed_settings(config, config.loop.run)]
    if notes and is_first_process():
        print("\n".join(notes), file=sys.stderr, flush=True)
    trained = run(task, config.loop, config, began_s=began_s)
    if not is_first_process() or not trained.is_over:
        return None
    return task.write(trained.average) if task.write is not None else None


def fit(task: Task, config: LoopConfig, settings: Any = None) -> Networks:
    """As `run`; gives the moving averages of the task's networks."""
    return run(task, config, settings).average


def run(
    task: Task, config: LoopConfig, settings: Any = None, *, began_s: float | None = None
) -> Trained:
    """Train to the end of the run, resuming what its folder holds.

    Convention:
        - a step's batch is `accumulate` parts in each process; its gradient is their mean, its
          draws and batch norms are those of the whole (of a part's, between parts), so that as
          many samples give the same losses in one process and in several

    Args:
        task: What to train.
        config: Of the loop.
        settings: Config that is kept beside the run, unless nothing is left to train; by default
            the loop's.
        began_s: When the call began, which counts from there; by default now.

    Raises:
        FloatingPointError: A loss is not finite; the message names it and the step.
        CheckpointError: Another process trains in the folder, or it holds other networks.
        OptionError: The device is not there.
        Stopped: Ctrl-C or SIGTERM; the state of the last finished step is saved.
    """
    began_s = time.monotonic() if began_s is None else began_s
    chosen_device(config.device)
    with ended_workers_told(), locked(config.run) if is_first_process() else nullcontext():
        here = _Run(task, config, began_s)
        kept = config.run / CONFIG_NAME
        if is_first_process() and not (here.is_over and kept.is_file()):
            write_whole(kept, to_json(settings or config).encode())
        return here.trained()


class _Run:
    """A run in one process."""

    def __init__(self, task: Task, config: LoopConfig, began_s: float) -> None:
        """Networks, optimiser and schedule as the run's folder has them."""
        self._task, self._config = task, config
        device = chosen_device(config.device)
        if device == "cpu":
            torch.set_num_threads(config.threads)
            torch.set_flush_denormal(True)
        else:
            torch.backends.cuda.matmul.allow_tf32 = config.tf32
        self._accelerator = accelerate.Accelerator(cpu=device == "cpu", mixed_precision="no")
        for module in task.frozen.values():
            module.to(self._accelerator.device)
        for module in task.networks.values():
            _prepare(module, self._accelerator)
        self._average = MovingAverage(task.networks, config.ema_decay)
        self._optimiser = _optimiser(task, fused=config.fused)
        self._scaler = torch.amp.GradScaler(device, enabled=config.float16)
        self._means = None
        if self._accelerator.num_processes > 1:
            self._means = GradientMeans(
                p for group in task.groups for p in _parameters(task, group)
            )
        self._stop, self._is_stopped = StopRequest(), False
        self._step, clock, kept = self._resume()
        self._dtype = precision_of_run(config, device, kept)
        self._schedule = Schedule(config, start=self._step, began_s=began_s, **clock)
        for module in task.networks.values():  # after their copies were made
            if config.recompute:
                recompute(module)
            if config.compile:
                dynamo: Any = import_module("torch._dynamo")
                dynamo.config.suppress_errors = True  # runs as it is where it cannot
                module.compile()

    def trained(self) -> Trained:
        """Train until the run ends or is paused."""
        config, schedule = self._config, self._schedule
        if self.is_over:
            if self._accelerator.is_main_process:
                print(
                    f"nothing is left to train: {config.run} is at step {self._step}, and its "
                    f"{CONFIG_NAME} stays as it is; give more steps to go on",
                    file=sys.stderr,
                    flush=True,
                )
            return Trained(self._average.modules, is_over=True)
        batches = self._batches()
        saver = stats = None
        if self._accelerator.is_main_process:
            saver = checkpoint.Saver(config.run, config.keep)
            path = config.run / "stats.jsonl"
            stats = Stats(path, config.steps, self._step, project=config.wandb)
        try:
            with self._stop:
                while not self.is_over and not self._ends_early:
                    share = schedule.lr_share(self._step)
                    logged = self._take_step(share, batches)
                    if stats is not None and saver is not None:
                        stats.add(logged, batches.waited_s)
                        self._report(share, stats, saver)
        finally:
            batches.close()
            if saver is not None:
                saver.finish()
        over = self.is_over
        if not over and self._is_stopped:
            of_all = f" of {config.steps}" if config.steps else ""
            raise Stopped(
                f"stopped at step {self._step}{of_all}; its state is saved in {config.run}. Run "
                "the same command again to go on."
            )
        if not over and self._accelerator.is_main_process:
            print(
                f"paused at step {self._step}; the same command goes on",
                file=sys.stderr,
                flush=True,
            )
        return Trained(self._average.modules, is_over=over)

    @property
    def is_over(self) -> bool:
        """Whether no step is left."""
        return self._schedule.is_over(self._step)

    @property
    def _ends_early(self) -> bool:
        """Whether this call ends after the step, be the run over or not."""
        return self._is_stopped or self._schedule.is_paused()

    def _take_step(self, share: float, batches: Batches) -> dict[str, float]:
        """One step of the optimiser; the losses of all processes."""
        optimiser, scaler = self._optimiser, self._scaler
        for group in optimiser.param_groups:
            group["lr"] = group["base_lr"] * share
        optimiser.zero_grad(set_to_none=False)
        logged = self._take_gradients(batches)
        if self._means is not None:
            self._means.finish()
        scaler.unscale_(optimiser)
        for group in optimiser.param_groups:
            nn.utils.clip_grad_norm_(group["params"], group["clip_norm"])
        scaler.step(optimiser)
        scaler.update()
        self._average.update(self._task.networks, self._step)
        self._step += 1
        return logged

    def _take_gradients(self, batches: Batches) -> dict[str, float]:
        """Gradients of this process's parts of a step; the losses of all processes."""
        parts: list[dict[str, Tensor]] = []
        notes: list[str] = []
        start_s = self._schedule.now_s()
        device, count = self._accelerator.device, self._config.accumulate
        for part in range(count):
            drawn = batches.next()
            autocast = torch.autocast(device.type, self._dtype, enabled=self._dtype is not None)
            with autocast, numbers_checked(self._step, drawn.notes):
                losses = self._task.train_step(drawn, self._average.modules)
            own_losses = {name: value.detach().float() for name, value in losses.items()}
            if device.type == "cpu":  # the gradient of its grid_sample crashes on what is not
                refuse_non_finite(own_losses, self._step, drawn.notes)
            if self._means is not None and part == count - 1:
                self._means.begin()
            self._scaler.scale(losses["total"] / count).backward()
            parts.append(own_losses)
            notes += drawn.notes
        names = list(parts[0])
        means = [torch.stack([part[name] for part in parts]).mean() for name in names]
        now_s = self._schedule.now_s()
        own = (now_s, now_s - start_s, float(self._stop.is_made))
        *values, call_s, step_s, asked = mean_over_processes(
            [*means, *(torch.tensor(value, device=device) for value in own)]
        )
        self._schedule.stepped(call_s, step_s)  # by one clock, so that all stop alike
        self._is_stopped = asked > 0  # of any process
        logged = dict(zip(names, values, strict=True))
        refuse_non_finite(logged, self._step, notes)
        return logged

    def _batches(self) -> Batches:
        """Those of this process from now on."""
        config, accelerator = self._config, self._accelerator
        parts = Parts(
            seed=config.seed,
            accumulate=config.accumulate,
            process=accelerator.process_index,
            processes=accelerator.num_processes,
        )
        workers = config.workers
        if workers is None:
            workers = default_workers(accelerator.device.type, config.threads)
        last = config.steps or sys.maxsize // config.accumulate
        numbers = range(self._step * config.accumulate, last * config.accumulate)
        pin = accelerator.device.type == "cuda"
        return Batches(self._task, parts, numbers, workers=workers, pin=pin)

    def _resume(self) -> tuple[int, dict[str, float], str]:
        """Finished steps, the schedule's state and the precision that the checkpoint is of."""
        task, config, state = self._task, self._config, checkpoint.load(self._config.run)
        if state is None:
            return 0, {}, ""
        for name, module in task.networks.items():
            _require_same_form(config, name, module, state["modules"].get(name, {}))
            module.load_state_dict(state["modules"][name])
            self._average.modules[name].load_state_dict(state["average"][name])
        try:
            self._optimiser.load_state_dict(state["optimiser"])
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"The optimiser in the checkpoint in {config.run} is another one's ({error}). Give "
                f"the options in {config.run / CONFIG_NAME}, or another folder with run=FOLDER."
            ) from error
        if self._scaler.is_enabled() and "scaler" in state:
            self._scaler.load_state_dict(state["scaler"])
        print(f"resuming {config.run} at step {state['step']}", file=sys.stderr, flush=True)
        return state["step"], state.get("clock", {}), state.get("precision", "")

    def _state(self) -> dict[str, Any]:
        """All that resuming needs."""
        scaler = {"scaler": self._scaler.state_dict()} if self._scaler.is_enabled() else {}
        return {
            "step": self._step,
            "clock": self._schedule.state(),
            "precision": precision_name(self._dtype),
            "modules": {name: m.state_dict() for name, m in self._task.networks.items()},
            "average": {name: m.state_dict() for name, m in self._average.modules.items()},
            "optimiser": self._optimiser.state_dict(),
            **scaler,
        }

    def _report(self, share: float, stats: Stats, saver: checkpoint.Saver) -> None:
        """Log, measure, show and save where it is due."""
        config, task, step, schedule = self._config, self._task, self._step, self._schedule
        start_s, last = time.monotonic(), schedule.is_over(step)
        ends = last or self._ends_early
        if step % config.log_every == 0 or ends:
            stats.write(step, share, schedule.left_min(step))
        is_best = False
        if task.watch is not None:
            due = last or schedule.rehearses(step)
            is_best = task.watch(step, self._average.modules, due=due)
        if step % config.save_every == 0 or ends or (is_best and config.keep > 1):
            saver.save(self._state(), is_best=is_best)
        if config.grid_every and (step % config.grid_every == 0 or last):
            self._write_grid()
        schedule.closed(time.monotonic() - start_s)

    def _write_grid(self) -> None:
        if self._task.sample_grid is not None:
            picture = self._task.sample_grid(self._average.modules)
            write_image(self._config.run / f"grid-{self._step:06d}.png", picture)


def _prepare(module: nn.Module, accelerator: accelerate.Accelerator) -> None:
    for parameter in module.parameters():
        if parameter.ndim == CONVOLUTION_NDIM:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    module.to(accelerator.device).train()
    if accelerator.num_processes > 1:
        share_norms(module)


def _parameters(task: Task, group: ParameterGroup) -> list[nn.Parameter]:
    return [p for name in group.modules for p in task.networks[name].parameters()]


def _optimiser(task: Task, *, fused: bool) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        [
            {
                "params": _parameters(task, group),
                "base_lr": group.lr,
                **asdict(group.optimiser),
            }
            for group in task.groups
        ],
        fused=fused or None,
    )


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
