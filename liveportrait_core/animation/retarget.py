"""Target openings of eyes and lip, on top of driven keypoints  (Alg. 1, lines 7-9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

import torch
from torch import Tensor

from ..model import LivePortraitModel
from ..motion.openness import driven_eyes_open, eyes_condition, lip_condition
from ..motion.regions import closing_offset, keypoint_space
from ..motion.transform import transform_keypoints
from ..motion.types import Motion
from ..options import RetargetMode
from ..stages import retarget_eyes, retarget_lip
from .inputs import DrivenKeypoints, DrivingInputs

CLOSED_LIP: Final = 0.03
"""A source lip less open than this needs no closing."""
SLEEPY_EYES: Final = 0.18
"""A source video whose first frame is less open than this gets `AWAKE_EYES` instead."""
AWAKE_EYES: Final = 0.39


def open_eyes(
    model: LivePortraitModel,
    inputs: DrivingInputs,
    keypoints: DrivenKeypoints,
    eyes_open: float | Literal["driver"],
    retarget: RetargetMode = "add",
    *,
    strength: float = 1.0,
    published: bool = False,
) -> DrivenKeypoints:
    """Driving keypoints with the eyes at a target opening: + Delta_eyes  (Alg. 1, lines 7, 9).

    Args:
        model: The model.
        inputs: What the keypoints were made of.
        keypoints: Of N frames.
        eyes_open: The opening, or "driver" to follow the driver's.
        retarget: add: on top of the driving keypoints; replace: on the source's instead.
        strength: Weight of the offset that is added, 0 to 1.
        published: Take the driver's first eye as it is.

    Raises:
        ValueError: A motion carries no eye opening.
        CheckpointError: The model lacks R_eyes.
    """
    eyes = _openness(inputs.source, "eyes_open", "source")
    target = _eyes_target(inputs, eyes, eyes_open, published=published)
    condition = eyes_condition(eyes, target)
    offset = retarget_eyes(model, _source_rows(inputs, len(condition)), condition)
    return _with_offset(keypoints, offset, retarget, strength=strength)


def open_lip(
    model: LivePortraitModel,
    inputs: DrivingInputs,
    keypoints: DrivenKeypoints,
    lip_open: float | Literal["driver"],
    retarget: RetargetMode = "add",
    *,
    strength: float = 1.0,
) -> DrivenKeypoints:
    """Driving keypoints with the lip at a target opening: + Delta_lip  (Alg. 1, lines 8, 9).

    Arguments and errors are those of `open_eyes`, for R_lip.
    """
    lip = _openness(inputs.source, "lip_open", "source")
    if lip_open == "driver":
        target = _openness(inputs.driving, "lip_open", "driving motion")
    else:
        target = lip.new_full((1, 1), lip_open)
    condition = lip_condition(lip, target)
    offset = retarget_lip(model, _source_rows(inputs, len(condition)), condition)
    return _with_offset(keypoints, offset, retarget, strength=strength)


def close_source_lip(
    model: LivePortraitModel,
    inputs: DrivingInputs,
    keypoints: DrivenKeypoints,
    *,
    strength: float = 1.0,
) -> DrivenKeypoints:
    """Driving keypoints that begin from a closed lip, where the source's is open.

    Convention:
        - keypoints with names are brought together by what they are; others by R_lip

    Raises:
        ValueError: The source carries no lip opening.
        CheckpointError: The model lacks R_lip.
    """
    lip = _openness(inputs.source, "lip_open", "source")
    x_s, space = transform_keypoints(inputs.source), keypoint_space(inputs.source.space)
    if space.openness is None:
        closing = retarget_lip(model, x_s, lip_condition(lip, torch.zeros_like(lip)))
    else:
        closing = closing_offset(x_s, space)
    offset = torch.where(lip[:, :, None] >= CLOSED_LIP, closing, 0.0)
    return _with_offset(keypoints, offset, strength=strength)


def hold_source_eyes(
    model: LivePortraitModel,
    inputs: DrivingInputs,
    keypoints: DrivenKeypoints,
    *,
    strength: float = 1.0,
) -> DrivenKeypoints:
    """Driving keypoints with a source video's eyes as open as in its first frame.

    Raises:
        ValueError: The source carries no eye opening.
        CheckpointError: The model lacks R_eyes.
    """
    eyes = _openness(inputs.source, "eyes_open", "source")
    first = eyes[:1].mean(1, keepdim=True)
    target = torch.where(first < SLEEPY_EYES, AWAKE_EYES, first)
    condition = eyes_condition(eyes, target)
    offset = retarget_eyes(model, transform_keypoints(inputs.source), condition)
    return _with_offset(keypoints, offset, strength=strength)


def _with_offset(
    keypoints: DrivenKeypoints,
    offset: Tensor,
    retarget: RetargetMode = "add",
    *,
    strength: float,
) -> DrivenKeypoints:
    replaces = retarget == "replace"
    start = keypoints.source_keypoints if replaces else keypoints.driving_keypoints
    return replace(keypoints, driving_keypoints=start + strength * offset)


def _source_rows(inputs: DrivingInputs, num_rows: int) -> Tensor:
    return transform_keypoints(inputs.source).expand(num_rows, -1, -1)


def _eyes_target(
    inputs: DrivingInputs, eyes: Tensor, eyes_open: float | Literal["driver"], *, published: bool
) -> Tensor:
    if eyes_open != "driver":
        return eyes.new_full((1, 1), eyes_open)
    driving = _openness(inputs.driving, "eyes_open", "driving motion")
    if published:
        return driving[:, :1]
    if not inputs.driving_is_video and inputs.reference.eyes_open is None:
        # a picture alone says how open, not how much more open than at rest
        return driving.mean(1, keepdim=True)
    reference = _openness(inputs.reference, "eyes_open", "driver's reference")
    return driven_eyes_open(eyes, driving, reference)


def _openness(motion: Motion, name: Literal["eyes_open", "lip_open"], owner: str) -> Tensor:
    value: Tensor | None = getattr(motion, name)
    if value is None:
        raise ValueError(
            f"The {owner} carries no {name}, which these options need. Measure it from landmarks, "
            "or switch retargeting, lip normalisation and source-video eyes off."
        )
    return value
