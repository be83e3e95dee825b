"""Fine-tune a model on animals mixed with the data it was trained on (App. D).

    python -m train.animals run=runs/cats base=default animals=cats,runs/creatures data=runs/heads
    python -m train.animals run=runs/pets base=human animals=pets clips=films steps=20000

Without L_H, the lip GAN and L_faceid. A published base goes on as `train.stage1_published` trained
it. A compact base learns by the rows of `train.stage1` and without discriminators: F, W and G; M
stays, and with it S, R_eyes and R_lip go on to fit. Its keypoints have names, and only renderings
say where these are: M learns (`motion_batch`) where both people and animals are rendered, so that
it neither drifts from the names nor forgets people, who do the driving.
"""

import sys

from .tasks.animals import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
