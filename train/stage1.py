"""Stage 1 of the paper: F, M, W and G of the paper's architecture by Eq. 4 (Sec. 3.2).

    python -m train.stage1 run=runs/paper clips=videos steps=200000
    python -m train.stage1 run=runs/tiny preset=tiny data=runs/heads total_batch=4 steps=100
    torchrun --nproc_per_node 8 -m train.stage1 run=... data=... clips=... steps=...

`preset=tiny` has a sixteenth of the channels, to try things out; a step is 104 pairs by
default. The compact networks that ship are trained by `train.compact`.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.stage1"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.paper import PaperConfig, cost, elsewhere, prepare

    return train(parse(PaperConfig, arguments, COMMAND, cost, elsewhere), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
