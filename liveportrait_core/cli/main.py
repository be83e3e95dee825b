"""Parse, run, and turn errors into one sentence and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from ..errors import FaceNotFoundError, LivePortraitError, os_error_text, subject_of
from .parsers import build_parser
from .progress import WarningCollector

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
OUTPUT_FLAGS = ("-o", "--output")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        0 when all went well, 1 when something that was checked is not as it should be, 2 for an
        error (one sentence on stderr), 130 after Ctrl-C.
    """
    # Threads that wait for work sleep instead of spinning: on a busy machine that is several
    # times faster. It holds where torch is not loaded yet.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        args = build_parser().parse_args(_with_file_names(sys.argv[1:] if argv is None else argv))
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else EXIT_ERROR
    try:
        with _terminated_like_ctrl_c(), WarningCollector() as args.warnings:
            return import_module(f".{args.module}", __package__).run(args)
    except KeyboardInterrupt:
        return _say("stopped; nothing unfinished was left behind.", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output has stopped; what is buffered is dropped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _say(f"error: {os_error_text(error)}", EXIT_ERROR)
    except FaceNotFoundError as error:
        more = "" if args.command == "faces" else f" {_face_options(error)}"
        return _say(f"error: {error}{more}", EXIT_ERROR)
    except (LivePortraitError, ValueError) as error:
        return _say(f"error: {error}", EXIT_ERROR)


def _face_options(error: FaceNotFoundError) -> str:
    """What marks or chooses the face that was not found, the source's or the driver's."""
    of = "--driving-" if subject_of(error).startswith("driving") else "--"
    return (
        f"The options are {of}box x,y,w,h, {of}already-cropped and {of}face-index; 'liveportrait "
        "faces CLIP -o OUT' shows what is found."
    )


@contextmanager
def _terminated_like_ctrl_c() -> Generator[None]:
    """A request to end counts as Ctrl-C in the block."""
    before = None
    with suppress(ValueError):  # another thread than the main one cannot
        before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: object) -> NoReturn:
    """End as Ctrl-C does, so that nothing unfinished is left."""
    del number, frame
    raise KeyboardInterrupt


def _with_file_names(argv: Sequence[str]) -> list[str]:
    """The arguments, with names of files that begin with a dash made plain to argparse."""
    named = list(argv)
    for place, argument in enumerate(argv):
        is_output = place > 0 and argv[place - 1] in OUTPUT_FLAGS and argument != "-"
        has_name = "." in argument and (is_output or Path(argument).is_file())
        if argument.startswith("-") and has_name:
            named[place] = f".{os.sep}{argument}"
    return named


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"liveportrait: {' '.join(message.split())}\n")
    return code
