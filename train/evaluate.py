"""Evaluation on heads and clips that were never trained on.

    python -m train.evaluate --rendered FOLDER --json FILE
    python -m train.evaluate --rendered --face-model DIR --seed N --json FILE
    python -m train.evaluate --clips FOLDER --mesh-python PATH --json FILE
    python -m train.evaluate --self VIDEOS --cross VIDEOS --portraits FFHQ --page FILE

--rendered compares with the renderer's truth, --clips reconstructs each clip from its own first
frame, --self and --cross are the paper's protocols; with --out FOLDER they can be stopped and
resumed. All may be given at once. A measure that lacks a file or a program says so.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.evaluate"


def main(arguments: Sequence[str]) -> int:
    """Print the measures, and write them where the options say so; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .evaluation.command import run

    return run(arguments, COMMAND, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
