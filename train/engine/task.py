"""A task: networks, the steps that give their losses, and what is shown and written of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from liveportrait_core.imaging.tensors import Pixels

from .draw import Draw
from .tensors import map_tensors

Networks: TypeAlias = Mapping[str, nn.Module]
Losses: TypeAlias = tuple[Tensor, dict[str, Tensor]]
"""The weighted sum that is minimised, and each term by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW:
    """How AdamW learns, but for its rate (Loshchilov and Hutter, 2019).

    Tasks state theirs beside their rates; the defaults are those of networks that train for a few
    thousand steps.
    """

    betas: tuple[float, float] = (0.8, 0.98)
    """Decays of the first and the second moment."""
    weight_decay: float = 1e-4
    """0 is Adam."""
    clip_norm: float = 5.0
    """Gradients are scaled down to this norm, all of a group together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterGroup:
    """Networks that learn together; the gradient norm is clipped per group."""

    modules: tuple[str, ...]
    lr: float
    optimiser: AdamW = AdamW()


class Step(Protocol):
    """A source of batches and a table of loss terms: one batch through the networks."""

    def batch(self, draw: Draw) -> Any:
        """What one batch holds, on the CPU: a function of the draw alone.

        Convention:
            - all that is random is drawn here, so that batches can be made ahead, elsewhere
            - tensors, and dataclasses and tuples of them
        """
        ...

    def losses(self, networks: Networks, average: Networks, batch: Any) -> Losses:
        """Losses of one such batch; `average` holds the moving averages of the networks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the steps of a task drew for one part of a batch."""

    step: int
    batches: tuple[Any, ...]
    """One of each step."""
    notes: tuple[str, ...] = ()
    """What was drawn, for the message of a step that went wrong."""

    def pin_memory(self) -> Drawn:
        """The same where a GPU can fetch it while it computes."""
        return map_tensors(self, lambda tensor: tensor.pin_memory())


class Watch(Protocol):
    """Looks at the progress of a run, in the first process."""

    def __call__(self, step: int, average: Networks, *, due: bool) -> bool:
        """What to do after `step` finished steps; whether no earlier one did as well.

        Args:
            step: How many.
            average: Moving averages of the task's networks.
            due: Whether to measure whatever the step: after the last, and after the first of a run
                of minutes, which has to know how long that takes.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """All that a run is made of; `fit` trains it."""

    networks: Networks
    """Those that are saved and averaged, by name."""
    groups: tuple[ParameterGroup, ...]
    """Those of them that learn."""
    steps: tuple[Step, ...]
    """Their losses add up to those of one optimiser step."""
    frozen: Networks = field(default_factory=dict)
    """Networks that the steps ask and that do not learn; they are moved to the run's device."""
    sample_grid: Callable[[Networks], Pixels] | None = None
    """A picture (H, W, 3) uint8 RGB of what the moving averages do."""
    watch: Watch | None = None
    write: Callable[[Networks], Path] | None = None
    """Writes the model of the moving averages and gives its path."""
    notes: tuple[str, ...] = ()
    """What to say of the run before it begins, a line each."""

    def draw(self, draw: Draw) -> Drawn:
        """What all steps draw, one after the other."""
        batches = tuple(step.batch(draw) for step in self.steps)
        return Drawn(step=draw.step, batches=batches, notes=tuple(draw.notes))

    def train_step(self, drawn: Drawn, average: Networks) -> dict[str, Tensor]:
        """Losses of one batch by name; `total` is what is minimised."""
        totals: list[Tensor] = []
        rows: dict[str, Tensor] = {}
        for step, batch in zip(self.steps, drawn.batches, strict=True):
            total, terms = step.losses(self.networks, average, batch)
            totals.append(total)
            rows |= terms
        return {"total": sum(totals[1:], start=totals[0]), **rows}


def device_of(networks: Networks) -> torch.device:
    """Where networks of a task are."""
    return next(next(iter(networks.values())).parameters()).device
