"""Fine-tune F, W and G of a compact model for one person or one style, in minutes.

    python -m train.finetune run=runs/anna clips=videos-of-anna out=anna.safetensors
    python -m train.finetune run=runs/ink clips=ink rank=0 data=runs/heads

The folder holds videos, and pictures besides, of one person or in one style. With a rank the
layers learn changes of that rank alone, which are folded in at the end; with rank=0 all of F, W
and G learns. M, S, R_eyes and R_lip of the base are copied.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.finetune"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.finetune import FinetuneConfig, cost, prepare

    return train(parse(FinetuneConfig, arguments, COMMAND, cost), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
