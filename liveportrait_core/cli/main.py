"""Parse, run, and turn errors into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from ..errors import FaceNotFoundError, LivePortraitError, os_error_text, subject_of
from .parsers import build_parser
from .progress import WarningCollector
from .stopping import stopped_by_signals

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
        with stopped_by_signals() as stopping, WarningCollector() as args.warnings:
            module = import_module(f".{args.module}", __package__)
            stopping.check()
            return module.run(args)
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
    """What marks or chooses the face that was not found: the source's, the driver's, a photo's."""
    if subject_of(error).startswith("like"):
        return (
            "The option is --like-face-index; 'liveportrait faces PHOTO -o OUT' shows what is "
            "found."
        )
    of = "--driving-" if subject_of(error).startswith("driving") else "--"
    return (
        f"The options are {of}box x,y,w,h, {of}already-cropped and {of}face-index; 'liveportrait "
        "faces CLIP -o OUT' shows what is found."
    )


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
