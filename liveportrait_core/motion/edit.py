"""Motions made from motions: sliders, blend, retime, loop, extend, fit, mirror."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import get_args

import torch
from torch import Tensor

from ..constants import FACE_PARTS
from ..errors import MotionSpaceError, counted
from .reference import own_reference
from .regions import keypoint_space
from .rotation import degrees_from_rotation, rotation_from_degrees
from .slider_options import SliderValues, slider_values
from .sliders import expression_offset
from .smoothing import nearest_rotation
from .tool_options import Extension
from .transfer import Selection, num_frames, select, shared_space
from .types import Channel, Motion, concatenate, tensor_fields

_POSE_FIELDS = ("pose_deg", "rotation")
_INDEX_SLACK = 1e-6
HALF = 0.5


def apply_expression(motion: Motion, sliders: SliderValues) -> Motion:
    """A motion with the sliders added to each of its frames.

    Convention:
        - a slider may have a value for each frame
        - angles add in degrees, zoom multiplies the scale
        - in a space whose keypoints have names, offsets turn with the head; published offsets
          do not, as the weights expect
        - what sliders move is carried afterwards

    Args:
        motion: Any motion.
        sliders: What to add.

    Returns:
        A motion of as many frames.

    Raises:
        MotionSpaceError: The keypoint space is unknown.
    """
    motion, values = cleared(motion), slider_values(sliders)
    turn = [torch.as_tensor(values[name]) for name in ("pitch_deg", "yaw_deg", "roll_deg")]
    turn_deg = torch.stack(torch.broadcast_tensors(*turn), -1).to(motion.pose_deg)
    turns = bool(turn_deg.any())
    pose_deg = motion.pose_deg + turn_deg if turns else motion.pose_deg
    rotation = rotation_from_degrees(*pose_deg.unbind(-1)) if turns else motion.rotation
    space = keypoint_space(motion.space)
    offset = expression_offset(values, motion.space).to(motion.expression)
    moved = offset.reshape(-1, *offset.shape[-2:]).any(0)  # (K, 3)
    parts = motion.carried_parts | {
        part for part in FACE_PARTS if bool((moved & space.part_mask({part}, moved.device)).any())
    }
    if space.openness is not None:
        offset = offset @ rotation
    zoom = torch.as_tensor(values["zoom"]).to(motion.scale)
    moves: dict[Channel, bool] = {
        "expression": bool(parts),
        "pose": turns,
        "scale": bool((zoom != 1).any()),
    }
    return replace(
        motion,
        expression=motion.expression + offset,
        scale=motion.scale * zoom[..., None],
        pose_deg=pose_deg,
        rotation=rotation,
        eyes_open=None,
        lip_open=None,
        absent=motion.absent.difference(name for name, does in moves.items() if does),
        parts=parts,
    )


def driving_expression(motion: Motion, sliders: SliderValues) -> Motion:
    """A driver with the sliders added; its reference stays the one without them.

    `driving_expression(motion, Sliders(smile=0.5))`

    Convention:
        - so the sliders take effect in relative driving, though every frame has them

    Args:
        motion: A driver; `neutral_motion` for the sliders alone.
        sliders: What to add.

    Returns:
        A motion of as many frames.

    Raises:
        MotionSpaceError: The keypoint space is unknown.
    """
    driven = apply_expression(motion, sliders)
    reference = own_reference(cleared(motion)).describe(absent=driven.absent, parts=driven.parts)
    return driven.describe(reference=reference)


def neutral_motion(space: str) -> Motion:
    """One frame of a face that does nothing: upright, in the middle, without an expression.

    `driving_expression(neutral_motion(model.preset.space), Sliders(smile=0.5))`

    Raises:
        MotionSpaceError: The keypoint space is unknown.
    """
    neutral = keypoint_space(space).neutral_expression(torch.zeros(()))
    return Motion.from_degrees(
        pose_deg=torch.zeros(1, 3),
        expression=neutral[None],
        scale=torch.ones(1, 1),
        translation=torch.zeros(1, 3),
    ).describe(space=space)


def cleared(motion: Motion) -> Motion:
    """A motion that is a neutral face in all that it does not carry, so that this can be added to.

    Convention:
        - so is its neutral frame, where that is given apart
    """
    if not motion.absent and motion.parts == FACE_PARTS:
        return motion
    whole = _with_lacking(motion, neutral_motion(motion.space).to(motion.expression.device))
    reference = motion.reference and cleared(motion.reference)
    return replace(whole, absent=motion.absent, parts=motion.parts, reference=reference)


def blend(first: Motion, second: Motion, weight: float | Tensor) -> Motion:
    """A motion between two others.

    Convention:
        - numbers mix linearly, rotations by the nearest rotation of the linear mix
        - a tensor that either lacks is left out; names, shots and frame rate are the first's
        - channels and parts of the face that only one carries are that one's

    Args:
        first: B = 1 or N.
        second: B = 1 or N, of the same keypoint space.
        weight: 0 gives the first, 1 the second; a number or (N,) one for each frame.

    Returns:
        A motion of N frames.

    Raises:
        MotionSpaceError: The keypoint spaces differ.
        ValueError: The frames do not fit.
    """
    shared_space(first, second)
    frames = num_frames(first, second)
    first, second = _with_lacking(first, second), _with_lacking(second, first)
    weights = torch.as_tensor(weight).to(first.expression).expand(frames)
    changes: dict[str, Tensor | None] = {}
    for name in tensor_fields():
        a, b = getattr(first, name), getattr(second, name)
        if name == "shot":
            changes[name] = None if a is None else a.expand(frames)
        elif name not in _POSE_FIELDS:
            changes[name] = None if a is None or b is None else _mix(a, b, weights)
    rotation = nearest_rotation(_mix(first.rotation, second.rotation, weights))
    changes |= {"rotation": rotation, "pose_deg": degrees_from_rotation(rotation)}
    return replace(first, **changes)


def retime(motion: Motion, fps: Fraction | int) -> Motion:
    """The same motion at another frame rate: same duration, with interpolated frames.

    Convention:
        - between frames of two shots the nearer one is taken

    Args:
        motion: The motion.
        fps: Frames per second, exact.

    Returns:
        A motion of N fps / motion.fps frames, rounded down and at least one.

    Raises:
        ValueError: The frame rate is not above 0.
    """
    fps = Fraction(fps)
    if fps <= 0:
        raise ValueError(
            f"The frame rate is {fps}; frames per second above 0 are expected. "
            "Give a number such as 30 or 30000/1001."
        )
    if fps == motion.fps:
        return motion
    step = motion.fps / fps
    frames = max(1, int(len(motion) / step))
    last = len(motion) - 1
    # exact numbers until here: a sum of rounded steps would drift over a long clip
    positions = torch.tensor([float(frame * step) for frame in range(frames)], dtype=torch.float64)
    positions = positions.clamp(max=last)
    before = (positions + _INDEX_SLACK).floor().long()
    between = (positions - before).clamp(min=0).to(motion.expression)
    after = (before + 1).clamp(max=last)
    if motion.shot is not None:
        over_cut = motion.shot[before] != motion.shot[after]
        before = torch.where(over_cut & (between > HALF), after, before)
        between = between.masked_fill(over_cut, 0)
    resampled = blend(motion[before], motion[after], between)
    reference_frame = min(frames - 1, round(motion.reference_frame / step))
    return replace(resampled, fps=fps, reference_frame=reference_frame)


def loop(motion: Motion, times: int, *, crossfade: int = 0) -> Motion:
    """A motion repeated.

    Convention:
        - the neutral frame stays that of the motion, also where frames at the seam are blended

    Args:
        motion: The motion of N frames.
        times: How often it is played.
        crossfade: Frames at the seam over which the end is blended into the next beginning.

    Returns:
        A motion of times (N - crossfade) frames, the same in every round.

    Raises:
        ValueError: `times` is below 1, or the crossfade is longer than half the motion.
    """
    if times < 1:
        raise ValueError(f"times is {times}; 1 or more is expected. Give 1 to play it once.")
    if not 0 <= crossfade <= len(motion) // 2:
        raise ValueError(
            f"The crossfade is {counted(crossfade, 'frame')} and the motion has {len(motion)}; 0 "
            "to half the motion is expected. Choose a shorter crossfade."
        )
    if crossfade == 0:
        return concatenate([motion] * times)
    start = len(motion) - crossfade
    seam = crossfaded(motion[start:], motion[:crossfade])
    repeated = concatenate([seam, motion[crossfade:start]] * times)
    return repeated.describe(reference_frame=0, reference=own_reference(motion))


def crossfaded(end: Motion, beginning: Motion) -> Motion:
    """The end of a motion that goes over into the beginning of another.

    Convention:
        - frame k of 1 to n mixes k / (n + 1) of the beginning in

    Args:
        end: The last n frames of the one.
        beginning: The first n frames of the other.
    """
    return blend(end, beginning, torch.arange(1, len(end) + 1) / (len(end) + 1))


def extend(motion: Motion, num_frames: int, how: Extension) -> Motion:
    """A motion extended to a number of frames.

    Convention:
        - `bounce` shows the first and the last frame once at each turn: a b c b a b ...
        - every frame has the validity of the one that it repeats
        - the frames of the motion come first, so that its reference stays where it is

    Args:
        motion: The motion of N frames.
        num_frames: Smallest number of frames; a motion that has as many is returned as it is.
        how: How it continues.

    Returns:
        A motion of max(N, num_frames) frames.

    Raises:
        ValueError: An unknown way to continue, or a motion without frames.
    """
    if how not in get_args(Extension):
        raise ValueError(
            f"The extension is {how!r}; one of {', '.join(get_args(Extension))} is expected. "
            "Choose one of these."
        )
    if len(motion) >= num_frames:
        return motion
    if not len(motion):
        raise ValueError(
            "The motion has 0 frames; 1 or more are expected. Give a motion with a frame to repeat."
        )
    if len(motion) == 1:  # which is held once
        return motion.map_tensors(lambda tensor: tensor.expand(num_frames, *tensor.shape[1:]))
    frames = extended_frames(len(motion), num_frames, how)
    return motion[frames.to(motion.expression.device)]


def extended_frames(length: int, num_frames: int, how: Extension) -> Tensor:
    """Which frame of a clip stands at each place once it is extended, as `extend` says.

    Args:
        length: Frames of the clip, at least 1.
        num_frames: Frames of the result.
        how: How it continues.

    Returns:
        (num_frames,) whole numbers.
    """
    last = length - 1
    frames = torch.arange(num_frames)
    if how == "hold":
        return frames.clamp(max=last)
    if how == "loop":
        return frames % length
    return last - (frames % max(1, 2 * last) - last).abs()


def fit(motion: Motion, fps: Fraction, num_frames: int, when_shorter: Extension) -> Motion:
    """A motion at the frame rate of another and as long: retimed, extended, cut.

    Args:
        motion: The motion; one frame is returned as it is, as it holds for all.
        fps: Of the other.
        num_frames: Of the other.
        when_shorter: How it continues where it ends before.
    """
    if len(motion) == 1:
        return motion
    return extend(retime(motion, fps), num_frames, when_shorter)[:num_frames]


def mirror(motion: Motion) -> Motion:
    """The motion as seen in a mirror: left is right.

    Raises:
        MotionSpaceError: The keypoint space does not know sides.
    """
    space = keypoint_space(motion.space)
    if space.mirror is None:
        raise MotionSpaceError(
            f"The keypoints of the space {space.name!r} have no sides, so its motion cannot be "
            "mirrored. Mirror the driving video and extract its motion."
        )
    other_side = list(space.mirror)
    flip_x = motion.expression.new_tensor((-1.0, 1.0, 1.0))
    canonical, eyes_open = motion.canonical, motion.eyes_open
    return replace(
        motion,
        expression=motion.expression[:, other_side] * flip_x,
        translation=motion.translation * flip_x,
        canonical=None if canonical is None else canonical[:, other_side] * flip_x,
        pose_deg=motion.pose_deg * -flip_x,  # pitch stays, yaw and roll turn round
        rotation=motion.rotation * flip_x * flip_x[:, None],
        eyes_open=None if eyes_open is None else eyes_open.flip(1),
        reference=motion.reference and mirror(motion.reference),
    )


def _with_lacking(motion: Motion, other: Motion) -> Motion:
    """A motion that also carries what only another one does."""
    whole = select(other, motion, Selection())
    return replace(
        motion,
        expression=whole.expression,
        scale=whole.scale,
        translation=whole.translation,
        rotation=whole.rotation,
        pose_deg=whole.pose_deg,
        absent=whole.absent,
        parts=whole.parts,
    )


def _mix(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    shaped = weights.view(-1, *[1] * (first.ndim - 1))
    return torch.lerp(*torch.broadcast_tensors(first, second, shaped))
