"""One face edited by hand: sliders, target openings, a closed lip."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from ..model import LivePortraitModel
from ..motion.edit import apply_expression
from ..motion.expression import Expression
from ..motion.openness import eyes_condition, lip_condition
from ..motion.regions import keypoint_space
from ..motion.rotation import rotation_from_degrees
from ..motion.sliders import editor_offset
from ..motion.smoothing import smooth_values
from ..motion.transform import transform_keypoints
from ..motion.types import Motion
from ..options import Compat, Edit
from ..stages import retarget_eyes, retarget_lip
from .drive import stitch_keypoints
from .inputs import DrivenKeypoints, check_space

LIP_SMOOTH_VARIANCE: Final = 3e-6
"""Smoothing of a lip that is held open: stronger than that of a driven motion."""

SampleParts = Literal["expression", "rotation", "mouth", "eyes", "all"]
"""What the editor takes over from a sample face."""
# The keypoints that ComfyUI-AdvancedLivePortrait's editor calls mouth, eyes and shoulders.
EDITOR_MOUTH_KEYPOINTS: Final = (14, 17, 19, 20)
EDITOR_EYE_KEYPOINTS: Final = (1, 2, 11, 13, 15, 16)
EDITOR_SHOULDER_KEYPOINT: Final = 5


def edit_keypoints(
    model: LivePortraitModel, source: Motion, edit: Edit, *, compat: Compat = "none"
) -> DrivenKeypoints:
    """Keypoints of a source with slider values and given openings.

    `edit_keypoints(model, motion, Edit(sliders=Expression(smile=0.5)))`

    Convention:
        - sliders, then openings, then stitching
        - `compat="published"` lets t_z into the driving keypoints alone, as the published page
          does: neutral sliders then leave the source alone only where t_z is 0

    Args:
        model: The model.
        source: The source, N frames, with its openness where an opening is given.
        edit: Sliders and openings.
        compat: `published` for the published behaviour.

    Returns:
        Keypoints of N frames.

    Raises:
        ValueError: An opening is given and the source does not carry its own.
        CheckpointError: The model lacks a network that is needed.
    """
    check_space(model, source, "source")
    x_s = transform_keypoints(source)
    edited = apply_expression(source, edit.sliders)
    driven = _keypoints(edited, with_depth=compat == "published")
    if edit.eyes_open is not None:
        eyes = _carried(source.eyes_open, "eyes_open")
        driven = driven + retarget_eyes(
            model, x_s, eyes_condition(eyes, eyes.new_full((1, 1), edit.eyes_open))
        )
    if edit.lip_open is not None:
        driven = driven + _lip_offset(model, source, x_s, edit.lip_open)
    keypoints = DrivenKeypoints(source_keypoints=x_s, driving_keypoints=driven, motion=edited)
    return stitch_keypoints(model, keypoints) if edit.stitch else keypoints


def hold_lip_open(
    model: LivePortraitModel,
    source: Motion,
    lip_open: float,
    *,
    smooth_variance: float = LIP_SMOOTH_VARIANCE,
) -> DrivenKeypoints:
    """A source video whose lip is held at one opening, smoothed over time.

    Args:
        model: The model.
        source: The source video with its lip opening, N frames.
        lip_open: The target opening, 0 to 0.8.
        smooth_variance: Strength of smoothing: the variance of one observation.

    Returns:
        Keypoints of N frames.

    Raises:
        ValueError: The source does not carry its lip opening.
        CheckpointError: The model lacks R_lip or S.
    """
    check_space(model, source, "source")
    x_s = transform_keypoints(source)
    offset = smooth_values(_lip_offset(model, source, x_s, lip_open), smooth_variance)
    held = DrivenKeypoints(source_keypoints=x_s, driving_keypoints=x_s + offset, motion=source)
    return stitch_keypoints(model, held)


def hold_lip_closed(
    model: LivePortraitModel, source: Motion, *, compat: Compat = "none"
) -> DrivenKeypoints:
    """A source video that keeps its mouth shut: a neutral expression but for the eyes.

    Args:
        model: The model.
        source: The source video, N frames.
        compat: `published` for the published behaviour (see `edit_keypoints`).

    Returns:
        Keypoints of N frames.

    Raises:
        CheckpointError: The model lacks S.
    """
    check_space(model, source, "source")
    space = keypoint_space(source.space)
    x_s = transform_keypoints(source)
    neutral = replace(
        source,
        expression=torch.where(
            space.expression_mask("eyes", device=x_s.device),
            source.expression,
            space.neutral_expression(source.expression),
        ),
    )
    driven = _keypoints(neutral, with_depth=compat == "published")
    keypoints = DrivenKeypoints(source_keypoints=x_s, driving_keypoints=driven, motion=neutral)
    return stitch_keypoints(model, keypoints)


def editor_keypoints(
    model: LivePortraitModel,
    source: Motion,
    sliders: Expression,
    *,
    source_ratio: float = 1.0,
    sample: Motion | None = None,
    sample_ratio: float = 1.0,
    sample_parts: SampleParts = "expression",
) -> DrivenKeypoints:
    """Keypoints as ComfyUI-AdvancedLivePortrait's expression editor makes them.

    For users who bring their settings from there; `edit_keypoints` follows Eq. 2 instead.

    Convention:
        - x = s ((x_c + delta) R) + t: the expression turns with the head
        - t_z is in the driving keypoints alone

    Args:
        model: A model of the human space.
        source: The source face, N frames.
        sliders: The slider values, read by `editor_offset`.
        source_ratio: How much of the source's own expression stays.
        sample: Another face (B = 1) to take an expression or a pose from.
        sample_ratio: How much of the sample is added.
        sample_parts: What of the sample is added.

    Returns:
        Keypoints of N frames, stitched.

    Raises:
        CheckpointError: The model lacks S.
        ValueError: The parts are unknown, or the source has no canonical keypoints.
    """
    check_space(model, source, "source")
    if sample_parts not in get_args(SampleParts):
        raise ValueError(
            f"sample_parts is {sample_parts!r}; choose one of {', '.join(get_args(SampleParts))}."
        )
    x_s = transform_keypoints(source)
    offset, turn_deg = (change.to(x_s) for change in editor_offset(sliders))
    if sample is not None:
        offset = offset + sample_ratio * _sample_expression(sample, sample_parts)
        if sample_parts in ("rotation", "all"):
            turn_deg = turn_deg + sample_ratio * sample.pose_deg
    kept = torch.full_like(source.expression, source_ratio)
    kept[:, EDITOR_SHOULDER_KEYPOINT] = 1.0
    pose_deg = source.pose_deg + turn_deg
    rotation = rotation_from_degrees(*pose_deg.unbind(-1))
    expression = (kept * source.expression + offset) @ rotation
    edited = replace(source, expression=expression, pose_deg=pose_deg, rotation=rotation)
    driven = _keypoints(edited, with_depth=True)
    keypoints = DrivenKeypoints(source_keypoints=x_s, driving_keypoints=driven, motion=edited)
    return stitch_keypoints(model, keypoints)


def _sample_expression(sample: Motion, parts: SampleParts) -> Tensor:
    expression = sample.expression.clone()
    expression[:, EDITOR_SHOULDER_KEYPOINT, :2] = 0.0
    rows = {"mouth": EDITOR_MOUTH_KEYPOINTS, "eyes": EDITOR_EYE_KEYPOINTS, "rotation": ()}
    if parts not in rows:
        return expression
    taken = torch.zeros_like(expression)
    taken[:, rows[parts]] = expression[:, rows[parts]]
    return taken


def _keypoints(motion: Motion, *, with_depth: bool) -> Tensor:
    keypoints = transform_keypoints(motion)
    if not with_depth:
        return keypoints
    depth = motion.translation * motion.translation.new_tensor((0.0, 0.0, 1.0))
    return keypoints + depth[:, None]


def _lip_offset(model: LivePortraitModel, source: Motion, x_s: Tensor, lip_open: float) -> Tensor:
    lip = _carried(source.lip_open, "lip_open")
    return retarget_lip(model, x_s, lip_condition(lip, lip.new_full((1, 1), lip_open)))


def _carried(openness: Tensor | None, name: str) -> Tensor:
    if openness is None:
        raise ValueError(
            f"The source carries no {name}, so it cannot be set. Measure it from "
            "landmarks, or leave the opening as it is."
        )
    return openness
