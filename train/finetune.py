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
    from .engine.config import parse, parse_part, read_arguments
    from .engine.loop import train
    from .models.bases import preset_of_base
    from .tasks import finetune, paper_finetune

    given = read_arguments(arguments)
    base = parse_part(finetune.FinetuneBase, given).base
    if preset_of_base(base).family == "compact":
        config = parse(finetune.FinetuneConfig, given, COMMAND, finetune.cost)
        return train(config, finetune.prepare)
    config = parse(paper_finetune.PaperFinetuneConfig, given, COMMAND, paper_finetune.cost)
    return train(config, paper_finetune.prepare)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
