"""A motion changed by options, in one order."""

from __future__ import annotations

from .channels import amplify_motion, clamp_motion
from .edit import loop, mirror, retime
from .one_euro import OneEuroFilter
from .reference import check_motions
from .sequence import trim
from .smoothing import smooth_motion
from .tool_options import ChangeOptions
from .types import CHANNELS, Motion


def change_motion(motion: Motion, options: ChangeOptions) -> Motion:
    """A motion trimmed, smoothed, retimed, mirrored, made larger or smaller, limited and looped.

    `change_motion(motion, ChangeOptions(duration=4, smooth="zero-phase"))`

    Convention:
        - in this order: frames are smoothed as they were measured, limits hold for what the gains
          made, and every round of a loop is the same
        - options at their defaults leave the motion as it is
        - the neutral frame stays the motion's own, of which gains and limits count

    Args:
        motion: Any motion.
        options: What is done.

    Raises:
        MotionSpaceError: It is to be mirrored and its keypoints have no sides.
        ValueError: The motion cannot be used (`check_motions`), the part has no frame, or the
            crossfade is too long.
    """
    check_motions(motion=motion)
    motion = trim(motion, options.start, options.duration)
    if options.smooth == "zero-phase":
        motion = smooth_motion(motion, options.smooth_variance, channels=CHANNELS)
    elif options.smooth == "one-euro":
        motion = OneEuroFilter(options.one_euro)(motion)
    if options.fps is not None:
        motion = retime(motion, options.fps)
    if options.mirror:
        motion = mirror(motion)
    motion = clamp_motion(amplify_motion(motion, options.gains), options.limits)
    if options.times > 1 or options.crossfade:
        motion = loop(motion, options.times, crossfade=options.crossfade)
    return motion
