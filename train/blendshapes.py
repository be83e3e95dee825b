"""Fit a map between blendshapes and a model's expression: python -m train.blendshapes OUT."""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.blendshapes"


def main(arguments: Sequence[str]) -> int:
    """Fit and write the map; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .authoring.blendshapes import run

    return run(arguments, COMMAND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
