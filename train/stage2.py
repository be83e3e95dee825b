"""Stage 2: S, R_eyes and R_lip over a frozen base (Sec. 3.3, Eq. 5 and 6).

    python -m train.stage2 run=runs/retarget base=runs/paper clips=videos steps=20000
    python -m train.stage2 run=runs/eyes base=runs/base parts=eyes data=runs/heads total_batch=3 ...

The base is a run of `train.stage1` or `train.compact`, a model file or published files. Folders
of pictures and videos (`clips`) may stand in for a share of the rendered heads or for all of them.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.stage2"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.retargeting import RetargetingConfig, cost, prepare

    return train(parse(RetargetingConfig, arguments, COMMAND, cost), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
