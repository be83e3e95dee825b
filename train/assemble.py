"""One model file from the networks of several runs.

python -m train.assemble OUT --picture runs/picture --motion runs/motion --retargeting runs/retarget
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.assemble"


def main(arguments: Sequence[str]) -> int:
    """Write one model file into the folder OUT; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .authoring.assemble import run

    return run(arguments, COMMAND, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
