"""Measures of a face finder: faces in the crop or not, false faces, milliseconds.

    python -m train.evaluate_finder PLACE... --marks FILE --without FOLDER --json FILE
    python -m train.evaluate_finder --speed CLIP

A PLACE is an image, a video, or a folder of them. A face has landed when both eyes and both corners
of the mouth lie in the crop that `liveportrait` would take (2.3-fold), and the face is large enough
in it. Their true places come from --marks; without marks the finder's own landmarks count where
they look like a face, which makes the figures too good.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.evaluate_finder"


def main(arguments: Sequence[str]) -> int:
    """Print the measures, and write them where asked; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .evaluation.finder_command import run

    return run(arguments, COMMAND, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
