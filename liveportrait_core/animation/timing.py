"""How long an animation lasts: source, driver and background brought to one rate and length."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import torch

from ..errors import about, counted, indexes
from ..media.clips import Clip, ExtendedClip
from ..motion.edit import extend, extended_frames, retime
from ..motion.types import Motion
from ..options import AnimateOptions
from .inputs import DrivenKeypoints
from .read import ReadClip


def held_or_cut(keypoints: DrivenKeypoints, num_frames: int) -> DrivenKeypoints:
    """One frame held for so many, or more cut to so many.

    Args:
        keypoints: N frames.
        num_frames: How many there may be.
    """
    if len(keypoints) > 1:
        return keypoints[:num_frames]
    rows = torch.zeros(num_frames, dtype=torch.long, device=keypoints.driving_keypoints.device)
    return replace(
        keypoints,
        source_keypoints=keypoints.source_keypoints[rows],
        driving_keypoints=keypoints.driving_keypoints[rows],
        motion=keypoints.motion[rows],
    )


def matched(driving: Motion, fps: Fraction, num_frames: int, options: AnimateOptions) -> Motion:
    """A driver at the frame rate of the moving frames that it drives, and as long.

    Convention:
        - a driver of another rate is retimed, so that it stays as long in seconds; `published`
          goes frame by frame
        - one that ends early stops there, or goes on as `when_shorter` says; a longer one is cut
        - a driver of one frame holds for all

    Args:
        driving: The driver.
        fps: Of the frames.
        num_frames: How many there are.
        options: What to do.
    """
    if len(driving) == 1:
        return driving
    if not options.driving.published:
        driving = retime(driving, fps)
    if options.when_shorter != "stop":
        driving = extend(driving, num_frames, options.when_shorter)
    return driving[:num_frames]


def lasting(
    clip: Clip, read: ReadClip, driving: Motion, options: AnimateOptions
) -> tuple[Clip, ReadClip]:
    """A source video that lasts as long as its driver, where `source_when_shorter` asks for it.

    Args:
        clip: The source.
        read: What pass 1 kept of it.
        driving: The driver, at its own rate.
        options: What to do.
    """
    how = options.source_when_shorter
    if how == "stop" or len(driving) == 1:
        return clip, read
    num_frames = len(driving if options.driving.published else retime(driving, clip.fps))
    if num_frames <= len(read):
        return clip, read
    rows = extended_frames(len(read), num_frames, how).tolist()
    longer = ReadClip(
        transforms=tuple(read.transforms[row] for row in rows),
        motion=extend(read.motion, num_frames, how),
    )
    return ExtendedClip(clip, len(read), num_frames, how), longer


def check_reference(reference: int, num_frames: int, *, slack: int = 0) -> None:
    """Refuse a reference frame that a driver does not have.

    Args:
        reference: Its number.
        num_frames: Of the driver.
        slack: By how many frames that number may be too small.

    Raises:
        ValueError: It has no such frame.
    """
    if reference >= num_frames + slack:
        with about("reference"):
            raise ValueError(
                f"The reference is frame {reference}, but the driver has "
                f"{counted(num_frames, 'frame')}. Choose one from {indexes(num_frames)}."
            )


def with_reference(motion: Motion, reference: int | None) -> Motion:
    """The motion with a frame of the user's choice as its neutral one.

    Raises:
        ValueError: It has no such frame.
    """
    if reference is None:
        return motion
    check_reference(reference, len(motion))
    return motion.describe(reference_frame=reference, reference=None)
