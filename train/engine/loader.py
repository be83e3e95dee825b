"""Batches ahead of the step: read and augmented by worker processes, in the order of the steps."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from liveportrait_core.errors import LivePortraitError, MediaError

from .distributed import num_local_processes
from .draw import Draw
from .task import Drawn, Task

MAX_WORKERS: Final = 16
AHEAD: Final = 2
"""Parts of batches that each worker makes ahead."""
Value = TypeVar("Value")
FORK: Final = "fork"
"""Workers share the data that the process has mapped and opened; other ways would copy it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which parts of the steps' batches a process takes."""

    seed: int
    accumulate: int
    """Of a step."""
    process: int
    processes: int

    def draw(self, number: int) -> Draw:
        """The draws of the process's part `number`, counted from the first step on."""
        step, part = divmod(number, self.accumulate)
        return Draw.of(self.seed, part * self.processes + self.process, step)


class _Drawing(Dataset[Any]):
    """Draws parts by their numbers.

    An error of the data is given instead of raised: torch's workers would put words about it.
    """

    def __init__(self, draw: Callable[[int], Drawn]) -> None:
        self._draw = draw

    def __getitem__(self, number: int) -> Drawn | LivePortraitError:
        try:
            return self._draw(number)
        except LivePortraitError as error:
            return error


class Batches:
    """The parts of a run's batches, one after the other, with the time that was waited for them.

    Convention:
        - each part is a function of the seed, the step and its place: workers change no bit
        - an error of the data comes as it is when its turn comes
    """

    def __init__(
        self, task: Task, parts: Parts, numbers: range, workers: int, *, pin: bool
    ) -> None:
        """Begin to draw.

        Args:
            task: Draws.
            parts: Of this process.
            numbers: Of the parts, in order.
            workers: Processes that draw ahead; 0 draws when the step asks.
            pin: Whether tensors are put where a GPU fetches them while it computes.
        """
        workers = workers if numbers else 0
        if workers:
            cv2.setNumThreads(1)  # threads do not live on in another process
        loader: DataLoader[Any] = DataLoader(
            _Drawing(lambda number: task.draw(parts.draw(number))),
            batch_size=None,
            sampler=numbers,
            num_workers=workers,
            prefetch_factor=AHEAD if workers else None,
            pin_memory=pin,
            collate_fn=_as_it_is,
            multiprocessing_context=FORK if workers else None,
            worker_init_fn=_leave_ending_to_the_first,
            generator=torch.Generator(),  # so that the process's own numbers stay as they are
        )
        self._drawn: Iterator[Drawn | LivePortraitError] = iter(loader)
        self.waited_s = 0.0
        """So far."""

    def next(self) -> Drawn:
        """The next part.

        Raises:
            LivePortraitError: The data cannot be read.
        """
        start_s = time.perf_counter()
        drawn = next(self._drawn)
        self.waited_s += time.perf_counter() - start_s
        if isinstance(drawn, LivePortraitError):
            raise drawn
        return drawn

    def close(self) -> None:
        """End the workers now: a traceback may keep their iterator, which else would end them."""
        end = getattr(self._drawn, "_shutdown_workers", None)
        if end is not None:
            with suppress(RuntimeError):  # a busy one is ended by force, of which torch would tell
                end()
        self._drawn = iter(())


@contextmanager
def ended_workers_told() -> Generator[None]:
    """A sentence about a worker that was ended; torch's watch over them speaks at any moment.

    Convention:
        - what shows it is torch's word, or a connection to the worker that breaks off

    Raises:
        MediaError: One was.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        told = (str(error) or type(error).__name__).splitlines()[0]
        was_ended = "DataLoader worker (pid" in told
        broke_off = not isinstance(error, RuntimeError) and "DataLoader worker process" not in told
        if not (was_ended or broke_off):  # a worker's own error
            raise
        raise MediaError(
            f"A process that reads data ahead was ended ({told}), as happens where memory runs "
            "out. Give fewer with workers=N, or workers=0, and run the same command again."
        ) from error


def default_workers(device: str, threads: int) -> int:
    """Worker processes where none are asked for: the cores that a process's share leaves.

    Args:
        device: `cpu` or `cuda`; a process that trains on a CPU takes some cores itself.
        threads: As many, then.
    """
    if sys.platform != "linux":
        return 0
    own = threads if device == "cpu" else 1
    cores = len(os.sched_getaffinity(0)) // num_local_processes()
    return max(0, min(MAX_WORKERS, cores - own))


def _leave_ending_to_the_first(number: int) -> None:
    """In a worker: Ctrl-C is heard by the process that started it, which ends it."""
    del number
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _as_it_is(value: Value) -> Value:
    return value
