"""Sample grids of real images under a few edits, to look at what a model does.

    python -m train.portraits FOLDER --out grid.jpg [--model default]

Each image is edited whole, stitched and pasted back as `liveportrait edit` does with the face that
the shipped finder finds; a row shows the head and what is around it. With --mesh-python an
independent face mesh measures how far each edit went.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.portraits"


def main(arguments: Sequence[str]) -> int:
    """Draw a row for every image in a folder; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .authoring.portraits import run

    return run(arguments, COMMAND, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
