"""How well faces are found: in the crop or not, false faces, milliseconds.

    python -m train.evaluate_finder PLACE... --marks FILE --without FOLDER --json FILE
    python -m train.evaluate_finder --speed CLIP

A PLACE is a still, a clip, or a folder of them. A face has landed when both eyes and both corners
of the mouth lie in the crop that the product would cut (2.3-fold), and the face is no speck in it.
Where they truly lie is read from --marks; without marks the finder's own landmarks are believed
where they look like a face, which flatters it.
"""

import sys

from .evaluation.face_finder import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
