"""stats.jsonl, the status line, and TensorBoard where it is installed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

from liveportrait_core.config.fields import OptionError

TENSORBOARD_NAME = "tensorboard"
"""In the folder of a run."""
CLOCK = ("steps_per_s", "data_wait_share")
"""Entries of a row that depend on the clock: the second is the share of the time since the run was
started that it waited for data."""


class Stats:
    """Means of losses between logs: a JSON row, a line on stderr, curves for TensorBoard."""

    def __init__(self, path: Path, total_steps: int, first_step: int, *, project: str = "") -> None:
        """Go on with the rows of a run.

        Args:
            path: Of stats.jsonl, in the run's folder.
            total_steps: Of the run; 0 where that is not known.
            first_step: Finished steps.
            project: Of Weights & Biases; "" for none.

        Raises:
            OptionError: There is no such package.
        """
        self.path, self.total_steps = path, total_steps
        self.started_s, self.first_step = time.monotonic(), first_step
        self._waited_s = 0.0
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        _drop_rows_after(path, first_step)
        self._curves = _curves(path.parent / TENSORBOARD_NAME, first_step)
        self._online = _online(project, path.parent) if project else None

    def add(self, losses: dict[str, float], waited_s: float = 0.0) -> None:
        """Take in the losses of one step.

        Args:
            losses: By name.
            waited_s: Seconds that the run waited for data so far.
        """
        self._waited_s = waited_s
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def write(self, step: int, lr_share: float, left_min: float) -> None:
        """Log each loss's mean over the steps since the last log that had it.

        Args:
            step: Finished steps.
            lr_share: Share of the learning rate.
            left_min: Minutes that the run will still take.
        """
        means = {name: value / self.counts[name] for name, value in self.sums.items()}
        seconds = time.monotonic() - self.started_s
        rate = (step - self.first_step) / max(seconds, 1e-9)
        clock = (rate, self._waited_s / max(seconds, 1e-9))
        row = {"step": step, "lr_share": lr_share, **dict(zip(CLOCK, clock, strict=True)), **means}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if self._curves is not None:
            for name, value in {**means, "lr_share": lr_share}.items():
                self._curves.add_scalar(name, value, step)
            self._curves.flush()
        if self._online is not None:
            self._online.log({**means, "lr_share": lr_share}, step=step)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in means.items())
        of_all = f"/{self.total_steps}" if self.total_steps else ""
        line = f"step {step}{of_all}  {rate:.2f}/s  {left_min:.0f} min left  {shown}"
        print(line, file=sys.stderr, flush=True)
        self.sums, self.counts = {}, {}


def _curves(folder: Path, first_step: int) -> Any:
    """TensorBoard's writer, which forgets what a killed run wrote later; None without it."""
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow, and may be missing

    return SummaryWriter(str(folder), purge_step=first_step + 1)


def _online(project: str, run: Path) -> Any:
    """A run of Weights & Biases that goes on where this run's folder does.

    Raises:
        OptionError: The package is not installed.
    """
    try:
        wandb: Any = importlib.import_module("wandb")
    except ImportError as error:
        raise OptionError(
            f"wandb is {project}, but the package wandb does not import ({error}). Run pip install "
            "wandb, or leave wandb out."
        ) from error
    name = hashlib.sha256(str(run.resolve()).encode()).hexdigest()[:16]
    return wandb.init(project=project, name=run.name, id=name, dir=str(run), resume="allow")


def _drop_rows_after(path: Path, step: int) -> None:
    """Forget rows that a killed run wrote after its last checkpoint."""
    if path.is_file():
        rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for row in rows if row.endswith("\n") and json.loads(row)["step"] <= step]
        path.write_text("".join(kept), encoding="utf-8")
