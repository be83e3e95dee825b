"""Curate videos and images for training: python -m train.curate IN... -o OUT."""

import sys

from .curation.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
