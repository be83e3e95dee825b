"""Everything that ships, from nothing: heads, training, measures, in stages that resume.

    python -m train.recipe OUT --face-model DIR            # all of it; run again to go on
    python -m train.recipe OUT --face-model DIR --list     # what it would do, time and disk
    python -m train.recipe OUT --face-model DIR --device cuda --processes 1 --workers 16

A stage that has finished is left alone; one that was interrupted goes on where it was. The model
ends up in OUT/retarget/model.safetensors, the face finder in OUT/finder/face_finder.safetensors.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.recipe"


def main(arguments: Sequence[str]) -> int:
    """Run the stages that are not done yet; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> object:
    from .authoring.recipe import run

    return run(arguments, COMMAND, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
