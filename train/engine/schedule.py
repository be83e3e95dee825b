"""How far a run is: by its steps, or by the time that it may take."""

from __future__ import annotations

import math
import time
from typing import Final, Protocol

MINUTE_S: Final = 60.0
LEAST_RESERVE: Final = 0.02
"""Share of a budget that is kept for the end, where nothing is known yet."""


class Lengths(Protocol):
    """What the schedule asks of a config."""

    @property
    def steps(self) -> int:
        """In all; 0 for as many as the budget allows."""
        ...

    @property
    def budget_minutes(self) -> float | None:
        """In all."""
        ...

    @property
    def pause_minutes(self) -> float | None:
        """Of one call."""
        ...

    @property
    def warmup_steps(self) -> int:
        """Over which the rate rises."""
        ...

    @property
    def final_lr_fraction(self) -> float:
        """That the cosine ends at."""
        ...


class Schedule:
    """Counts steps and minutes.

    Convention:
        - minutes are those of all calls together that led to a checkpoint
        - what the end of a run takes (saving, measuring) is kept free of them: the longest that
          it took so far
    """

    def __init__(
        self,
        config: Lengths,
        *,
        start: int,
        began_s: float,
        spent_s: float = 0.0,
        step_s: float = 0.0,
        closing_s: float = 0.0,
    ) -> None:
        """Begin.

        Args:
            config: Says how long the run is.
            start: Finished steps.
            began_s: When this call began, `time.monotonic`.
            spent_s: Of earlier calls, as `state` has it.
            step_s: Of their last step, likewise.
            closing_s: What their end took, likewise.
        """
        self._config, self._earlier_s, self._began_s = config, spent_s, began_s
        self._first, self._first_s = start, time.monotonic()
        self._step_s, self._closing_s = step_s, closing_s
        self.call_s = 0.0
        """Of this call, the same in all processes."""

    @property
    def spent_s(self) -> float:
        """Of all calls."""
        return self._earlier_s + self.call_s

    def state(self) -> dict[str, float]:
        """What a later call goes on with."""
        return {"spent_s": self.spent_s, "step_s": self._step_s, "closing_s": self._closing_s}

    def now_s(self) -> float:
        """Since this call began, by this process's clock."""
        return time.monotonic() - self._began_s

    def stepped(self, call_s: float, step_s: float) -> None:
        """Take in how long the call and its last step took, the same in all processes."""
        self.call_s, self._step_s = call_s, step_s

    def closed(self, seconds: float) -> None:
        """Take in how long saving and measuring took after a step."""
        self._closing_s = max(self._closing_s, seconds)

    def progress(self, step: int) -> float:
        """Share of the run that is done, from 0 to 1."""
        done = [step / self._config.steps] if self._config.steps else []
        if self._config.budget_minutes is not None:
            budget_s = self._config.budget_minutes * MINUTE_S
            done.append(self.spent_s / max(budget_s - self._reserve_s(budget_s), 1e-9))
        return min(1.0, max(done))

    def lr_share(self, step: int) -> float:
        """Share of the learning rate."""
        return learning_rate_share(step, self._config, self.progress(step))

    def is_over(self, step: int) -> bool:
        """Whether the run has ended after some finished steps."""
        return self.progress(step) >= 1

    def rehearses(self, step: int) -> bool:
        """Whether a run measures after a step to know how long it takes, before the time is up."""
        return step == 1 and self._config.budget_minutes is not None

    def is_paused(self) -> bool:
        """Whether this call stops before the run has ended, but not before its first step."""
        if self._config.pause_minutes is None or not self.call_s:
            return False
        pause_s = self._config.pause_minutes * MINUTE_S
        return self.call_s >= pause_s - self._reserve_s(pause_s)

    def left_min(self, step: int) -> float:
        """Minutes that the run will still take, as fast as so far."""
        left: list[float] = []
        if self._config.steps:
            pace_s = (time.monotonic() - self._first_s) / max(step - self._first, 1)
            left.append(pace_s * (self._config.steps - step) / MINUTE_S)
        if self._config.budget_minutes is not None:
            left.append(self._config.budget_minutes - self.spent_s / MINUTE_S)
        return max(0.0, min(left))

    def _reserve_s(self, limit_s: float) -> float:
        """What is kept free for another step and the end."""
        return self._step_s + max(self._closing_s, LEAST_RESERVE * limit_s)


def learning_rate_share(step: int, config: Lengths, progress: float | None = None) -> float:
    """Linear warm-up, then a cosine to `final_lr_fraction`.

    Args:
        step: Finished steps.
        config: Of the run.
        progress: Share of the run that is done; by default by its steps.
    """
    done = step / config.steps if progress is None else progress
    rise = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    return rise * (config.final_lr_fraction + (1 - config.final_lr_fraction) * cosine)
