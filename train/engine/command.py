"""What all commands share: errors are one sentence, a request to end leaves nothing half done.

Nothing here imports torch or a package of the `train` extra: the thin commands import their rooms
inside `run_command`, so that a package that is missing is a sentence, too.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn

from liveportrait_core.config.spec import OptionError
from liveportrait_core.errors import LivePortraitError, os_error_text

EXIT_ERROR: Final = 2
EXIT_INTERRUPTED: Final = 130
OWN_PACKAGES: Final = ("train", "liveportrait_core")
EXTRA: Final = "pip install -e '.[train]'"
"""What installs the packages of training, in a checkout."""


def run_command(command: str, work: Callable[[], object]) -> int:
    """Do the work of a command and print what it gives: the only place that reports errors.

    Args:
        command: Its name, for the message.
        work: Imports its rooms, parses, trains and gives what is printed; None for nothing.

    Returns:
        0; 2 after an error, 130 after Ctrl-C or a request to end (SIGTERM), each with one sentence
        on stderr.
    """
    try:
        with _ended_by_sigterm():
            result = work()
    except KeyboardInterrupt as stop:
        return _say(command, str(stop) or "stopped; finished files are kept.", EXIT_INTERRUPTED)
    except ImportError as error:
        if (error.name or "").partition(".")[0] in OWN_PACKAGES:
            raise
        return _say(command, _missing(error), EXIT_ERROR)
    except OSError as error:
        return _say(command, os_error_text(error), EXIT_ERROR)
    except (OptionError, LivePortraitError, FloatingPointError) as error:
        return _say(command, str(error), EXIT_ERROR)
    if result is not None:
        print(result)
    return 0


@contextmanager
def deaf_to_interrupts() -> Generator[None]:
    """Processes started inside do not hear Ctrl-C: the one that starts them ends them."""
    with _handled(signal.SIGINT, signal.SIG_IGN):
        yield


@contextmanager
def _ended_by_sigterm() -> Generator[None]:
    """A request to end (SIGTERM) ends a command as Ctrl-C does."""

    def stop(number: int, frame: object) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    with _handled(signal.SIGTERM, stop):
        yield


@contextmanager
def _handled(number: int, handler: object) -> Generator[None]:
    before: object = None
    with suppress(ValueError):  # another thread than the main one cannot
        before = signal.signal(number, handler)  # pyright: ignore[reportArgumentType]
    try:
        yield
    finally:
        if before is not None:
            signal.signal(number, before)  # pyright: ignore[reportArgumentType]


def _missing(error: ImportError) -> str:
    """What is said of a package that is missing, or that does not import."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "a package").partition(".")[0]
        return f"this needs {package}, which is not installed. Run {EXTRA}, or install it alone."
    return f"a package does not import ({error}). Run {EXTRA} again, or reinstall it alone."


def _say(command: str, message: str, code: int) -> int:
    print(f"{command}: {message}", file=sys.stderr)
    return code
