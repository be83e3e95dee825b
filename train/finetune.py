"""Fine-tune F, W and G of a compact model for one person or one style, in minutes.

    python -m train.finetune run=runs/anna clips=videos-of-anna out=anna.safetensors
    python -m train.finetune run=runs/ink clips=ink rank=0 data=runs/heads

The folder holds videos, and pictures besides, of one person or in one style. With a rank the
layers learn changes of that rank alone, which are folded in at the end; with rank=0 all of F, W
and G learns. M, S, R_eyes and R_lip of the base are copied.
"""

import sys
from collections.abc import Sequence

from .engine.command import train_command
from .tasks.finetune import FinetuneConfig, cost, prepare

COMMAND = "python -m train.finetune"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; 0, or 2 with one sentence."""
    return train_command(COMMAND, arguments, FinetuneConfig, prepare, cost)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
