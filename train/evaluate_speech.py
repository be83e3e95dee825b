"""Measures of speech to motion: shut lips, the opening's curve, its delay, stillness.

    python -m train.evaluate_speech sets/held-out --noise 10 --json FILE
    python -m train.evaluate_speech --films talk.mp4 --weights runs/speech/speech.safetensors

A closure of p, b or m counts as found when the lips are shut within two frames of 25 a second, and
shut lips are false where the rules keep them open for two frames around. The curve of the opening
is compared with that of the rules, or with the mouth of somebody in a film.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.evaluate_speech"


def main(arguments: Sequence[str]) -> int:
    """Print the measures, and write them where asked; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .evaluation.speech_command import run

    return run(arguments, COMMAND, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
