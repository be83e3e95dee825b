"""A driver whose motion is written down, for sessions that need no face to be read."""

from collections.abc import Sequence

import torch

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.edit import neutral_motion
from liveportrait_core.motion.types import Motion
from liveportrait_core.sessions.face_reader import ReadFace

FRAME_S = 0.1


def turned(yaw_deg: float, shift: float = 0.0) -> Motion:
    """One frame of a head that looks aside."""
    rest = neutral_motion(COMPACT_SPACE)
    return Motion.from_degrees(
        pose_deg=torch.tensor([[0.0, yaw_deg, 0.0]]),
        expression=rest.expression,
        scale=rest.scale,
        translation=torch.tensor([[shift, 0.0, 0.0]]),
    ).describe(space=COMPACT_SPACE)


def scripted_reader(*frames: Motion | str | None) -> type:
    """A class in place of `FaceReader`: a motion, None for no face, "cut" before a new shot."""

    class Scripted:
        def __init__(self, *_: object) -> None:
            self.left = list(frames)

        def reset(self) -> None:
            self.left = list(frames)

        def read(self, _: object) -> ReadFace | None:
            is_new_shot = len(self.left) == len(frames)
            if self.left[0] == "cut":
                self.left.pop(0)
                is_new_shot = True
            motion = self.left.pop(0)
            return motion and ReadFace(motion=motion, is_new_shot=is_new_shot)

    return Scripted


def yaws(motions: Sequence[Motion]) -> list[float]:
    """Degrees from the neutral frame that each is measured from."""
    assert all(motion.reference is not None for motion in motions)
    return [round(float(m.yaw_deg - m.reference.yaw_deg), 2) for m in motions]
