"""The motions that come with the library, made by hand from sliders: python -m train.motions."""

import sys

from .authoring.motions import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
