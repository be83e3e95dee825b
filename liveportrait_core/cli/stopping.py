"""Requests to end, of which none gets lost: Ctrl-C, and SIGTERM as another Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import FrameType

AGAIN_S: Final = 0.05
"""After which a request comes again that was made where no exception can leave."""


class Stopping:
    """Whether somebody asked to end."""

    def __init__(self) -> None:
        """Nobody did."""
        self.is_asked = False

    def check(self) -> None:
        """End, if that was asked for and something took it for another error.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self.is_asked:
            raise KeyboardInterrupt

    def ask(self, number: int, frame: FrameType | None) -> NoReturn:
        """End as Ctrl-C does, so that nothing unfinished is left: a handler of signals."""
        del number, frame
        self.is_asked = True
        raise KeyboardInterrupt


@contextmanager
def stopped_by_signals() -> Generator[Stopping]:
    """A request to end counts as Ctrl-C in the block.

    Convention:
        - Python ignores what is raised while it clears things away, as it does often while modules
          load: such a request comes again at once
        - modules that take any error of others for a sign that these are missing are met by
          `check` behind them
    """
    stopping = Stopping()
    ignored = sys.unraisablehook

    def come_again(what: sys.UnraisableHookArgs) -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            ignored(what)
            return
        again = Timer(AGAIN_S, signal.raise_signal, (signal.SIGINT,))
        again.daemon = True
        again.start()

    before = {}
    with suppress(ValueError):  # another thread than the main one cannot
        for number in (signal.SIGTERM, signal.SIGINT):
            # as of a command in the background, or what another language has set
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, stopping.ask)
        sys.unraisablehook = come_again
    try:
        yield stopping
    finally:
        sys.unraisablehook = ignored
        for number, handler in before.items():
            signal.signal(number, handler)
