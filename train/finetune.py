"""Fine-tune F, W and G of a compact model for one person or one style, in minutes.

    python -m train.finetune run=runs/anna clips=films-of-anna out=anna.safetensors
    python -m train.finetune run=runs/ink clips=ink rank=0 data=runs/heads

The folder holds films, and pictures besides, of one person or in one style. Pairs of their frames
are repainted as in stage 1 (`train.stage1`), by the rows of its loss table that compare pictures.
With a rank the layers learn changes of that rank alone, which are folded in at the end; with
rank=0 all of F, W and G learns. M stays as it is, so that keypoints keep what they mean, and S,
R_eyes and R_lip of the base go on to fit: all four are copied.
"""

import sys

from .tasks.finetune import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
