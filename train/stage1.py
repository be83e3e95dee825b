"""Stage 1 of the paper: F, M, W and G of the published architecture by Eq. 4 (Sec. 3.2).

    python -m train.stage1 run=runs/paper clips=videos steps=200000 device=cuda
    python -m train.stage1 run=runs/tiny preset=tiny data=runs/heads steps=100
    torchrun --nproc_per_node 8 -m train.stage1 run=... data=... clips=... steps=...

`preset=tiny` has a sixteenth of the channels, to try things out. The compact networks that ship
are trained by `train.compact`.
"""

import sys
from collections.abc import Sequence

from .engine.command import train_command
from .tasks.paper import PaperConfig, cost, elsewhere, prepare

COMMAND = "python -m train.stage1"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; 0, or 2 with one sentence."""
    return train_command(COMMAND, arguments, PaperConfig, prepare, cost, elsewhere)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
