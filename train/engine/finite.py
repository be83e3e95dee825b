"""Losses that are not finite end a run, in a sentence, and keep its last checkpoint."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


def refuse_non_finite(
    losses: Mapping[str, float | Tensor], step: int, notes: Sequence[str]
) -> None:
    """Stop where a loss is infinite or not a number.

    Args:
        losses: By their names.
        step: Number of the step.
        notes: What the batch was made of.

    Raises:
        FloatingPointError: One is.
    """
    wrong = [name for name, value in losses.items() if not math.isfinite(value)]
    if wrong:
        raise _diverged(f"The loss {', '.join(wrong)} is not finite", step, notes)


@contextmanager
def numbers_checked(step: int, notes: Sequence[str]) -> Generator[None]:
    """Tell of a matrix that is not finite as of a loss that is not; torch has its own error.

    Raises:
        FloatingPointError: There is one.
    """
    try:
        yield
    except torch.linalg.LinAlgError as error:  # pyright: ignore[reportPrivateImportUsage]
        raise _diverged("A number that a network gave is not finite", step, notes) from error


def _diverged(what: str, step: int, notes: Sequence[str]) -> FloatingPointError:
    batch = f" Its batch: {'; '.join(notes)}." if notes else ""
    return FloatingPointError(
        f"{what} at step {step}.{batch} The last checkpoint is kept; lower the learning rate or "
        "set bfloat16=false, and run the same command again."
    )
