"""Strips of real pictures under a few edits: what a model does, to be looked at.

    python -m train.portraits FOLDER --out strips.jpg [--model default]

Each picture is edited whole, stitched and pasted back as `liveportrait edit` does with the face
that the shipped finder finds; the strips show the head and what is around it. With --mesh-python
an independent face mesh says how far each edit went.
"""

import sys

from .authoring.portraits import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
