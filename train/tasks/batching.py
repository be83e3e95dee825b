"""The paper's batch, which processes share, and its Adam (Sec. 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from liveportrait_core.config.fields import OptionError, check_options, option

from ..engine.settings import LoopConfig
from ..engine.task import AdamW

SHOWN_PROCESSES: Final = (1, 2, 4, 8)
ADAM: Final = AdamW(betas=(0.5, 0.999), weight_decay=0.0)
"""Adam, as no weight decays (Sec. 4); `clip_norm` is the owner's."""
LR: Final = 2e-4
"""Of the paper (Sec. 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBatch:
    """A step's batch, of all processes together."""

    batch: int = option(
        4,
        "pairs, or faces, at a time and process, at most: the largest number that divides a "
        "process's share of total_batch",
        minimum=1,
    )
    total_batch: int = option(
        104,
        "pairs, or faces, per step of all processes together, from which accumulate follows; 0: as "
        "batch and accumulate say",
        minimum=0,
    )

    def __post_init__(self) -> None:
        check_options(self)

    def parts(self, processes: int, accumulate: int) -> tuple[int, int]:
        """Pairs at a time and parts, such that the processes take `total_batch` together.

        Args:
            processes: Of the run.
            accumulate: Parts where `total_batch` is 0.

        Raises:
            OptionError: They cannot.
        """
        if not self.total_batch:
            return self.batch, accumulate
        if self.total_batch % processes:
            nearest = max(1, round(self.total_batch / processes)) * processes
            raise OptionError(
                f"total_batch={self.total_batch} is no multiple of {processes} processes; give "
                f"total_batch={nearest}, or total_batch=0 and accumulate=N."
            )
        own = self.total_batch // processes
        batch = max(n for n in range(1, min(self.batch, own) + 1) if own % n == 0)
        return batch, own // batch

    def shared(self, processes: int, loop: LoopConfig) -> tuple[SharedBatch, LoopConfig]:
        """The batch and the loop of one of several processes.

        Raises:
            OptionError: They cannot share it.
        """
        batch, accumulate = self.parts(processes, loop.accumulate)
        return replace(self, batch=batch), replace(loop, accumulate=accumulate)

    def split(self, accumulate: int) -> str:
        """How processes share a step, for those numbers of them that can."""
        shares = [
            (count, *self.parts(count, accumulate))
            for count in SHOWN_PROCESSES
            if self.total_batch % count == 0
        ]
        listed = ", ".join(f"{count} x {times} x {batch}" for count, batch, times in shares)
        return f"a step of 1, 2, 4, 8 processes: {listed} (processes x parts x batch)"


ONE: Final = SharedBatch(batch=1, total_batch=0)
"""To measure the cost of one."""
