"""What the training commands share: from arguments to the path of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from .config import parse, run_command
from .loop import TrainingConfig, train
from .task import Task

Config = TypeVar("Config", bound=TrainingConfig)


def train_command(
    command: str,
    arguments: Sequence[str],
    kind: type[Config],
    prepare: Callable[[Config], Task],
    cost: Callable[[Config], str] | None = None,
    elsewhere: Callable[[Mapping[str, str]], str] | None = None,
) -> int:
    """Train by KEY=VALUE arguments and print the model's path; 0, or 2 with one sentence.

    Args:
        command: Its name, for help and messages.
        arguments: Of the command line.
        kind: The config's class.
        prepare: Gives the task of a config.
        cost: As for `parse`.
        elsewhere: As for `parse`.
    """

    def work() -> object:
        return train(parse(kind, arguments, command, cost, elsewhere), prepare)

    return run_command(command, work)
