"""Render heads with their labels: python -m train.render OUT_FOLDER [--face-model PATH].

With --clip OUT.mp4 in place of the folder: a short video of one head, to drive portraits with.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.render"


def main(arguments: Sequence[str]) -> int:
    """Render a set of heads, or a clip of one; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .rendering.export.command import run

    return run(arguments, COMMAND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
