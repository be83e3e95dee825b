"""A training command that is cut off in the middle of a step, and given again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from train.engine.command import EXIT_INTERRUPTED
from train.engine.stats import CLOCK
from train.engine.task import Drawn, Task


def cut_off_and_resumed(
    main: Callable[[list[str]], object], options: Sequence[str], step: int
) -> object:
    """Run a command whose task breaks off at a step, then the same command; gives what that gave.

    Args:
        main: Of the command.
        options: Its arguments.
        step: Of this one no gradient comes about the first time.
    """
    take = Task.train_step

    def broken_off(self: Any, drawn: Drawn, average: Any) -> Any:
        if drawn.step == step:
            raise KeyboardInterrupt
        return take(self, drawn, average)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Task, "train_step", broken_off)
        assert main(list(options)) == EXIT_INTERRUPTED
    return main(list(options))


def losses_of(run: Path) -> list[dict[str, float]]:
    """The rows of a run's stats.jsonl without what depends on the clock."""
    lines = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    found: list[dict[str, float]] = [json.loads(line) for line in lines]
    return [{key: row[key] for key in row if key not in CLOCK} for row in found]
