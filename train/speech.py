"""Make synthetic speech with the curves of a face: python -m train.speech OUT_FOLDER."""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.speech"


def main(arguments: Sequence[str]) -> int:
    """Make a set of speech; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .speaking.command import run

    return run(arguments, COMMAND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
