"""Fine-tune a model on animals mixed with the data it was trained on (App. D).

    python -m train.animals run=runs/cats base=default animals=cats,runs/animals data=runs/heads
    python -m train.animals run=runs/pets base=human animals=pets clips=videos steps=20000

The options are those of the base: `base=... --help` lists them. A base of the paper's architecture
is trained as by `train.stage1`, a compact one as by `train.compact`.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.animals"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from functools import partial

    from .engine.config import parse, parse_part, read_arguments
    from .engine.loop import train
    from .models.runs import open_model
    from .tasks.animals import AnimalBase, config_of_base, cost, elsewhere, prepare

    given = read_arguments(arguments)
    base = open_model(parse_part(AnimalBase, given).base)
    kind = config_of_base(base.preset)
    config = parse(kind, given, COMMAND, partial(cost, base=base), elsewhere)
    return train(config, partial(prepare, base=base))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
