"""The eye branch of a compact model: the source's own irises, wherever they look.

    python -m train.eyes run=runs/eyes base=default data=runs/heads steps=3000
    python -m train.eyes run=runs/sharp base=runs/eyes/model.safetensors data=... gan=true ...

F, M, W and the rest of G stay as they are. They run once over pairs of rendered heads; the windows
about the eyes are kept, and the branch alone learns on them.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.eyes"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.eyes import EyesConfig, cost, prepare

    return train(parse(EyesConfig, arguments, COMMAND, cost), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
