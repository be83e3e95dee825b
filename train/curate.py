"""Curate videos and images for training: python -m train.curate IN... -o OUT."""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.curate"


def main(arguments: Sequence[str]) -> int:
    """Curate and print what came of it; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .curation.command import run

    return run(arguments, COMMAND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
