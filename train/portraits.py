"""Sample grids of real images under a few edits, to look at what a model does.

    python -m train.portraits FOLDER --out grid.jpg [--model default]

Each image is edited whole, stitched and pasted back as `liveportrait edit` does with the face that
the shipped finder finds; a row shows the head and what is around it. With --mesh-python an
independent face mesh measures how far each edit went.
"""

import sys

from .authoring.portraits import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
