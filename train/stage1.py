"""Stage 1: F, M, W and G from scratch (Sec. 3.2), on rendered heads and on folders of clips.

This is the task of the compact networks; `train.stage1_published` has that of the published ones.

    python -m train.stage1 run=runs/base data=runs/heads steps=9000
    python -m train.stage1 run=runs/mixed data=runs/heads clips=portraits,films steps=9000
    python -m train.stage1 preset=paper run=... clips=... steps=...
    torchrun --nproc_per_node 2 -m train.stage1 run=... data=... steps=...

M learns from the renderer's keypoints, pose and openness. F, W and G learn to repaint the
driving frame of a pair from its source, with the renderer's flow and visibility as guides;
their keypoints are the truth for one part of each batch and M's own (of the moving average,
without gradient) for the other.

Clips are folders of films and pictures of one person each, nothing of them labelled. They are
prepared on first use: one face found, followed, cropped, stored (`train.data.preparing`). A pair
is two frames of a film, or a picture with itself, which teaches to repaint real skin and hair
as they are; M reads the keypoints of both, and of the loss table only the rows that compare
pictures count. M goes on learning from rendered frames; of clips it learns that its keypoints
move with the picture (L_E). Without `data` M stays as `init` gave it: L_E alone would let the
keypoints drift from what they are named after.
"""

import sys

from .tasks.compact import command

if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
