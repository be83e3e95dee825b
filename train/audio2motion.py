"""Speech to motion: from sound to lips, jaw, brows and head, on synthetic speech and clips.

    python -m train.audio2motion run=runs/speech data=sets/speech budget_minutes=60
    python -m train.audio2motion run=runs/more data=sets/more init=runs/speech/speech.safetensors

The first encoder of sound is the phoneme recogniser of the package hama.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.audio2motion"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from .engine.config import parse
    from .engine.loop import train
    from .tasks.audio2motion import Audio2MotionConfig, prepare

    return train(parse(Audio2MotionConfig, arguments, COMMAND), prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
