"""Render heads with their labels: python -m train.render OUT_FOLDER [--face-model PATH].

With --clip OUT.mp4 in place of the folder: a short video of one head, to drive portraits with.
"""

import sys

from .rendering.export.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
