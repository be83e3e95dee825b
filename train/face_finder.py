"""The face finder's network, from scratch, on rendered heads that are put into clutter.

    python -m train.face_finder run=runs/finder data=runs/heads steps=6000
    python -m train.face_finder run=runs/more data=runs/heads,runs/more init=runs/finder steps=900

No photograph of a person is used.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.face_finder"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.face_finder import FaceFinderConfig, prepare

    return train(parse(FaceFinderConfig, arguments, COMMAND), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
