"""One model file from the networks of several runs.

python -m train.assemble OUT --picture runs/picture --motion runs/motion --retargeting runs/retarget
"""

import sys

from .authoring.assemble import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
