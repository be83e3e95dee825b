"""The face finder's network, from scratch, on rendered heads that are put into clutter.

    python -m train.face_finder run=runs/finder data=runs/heads steps=6000
    python -m train.face_finder run=runs/more data=runs/heads,runs/more init=runs/finder steps=900

No photograph of a person is looked at. The pictures are made as training goes: every step's are
a function of the seed and the step, so a run that was stopped goes on as if it had not been.
"""

import sys

from .tasks.face_finder import main

if __name__ == "__main__":
    main(sys.argv[1:])
