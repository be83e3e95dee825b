"""Processes that curate one file after the other; one that dies takes no run with it."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import torch

from liveportrait_core.errors import LivePortraitError, MediaError

from .clips import Rejected
from .settings import CurationSettings
from .tools import Recipe
from .work import Task, leave_record, run_task

MOST_TRIES: Final = 2
"""Times that a file may end its process, as a broken decoder does, before it is rejected."""


def run_here(tasks: Sequence[Task], recipe: Recipe, settings: CurationSettings) -> Iterator[Task]:
    """Run tasks in this process.

    Yields:
        Each task once its part is there.
    """
    tools = recipe.make() if tasks else None
    for task in tasks:
        assert tools is not None
        run_task(task, tools, settings)
        yield task


def run_in_processes(
    tasks: Sequence[Task], recipe: Recipe, settings: CurationSettings, workers: int
) -> Iterator[Task]:
    """Run tasks in processes, each of one thread.

    Yields:
        Each task once its part is there, in no particular order.

    Raises:
        MediaError: A part cannot be written, or the tools cannot be made.
    """
    waiting = list(reversed(tasks))
    tries: Counter[str] = Counter()
    busy: dict[Any, _Worker] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < min(workers, len(tasks)):
                worker = _Worker.started(recipe, settings)
                worker.give(waiting.pop())
                busy[worker.pipe] = worker
            for pipe in wait(list(busy)):
                worker = busy[pipe]
                task = worker.task
                if worker.is_done():
                    yield task
                    if waiting:
                        worker.give(waiting.pop())
                        continue
                else:
                    tries[task.key] += 1
                    if tries[task.key] < MOST_TRIES:
                        waiting.append(task)
                    else:
                        leave_record(task, 0, [worker.obituary()])
                        yield task
                busy.pop(pipe).end()
    finally:
        for worker in busy.values():
            worker.end(kill=True)


@dataclass(slots=True)
class _Worker:
    """A process and the file that it has."""

    process: Any
    pipe: Any
    task: Any = None

    @classmethod
    def started(cls, recipe: Recipe, settings: CurationSettings) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, recipe, settings), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, task: Task) -> None:
        self.task = task
        with suppress(OSError):  # it died; `is_done` tells
            self.pipe.send(task)

    def is_done(self) -> bool:
        """Whether its task is done; False where the process died.

        Raises:
            MediaError: It cannot go on.
        """
        try:
            failure = self.pipe.recv()
        except (EOFError, OSError):
            return False
        if failure:
            raise MediaError(failure)
        return True

    def obituary(self) -> Rejected:
        self.process.join()
        return Rejected(
            reason="ended its process",
            note=f"exit code {self.process.exitcode}, {MOST_TRIES} times",
        )

    def end(self, *, kill: bool = False) -> None:
        self.pipe.close()  # which ends it after its file
        if kill:
            self.process.terminate()
        self.process.join()


def _work(pipe: Connection, recipe: Recipe, settings: CurationSettings) -> None:
    """What a process does: a task comes in, nothing or a sentence goes out."""
    torch.set_num_threads(1)
    try:
        tools = recipe.make()
        while True:
            run_task(pipe.recv(), tools, settings)
            pipe.send("")
    except (EOFError, KeyboardInterrupt):
        return
    except (LivePortraitError, ValueError) as error:
        pipe.send(str(error))
