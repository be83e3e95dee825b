"""Evaluation on heads and clips that were never trained on.

    python -m train.evaluate --rendered FOLDER --json FILE
    python -m train.evaluate --rendered --face-model DIR --seed N --json FILE
    python -m train.evaluate --clips FOLDER --mesh-python PATH --json FILE
    python -m train.evaluate --self FILMS --cross FILMS --portraits FFHQ --page FILE

--rendered compares with the renderer's truth, --clips repaints each clip from its own first
frame, --self and --cross are the paper's protocols, with --out FOLDER stopped and gone on with at
will; all may be asked for at once. Measures that need something which is not there say so.
"""

import sys

from .evaluation.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
