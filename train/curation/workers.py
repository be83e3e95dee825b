"""Processes that curate one file after another; a crash of one does not end the run."""

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

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.errors import LivePortraitError, MediaError

from ..engine.command import deaf_to_interrupts
from .clip_extraction import Rejected
from .jobs import FileJob, run_job, write_record
from .settings import CurationSettings
from .tools import ToolsFactory

MAX_TRIES: Final = 2
"""Times that a file may crash its process, as a broken decoder does, before it is rejected."""
CHECK_EVERY_S: Final = 5.0
"""Between two checks for processes that hang."""
HEARTBEAT_S: Final = 0.25
"""About so often a working process sends a heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """Where files are curated."""

    workers: int | None = option(
        None, "processes; 0 works in this one", minimum=0, unset="one a core"
    )
    ray: bool = option(False, "run on Ray Data, with --workers actors, one core each")
    max_wait_s: float = option(
        600.0,  # a frame takes a fraction of a second, a scorer of the user's perhaps minutes
        "time without a new frame after which a file counts as hanging and is left out; 0 waits "
        "for ever, as --workers 0 does",
        minimum=0,
        unit="s",
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def number(self) -> int:
        """Processes; 0 works in this one."""
        return (os.cpu_count() or 1) if self.workers is None else self.workers


IN_THIS_PROCESS: Final = WorkerOptions(workers=0)


def run_here(
    jobs: Sequence[FileJob], factory: ToolsFactory, settings: CurationSettings
) -> Iterator[FileJob]:
    """Run jobs in this process.

    Yields:
        Each job once its part is there.
    """
    tools = factory.make() if jobs else None
    for job in jobs:
        assert tools is not None
        run_job(job, tools, settings)
        yield job


def run_in_processes(
    jobs: Sequence[FileJob],
    factory: ToolsFactory,
    settings: CurationSettings,
    options: WorkerOptions,
) -> Iterator[FileJob]:
    """Run jobs in processes, each of one thread.

    Convention:
        - a file that gives no frame for `max_wait_s` is rejected with all its clips; its process
          is ended, and another takes its place

    Yields:
        Each job once its part is there, in no particular order.

    Raises:
        MediaError: A part cannot be written, or the tools cannot be made.
    """
    max_wait_s = options.max_wait_s
    waiting = list(reversed(jobs))
    tries: Counter[str] = Counter()
    busy: dict[Any, _Worker] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < min(options.number, len(jobs)):
                worker = _Worker.started(factory, settings)
                worker.give(waiting.pop())
                busy[worker.pipe] = worker
            for pipe in wait(list(busy), min(max_wait_s, CHECK_EVERY_S) or None):
                worker = busy[pipe]
                job, done = worker.job, worker.is_done()
                if done is None:
                    continue
                if done:
                    yield job
                    if waiting:
                        worker.give(waiting.pop())
                        continue
                else:
                    tries[job.key] += 1
                    if tries[job.key] < MAX_TRIES:
                        waiting.append(job)
                    else:
                        write_record(job, 0, [worker.crash_record()])
                        yield job
                busy.pop(pipe).end()
            hanging = [w for w in busy.values() if max_wait_s and w.is_hanging(max_wait_s)]
            for worker in hanging:
                busy.pop(worker.pipe).end(kill=True)
                record_hanging(worker.job, max_wait_s)
                yield worker.job
    finally:
        for worker in busy.values():
            worker.end(kill=True)


def record_hanging(job: FileJob, max_wait_s: float) -> None:
    """Reject a file that hangs."""
    note = f"no frame for {max_wait_s:g} s"
    write_record(job, 0, [Rejected(reason="hangs", note=note)])


class Watchdog:
    """Calls a function, from a thread of its own, when no heartbeat comes for some time."""

    def __init__(self, max_wait_s: float, on_timeout: Callable[[], None]) -> None:
        """Watches while its `with` block runs.

        Args:
            max_wait_s: Longest time between two heartbeats; 0 never calls.
            on_timeout: Called once.
        """
        self._max_wait_s, self._end_process = max_wait_s, on_timeout
        self._over = threading.Event()
        self._last_heartbeat_s = math.inf

    def __enter__(self) -> Watchdog:
        self.heartbeat()
        if self._max_wait_s:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def heartbeat(self) -> None:
        """Report progress."""
        self._last_heartbeat_s = time.monotonic()

    def _watch(self) -> None:
        while not self._over.wait(min(self._max_wait_s / 4, CHECK_EVERY_S)):
            if time.monotonic() - self._last_heartbeat_s > self._max_wait_s:
                self._end_process()
                return


@dataclass(slots=True)
class _Worker:
    """A process and the file that it has."""

    process: Any
    pipe: Any
    job: Any = None
    last_heartbeat_s: float = math.inf
    """When its last message came, or its job was given; it begins with its networks loaded."""

    @classmethod
    def started(cls, factory: ToolsFactory, settings: CurationSettings) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, factory, settings), daemon=True)
        with deaf_to_interrupts():
            process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, job: FileJob) -> None:
        self.job = job
        if self.last_heartbeat_s < math.inf:
            self.last_heartbeat_s = time.monotonic()
        with suppress(OSError):  # it died; `is_done` reports that
            self.pipe.send(job)

    def is_hanging(self, max_wait_s: float) -> bool:
        """Whether no message came for so long, and none waits to be read."""
        return time.monotonic() - self.last_heartbeat_s > max_wait_s and not self.pipe.poll()

    def is_done(self) -> bool | None:
        """Read one message: True for a finished job, None for a heartbeat, False for a crash.

        Raises:
            MediaError: The process cannot go on.
        """
        try:
            failure = self.pipe.recv()
        except (EOFError, OSError):
            return False
        self.last_heartbeat_s = time.monotonic()
        if failure is None:
            return None
        if failure:
            raise MediaError(failure)
        return True

    def crash_record(self) -> Rejected:
        self.process.join()
        return Rejected(
            reason="ended its process",
            note=f"exit code {self.process.exitcode}, {MAX_TRIES} times",
        )

    def end(self, *, kill: bool = False) -> None:
        self.pipe.close()  # which ends it after its file
        if kill:
            self.process.kill()  # a hanging process may ignore anything less
        self.process.join()


def _work(pipe: Connection, factory: ToolsFactory, settings: CurationSettings) -> None:
    """Main loop of a process: jobs come in; heartbeats (None), "" or an error's text go out."""
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    last_s = 0.0

    def heartbeat() -> None:
        nonlocal last_s
        if time.monotonic() - last_s > HEARTBEAT_S:
            last_s = time.monotonic()
            try:
                pipe.send(None)
            except OSError:  # the parent is gone; the file is not to blame
                os._exit(1)

    try:
        tools = factory.make()
        heartbeat()
        while True:
            run_job(pipe.recv(), tools, settings, heartbeat)
            pipe.send("")
    except EOFError:
        return
    except (LivePortraitError, ValueError) as error:
        pipe.send(str(error))


def _end_with_parent() -> None:
    """End at once when the parent is killed: a new run may start on the same files."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
