"""A small progress bar on stderr, and messages that do not tear it."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Final, TextIO

from ..config.arguments import flag_of
from ..config.fields import spec_of
from ..options import AnimateOptions
from ..warned import HeardWarnings

BAR_WIDTH: Final = 24
MIN_INTERVAL_S: Final = 0.1
PLAIN_INTERVAL_S: Final = 5.0
"""Between lines where there is no terminal to draw over."""
MIN_ELAPSED_S: Final = 1e-3


class ProgressBar:
    """Draws `label [####....] done/total rate left`; call it with done and total.

    Use it in a `with` block, which ends the line.
    """

    def __init__(
        self,
        label: str,
        *,
        shown: bool | None = None,
        unit: str = "frames",
        stream: TextIO | None = None,
    ) -> None:
        """A bar that shows nothing until it is called.

        Args:
            label: What is being done.
            shown: None: only on a terminal.
            unit: What is counted; "bytes" are shown in MB.
            stream: None: stderr.
        """
        self._label, self._unit = label, unit
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._shown = is_shown(shown, self._stream)
        self._start = self._last = time.monotonic()
        self._done = self._first = 0
        self._width = 0

    def __enter__(self) -> ProgressBar:
        _open_bars.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _open_bars.remove(self)
        self.clear()

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done and how much there is; 0 when that is not known."""
        now = time.monotonic()
        if done < self._done or (self._done == 0 and done > 1):
            # the next clip begins, or a download continues
            self._start, self._first = now, done if self._done == 0 else 0
        self._done = done
        interval = MIN_INTERVAL_S if self._terminal else PLAIN_INTERVAL_S
        finished = done == total
        if not self._shown or (now - self._last < interval and not finished):
            return
        self._last = now
        self._draw(self.line(done, total, now - self._start))

    def line(self, done: int, total: int, elapsed_s: float) -> str:
        """What the bar shows."""
        rate = (done - self._first) / max(elapsed_s, MIN_ELAPSED_S)
        count, speed = f"{done}", f"{rate:.1f} {self._unit}/s"
        total_count = f"{total}"
        if self._unit == "bytes":
            count, total_count, speed = (
                f"{done / 1e6:.1f}",
                f"{total / 1e6:.1f} MB",
                f"{rate / 1e6:.1f} MB/s",
            )
        if total <= 0:
            return f"{self._label} {count}  {speed}"
        filled = BAR_WIDTH * min(done, total) // total
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        left = clock((total - done) / rate) if rate > 0 else "?"
        return f"{self._label} [{bar}] {count}/{total_count}  {speed}  {left} left"

    def clear(self) -> None:
        """Remove the bar from its line."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0

    def _draw(self, line: str) -> None:
        if self._terminal:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def is_shown(asked: bool | None, stream: TextIO | None = None) -> bool:
    """Whether a bar, and what is said beside it, is shown.

    Args:
        asked: None: only on a terminal.
        stream: None: stderr.
    """
    return (stream or sys.stderr).isatty() if asked is None else asked


_open_bars: list[ProgressBar] = []


class WarningCollector(HeardWarnings):
    """Shows the library's warnings on stderr as they come, and keeps them for the summary."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show and keep one."""
        super().emit(record)
        for shown in _open_bars:
            shown.clear()
        sys.stderr.write(f"liveportrait: warning: {self.text_of(record)}\n")

    def name_of(self, key: str) -> str:
        """The option's name on the command line."""
        return flag_of(spec_of(AnimateOptions, key))


def clock(seconds: float) -> str:
    """A duration as 0:07, 12:34 or 1:02:03."""
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}"
