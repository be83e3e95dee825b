"""What a motion is measured from, and whether motions may be used together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch

from ..constants import FacePart
from ..errors import MotionSpaceError, about, counted, indexes
from .regions import keypoint_space
from .transfer import neutral_reference
from .types import Motion, tensor_fields


def own_reference(motion: Motion) -> Motion:
    """The neutral frame of a motion.

    Convention:
        - `reference` where it is given, else the frame `reference_frame`; of a motion of one frame
          that frame with a neutral expression
        - parts of the face with absolute values are measured from a neutral face of the space

    Returns:
        B = 1, or one for each number that `shot` holds.

    Raises:
        ValueError: The motion names a frame that it does not have.
    """
    reference = _stated_reference(motion)
    if not motion.absolute_parts:
        return reference
    space = keypoint_space(motion.space)
    mask = space.part_mask(motion.absolute_parts, motion.expression.device)
    neutral = space.neutral_expression(reference.expression)
    return replace(reference, expression=torch.where(mask, neutral, reference.expression))


def _stated_reference(motion: Motion) -> Motion:
    if motion.reference is not None:
        return motion.reference
    if len(motion) == 1:
        return neutral_reference(motion)
    if not 0 <= motion.reference_frame < len(motion):
        raise ValueError(
            f"The motion names frame {motion.reference_frame} as its neutral one and has "
            f"{counted(len(motion), 'frame')}; {indexes(len(motion))} is expected. Give a "
            "reference, or set reference_frame to one it has."
        )
    return motion[motion.reference_frame].describe(reference_frame=0, shot=None)


def with_absolute(motion: Motion, parts: Collection[FacePart]) -> Motion:
    """A motion with fewer absolute parts: the others are measured from a neutral face.

    Args:
        motion: The motion.
        parts: Which of its absolute parts stay so.
    """
    if motion.absolute_parts <= set(parts):
        return motion
    kept = motion.absolute_parts & set(parts)
    return replace(motion, reference=own_reference(motion), absolute=kept)


def reference_of_frames(motion: Motion, reference: Motion) -> Motion:
    """The neutral frame that each frame is measured from.

    Args:
        motion: N frames.
        reference: B = 1, or one for each number that `motion.shot` holds.

    Returns:
        B = 1 or N.
    """
    if len(reference) == 1 or motion.shot is None:
        return reference
    return reference[motion.shot]


def frame_of(motion: Motion, index: int) -> Motion:
    """One frame of a motion, which still knows what it is measured from.

    `session.frame(frame_of(motion, 12))`

    Convention:
        - a motion of one frame stays as it is: it is measured from a neutral face

    Args:
        motion: N frames.
        index: Which, from 0.

    Returns:
        B = 1.

    Raises:
        ValueError: It has no such frame.
    """
    if not 0 <= index < len(motion):
        raise ValueError(
            f"Frame {index} of a motion of {counted(len(motion), 'frame')} is asked for; "
            f"{indexes(len(motion))} is expected. Choose one of these."
        )
    if len(motion) == 1:
        return motion
    reference = reference_of_frames(motion, own_reference(motion))
    own = reference if len(reference) == 1 else reference[index]
    return motion[index].describe(reference=own, reference_frame=0, shot=None)


def check_motions(**motions: Motion) -> None:
    """Refuse motions that cannot be used together, before anything is done.

    Args:
        **motions: By the names that messages call them.

    Raises:
        MotionSpaceError: A keypoint space is unknown, or they are of several.
        ValueError: One has no frames, values that are no numbers, or absolute values of the head.
    """
    first = next(iter(motions.values()))
    for name, motion in motions.items():
        with about(name):
            _check_motion(name, motion)
            if motion.space != first.space:
                made = f" (made by {motion.producer})" if motion.producer else ""
                raise MotionSpaceError(
                    f"The motion '{name}' is of the keypoint space {motion.space!r}{made}, "
                    f"'{next(iter(motions))}' of {first.space!r}; one space is expected. Extract "
                    "both with the same model, or convert one (motion convert --to, "
                    "Convert Motion)."
                )


def _check_motion(name: str, motion: Motion) -> None:
    keypoint_space(motion.space)
    if not len(motion):
        raise ValueError(
            f"The motion '{name}' has 0 frames; 1 or more are expected. Give a longer motion."
        )
    if absolute := motion.absolute & {"pose", "scale", "translation"}:
        raise ValueError(
            f"The motion '{name}' holds absolute values of {', '.join(sorted(absolute))}; "
            "values relative to its neutral frame are expected. Extract it from its video again."
        )
    for part in filter(None, (motion, motion.reference)):
        for field in tensor_fields():
            values = getattr(part, field)
            if values is not None and not bool(values.isfinite().all()):
                raise ValueError(
                    f"The motion '{name}' has values of {field} that are no finite numbers; "
                    "finite ones are expected. Make the motion again."
                )
