"""Ctrl-C while training: the step is finished and its state is saved."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

IMPATIENT_S: Final = 1.0
"""A second request ends a run at once where it comes later than this: torchrun passes Ctrl-C on, so
that one press can arrive twice."""


class Stopped(KeyboardInterrupt):
    """A run was asked to end and has saved its state; the message says at which step."""


class StopRequest:
    """Notes Ctrl-C and SIGTERM in its `with` block, so that a step is not torn apart.

    `with StopRequest() as stop: ...; if stop.is_made: ...`
    """

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def is_made(self) -> bool:
        """Whether this process was asked to end."""
        return self._first_s is not None

    def __enter__(self) -> StopRequest:
        with suppress(ValueError):  # another thread than the main one cannot
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: object) -> None:
        del number, frame
        now_s = time.monotonic()
        if self._first_s is None:
            self._first_s = now_s
        elif now_s - self._first_s > IMPATIENT_S:
            raise KeyboardInterrupt
