"""The motions that come with the library, made by hand from sliders: python -m train.motions."""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.motions"


def main(arguments: Sequence[str]) -> int:
    """Write the motions; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .authoring.motions import run

    return run(arguments, COMMAND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
