"""Stage 2: S, R_eyes and R_lip over a frozen base (Sec. 3.3, Eq. 5 and 6).

    python -m train.stage2 run=runs/retarget base=runs/base data=runs/heads steps=1500
    python -m train.stage2 run=runs/eyes base=runs/paper parts=eyes clips=films steps=20000

The openings that Eq. 6 asks for are read off the painted picture by the frozen M of a compact
base, and, since its keypoints are lids and lips themselves, off the retargeted keypoints as well.
A published base has keypoints without names; there a compact model reads the picture (`reader`).

Folders of pictures and films (`clips`) may stand in for a share of the rendered heads or for all
of them. Of a picture no renderer says what is head; S's mask is then the compact model's: the head
that W sees in the source, a probability for each pixel, and whatever is about M's keypoints,
for W leaves holes in painted and half-lit faces. Only films can drive, so that without
any the drivers are rendered ones.
"""

import sys

from .tasks.retargeting import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
