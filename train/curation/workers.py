"""Processes that curate one file after the other; one that dies takes no run with it."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import torch

from liveportrait_core.errors import LivePortraitError, MediaError

from .clip_extraction import Rejected
from .jobs import Task, leave_record, run_task
from .settings import CurationSettings
from .tools import Recipe

MOST_TRIES: Final = 2
"""Times that a file may end its process, as a broken decoder does, before it is rejected."""
LOOK_EVERY_S: Final = 5.0
"""Between two looks for processes that hang."""
BEAT_S: Final = 0.25
"""A process at work says so about this often."""


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
    tasks: Sequence[Task],
    recipe: Recipe,
    settings: CurationSettings,
    workers: int,
    most_wait_s: float = 0.0,
) -> Iterator[Task]:
    """Run tasks in processes, each of one thread.

    Convention:
        - a file of which no frame comes for `most_wait_s` is given up, with the clips found in it;
          its process is ended, and another takes its place. 0 waits for ever

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
            for pipe in wait(list(busy), min(most_wait_s, LOOK_EVERY_S) or None):
                worker = busy[pipe]
                task, done = worker.task, worker.is_done()
                if done is None:
                    continue
                if done:
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
            hanging = [w for w in busy.values() if most_wait_s and w.is_silent(most_wait_s)]
            for worker in hanging:
                busy.pop(worker.pipe).end(kill=True)
                leave_hanging(worker.task, most_wait_s)
                yield worker.task
    finally:
        for worker in busy.values():
            worker.end(kill=True)


def leave_hanging(task: Task, most_wait_s: float) -> None:
    """Say of a task that its file hangs."""
    note = f"no frame for {most_wait_s:g} s"
    leave_record(task, 0, [Rejected(reason="hangs", note=note)])


class Watchdog:
    """Calls for help from a thread of its own while what it guards says nothing."""

    def __init__(self, most_wait_s: float, give_up: Callable[[], None]) -> None:
        """Watch from `with` on.

        Args:
            most_wait_s: Longest silence; 0 never calls.
            give_up: Called once.
        """
        self._most_wait_s, self._give_up = most_wait_s, give_up
        self._over = threading.Event()
        self._heard_s = math.inf

    def __enter__(self) -> Watchdog:
        self.alive()
        if self._most_wait_s:
            threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def alive(self) -> None:
        """All is well."""
        self._heard_s = time.monotonic()

    def _look(self) -> None:
        while not self._over.wait(min(self._most_wait_s / 4, LOOK_EVERY_S)):
            if time.monotonic() - self._heard_s > self._most_wait_s:
                self._give_up()
                return


@dataclass(slots=True)
class _Worker:
    """A process and the file that it has."""

    process: Any
    pipe: Any
    task: Any = None
    heard_s: float = math.inf
    """When it last said something, or was given its task; it begins with its networks loaded."""

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
        if self.heard_s < math.inf:
            self.heard_s = time.monotonic()
        with suppress(OSError):  # it died; `is_done` tells
            self.pipe.send(task)

    def is_silent(self, most_wait_s: float) -> bool:
        """Whether it has said nothing for so long, also nothing that waits to be heard."""
        return time.monotonic() - self.heard_s > most_wait_s and not self.pipe.poll()

    def is_done(self) -> bool | None:
        """What it says: its task is done, or None: not yet; False where the process died.

        Raises:
            MediaError: It cannot go on.
        """
        try:
            failure = self.pipe.recv()
        except (EOFError, OSError):
            return False
        self.heard_s = time.monotonic()
        if failure is None:
            return None
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
            self.process.kill()  # what hangs may not hear of less
        self.process.join()


def _work(pipe: Connection, recipe: Recipe, settings: CurationSettings) -> None:
    """What a process does: a task comes in; None now and then, nothing or a sentence go out."""
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    last_s = 0.0

    def alive() -> None:
        nonlocal last_s
        if time.monotonic() - last_s > BEAT_S:
            last_s = time.monotonic()
            try:
                pipe.send(None)
            except OSError:  # nobody is there; what is at hand is no fault of its file
                os._exit(1)

    try:
        tools = recipe.make()
        alive()
        while True:
            run_task(pipe.recv(), tools, settings, alive)
            pipe.send("")
    except (EOFError, KeyboardInterrupt):
        return
    except (LivePortraitError, ValueError) as error:
        pipe.send(str(error))


def _end_with_parent() -> None:
    """End at once where the process that gives tasks is killed: another may be at them soon."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
