"""How far a motion goes from its neutral frame, channel by channel."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ..geometry import (
    degrees_from_rotation,
    rotation_from_degrees,
    rotation_from_vector,
    rotation_vector,
)
from .reference import own_reference, reference_of_frames
from .tool_options import ChannelGains, ChannelLimits
from .types import Motion


def amplify_motion(motion: Motion, gains: ChannelGains) -> Motion:
    """A motion that goes farther from its neutral frame, or less far.

    delta = delta_0 + g (delta_i - delta_0), t and each angle likewise, s = s_0 (s_i / s_0)^g.

    Convention:
        - a channel whose gains are 1 keeps its bits; at 0 it stays at the neutral frame
        - gains g and h one after the other are the gain g h
        - angles change by at most half a turn, so that none is counted round the circle
        - openness is not known where the expression changes, and left out

    Args:
        motion: The motion.
        gains: The factors.

    Returns:
        A motion of as many frames with the same neutral frame.
    """
    rest = reference_of_frames(motion, own_reference(motion))
    changes: dict[str, Tensor | None] = {}
    if gains.gain_expression != 1:
        travel = motion.expression - rest.expression
        changes |= _expression(rest.expression + gains.gain_expression * travel)
    if gains.gain_translation != 1:
        travel = motion.translation - rest.translation
        changes["translation"] = rest.translation + gains.gain_translation * travel
    if gains.gain_scale != 1:
        changes["scale"] = rest.scale * (motion.scale / rest.scale) ** gains.gain_scale
    turn_gains = (gains.gain_pitch, gains.gain_yaw, gains.gain_roll)
    if turn_gains != (1, 1, 1):
        turn_deg = (motion.pose_deg - rest.pose_deg + 180) % 360 - 180
        pose_deg = rest.pose_deg + turn_deg * turn_deg.new_tensor(turn_gains)
        rotation = rotation_from_degrees(*pose_deg.unbind(-1))
        changes |= {"rotation": rotation, "pose_deg": pose_deg}
    return replace(motion, **changes)


def clamp_motion(motion: Motion, limits: ChannelLimits) -> Motion:
    """A motion that stays within a distance of its neutral frame.

    Convention:
        - limited are each keypoint's travel along its direction, the turn R_i R_0^T as a whole
          about its axis, the translation (x and y) along its direction, and log(s_i / s_0)
        - what is within the limits keeps its bits, so clamping twice is clamping once, but for
          rounding
        - openness is not known where the expression changes, and left out

    Args:
        motion: The motion.
        limits: The distances; None limits nothing.

    Returns:
        A motion of as many frames with the same neutral frame.
    """
    rest = reference_of_frames(motion, own_reference(motion))
    changes: dict[str, Tensor | None] = {}
    if limits.max_expression is not None:
        excess = _excess(motion.expression - rest.expression, limits.max_expression)
        changes |= _expression(motion.expression - excess)
    if limits.max_turn_deg is not None:
        turn = rotation_vector(motion.rotation @ rest.rotation.mT)
        excess = _excess(turn, math.radians(limits.max_turn_deg))
        held = rotation_from_vector(turn - excess) @ rest.rotation
        bent = excess.any(-1)[:, None]
        changes |= {
            "rotation": torch.where(bent[..., None], held, motion.rotation),
            "pose_deg": torch.where(bent, degrees_from_rotation(held), motion.pose_deg),
        }
    if limits.max_translation is not None:
        travel = (motion.translation - rest.translation)[:, :2]
        excess = _excess(travel, limits.max_translation)
        changes["translation"] = motion.translation - torch.nn.functional.pad(excess, (0, 1))
    if limits.max_scale is not None:
        excess = _excess((motion.scale / rest.scale).log(), math.log(limits.max_scale))
        changes["scale"] = motion.scale / excess.exp()
    return replace(motion, **changes)


def _excess(travel: Tensor, limit: float) -> Tensor:
    """(..., D) what a travel is too long by, along its direction; 0 within the limit."""
    length = travel.norm(dim=-1, keepdim=True)
    return torch.where(length > limit, travel * (1 - limit / length), 0.0)


def _expression(expression: Tensor) -> dict[str, Tensor | None]:
    return {"expression": expression, "eyes_open": None, "lip_open": None}
