"""Randomness of a training step: the same samples, however many processes share them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_WORD = 2**64


class Draw:
    """The draws of one step in one process.

    Convention:
        - each call draws `count` rows, each from a stream of its own: a function of the seed, the
          step, the number of the call, and the row's place among those of all processes; so two
          processes that call alike draw together what one with twice the rows draws
    """

    def __init__(self, seed: int, slot: int, step: int) -> None:
        self.step = step
        self.notes: list[str] = []
        """What was drawn, for the message of a step that went wrong."""
        self._key = np.array([seed % _WORD, step], np.uint64)
        self._slot, self._calls = slot, 0

    @classmethod
    def of(cls, seed: int, slot: int, step: int) -> Draw:
        """The draws of a step, whatever happened before it.

        Args:
            seed: Of the run.
            slot: Which part of the step's batch: the process, where each takes one.
            step: Finished steps.
        """
        return cls(seed, slot, step)

    def generators(self, count: int) -> list[np.random.Generator]:
        """One for each row, for draws that these methods do not have."""
        call, first = self._calls, self._slot * count
        self._calls += 1
        return [
            np.random.Generator(
                np.random.Philox(
                    key=self._key, counter=np.array([0, 0, call, first + row], np.uint64)
                )
            )
            for row in range(count)
        ]

    def uniform(self, count: int, *shape: int) -> Tensor:
        """(count, *shape) numbers in [0, 1)."""
        size = math.prod(shape)
        rows = [generator.random(size, np.float32) for generator in self.generators(count)]
        return _stacked(rows, count, shape)

    def normal(self, count: int, *shape: int) -> Tensor:
        """(count, *shape) standard normal numbers."""
        size = math.prod(shape)
        rows = [random.standard_normal(size, np.float32) for random in self.generators(count)]
        return _stacked(rows, count, shape)

    def integers(
        self, count: int, low: int, high: int | Sequence[int] | NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """(count,) whole numbers from `low` to below `high`, which may differ by row."""
        ends = np.broadcast_to(np.asarray(high), (count,))
        rows = zip(self.generators(count), ends, strict=True)
        return np.array([random.integers(low, end) for random, end in rows], np.int64)


def _stacked(rows: list[NDArray[np.float32]], count: int, shape: tuple[int, ...]) -> Tensor:
    whole = np.stack(rows) if rows else np.zeros((0,), np.float32)
    return torch.from_numpy(whole).view(count, *shape)
