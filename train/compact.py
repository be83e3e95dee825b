"""The compact networks that ship: F, M, W and G, on rendered heads and on folders of clips.

    python -m train.compact run=runs/base data=runs/heads steps=9000
    python -m train.compact run=runs/mixed data=runs/heads clips=portraits,videos steps=9000
    torchrun --nproc_per_node 2 -m train.compact run=... data=... steps=...

They differ from the paper's networks (`train.stage1`) in size and in what they are trained on:
docs/design.md says how. Clips are folders of videos and pictures of one person each, nothing of
them labelled. They are prepared on first use: one face found, tracked, cropped, stored
(`train.data.preparing`). A pair is two frames of a video, or a picture with itself.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.compact"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.compact import CompactConfig, cost, prepare

    return train(parse(CompactConfig, arguments, COMMAND, cost), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
