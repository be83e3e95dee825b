"""Fine-tune F, W and G of a model for one person or one style.

    python -m train.finetune run=runs/anna clips=videos-of-anna out=anna.safetensors
    python -m train.finetune run=runs/ink clips=ink rank=0 data=runs/heads
    python -m train.finetune run=runs/bob clips=videos-of-bob base=human

The folder holds videos, and pictures besides, of one person or in one style. With a rank the
layers learn changes of that rank alone, which are folded in at the end; with rank=0 all of F, W
and G learns. M, S, R_eyes and R_lip of the base are copied.
"""

import sys
from collections.abc import Sequence

from .engine.command import run_command

COMMAND = "python -m train.finetune"


def main(arguments: Sequence[str]) -> int:
    """Train by KEY=VALUE arguments and print the model's path; the codes of `run_command`."""
    return run_command(COMMAND, lambda: _train(arguments))


def _train(arguments: Sequence[str]) -> object:
    from functools import partial

    from .engine.config import parse, parse_part, read_arguments
    from .engine.loop import train
    from .models.runs import open_model
    from .tasks import finetune, paper_finetune

    given = read_arguments(arguments)
    base = open_model(parse_part(finetune.FinetuneBase, given).base)
    if base.preset.family == "compact":
        cost = partial(finetune.cost, base=base)
        config = parse(finetune.FinetuneConfig, given, COMMAND, cost)
        return train(config, partial(finetune.prepare, base=base))
    cost = partial(paper_finetune.cost, base=base)
    config = parse(paper_finetune.PaperFinetuneConfig, given, COMMAND, cost)
    return train(config, partial(paper_finetune.prepare, base=base))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
