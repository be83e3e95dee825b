"""A motion of one keypoint space as one of another, through blendshapes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch

from ..preset import COMPACT, PAPER
from .blendshape_map import (
    BlendshapeMap,
    blendshapes_of_motion,
    expression_of_shapes,
    motion_of_blendshapes,
    travel_in_head,
)
from .blendshapes import Blendshapes
from .reference import own_reference, reference_of_frames
from .regions import keypoint_space
from .types import Motion

CROP_SCALES: Final = {preset.space: preset.driving_crop.scale for preset in (PAPER, COMPACT)}
"""Side of the crop that drivers are read in, in sides of the face, for each keypoint space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A converted motion, and what was lost on the way."""

    motion: Motion
    """Of the target's keypoint space."""
    blendshapes: Blendshapes
    """What the face does in between."""
    lost: float
    """Share of the expression's movement that the shapes do not carry, measured on this motion in
    its own keypoint space: 0 for none of it, 1 for all."""


def convert_motion(
    motion: Motion, source_map: BlendshapeMap, target_map: BlendshapeMap
) -> Conversion:
    """A motion for models of another keypoint space.

    `convert_motion(template, blendshape_map(HUMAN_SPACE), blendshape_map(COMPACT_SPACE)).motion`

    Convention:
        - expression goes through the 52 shapes, from the motion's neutral frame; what they do not
          show is lost, and `lost` says how much: |delta - delta'| / |delta| over all frames, with
          delta' what the shapes that were read give, along x and y of the face; depth, which a
          picture hardly shows, and entries that the space's expression mask leaves out do not count
        - head pose and scale stay; translation is made one of the crop that the target's drivers
          are read in
        - canonical keypoints are a usual face's where the target has one, openness is not known

    Args:
        motion: N frames.
        source_map: Of its keypoint space.
        target_map: Of the keypoint space that is wanted.

    Returns:
        N frames, and the loss.

    Raises:
        MotionSpaceError: The motion is not of the source map's space.
        ValueError: The motion cannot be used (`check_motions`).
    """
    shapes = blendshapes_of_motion(motion, source_map)
    made = motion_of_blendshapes(replace(shapes, head_deg=motion.pose_deg), target_map)
    travel = CROP_SCALES.get(motion.space, 1.0) / CROP_SCALES.get(target_map.space, 1.0)
    reference, neutral = own_reference(motion), own_reference(made)
    neutral = neutral[torch.zeros(len(reference), dtype=torch.long)]
    converted = _with_head(made, motion, travel).describe(
        validity=motion.validity,
        shot=motion.shot,
        producer=motion.producer,
        from_shut_lips=motion.from_shut_lips,
        reference=_with_head(neutral, reference, travel),
    )
    return Conversion(motion=converted, blendshapes=shapes, lost=_lost(motion, shapes, source_map))


def _with_head(made: Motion, head: Motion, travel: float) -> Motion:
    """A motion with the pose, scale and place of another one."""
    return replace(
        made,
        scale=head.scale,
        translation=head.translation * travel,
        pose_deg=head.pose_deg,
        rotation=head.rotation,
        absent=head.absent,
    )


def _lost(motion: Motion, shapes: Blendshapes, source_map: BlendshapeMap) -> float:
    """Share of the movement that the shapes do not give; 0 of a face that never moves."""
    travel = travel_in_head(motion, reference_of_frames(motion, own_reference(motion)))
    given = expression_of_shapes(shapes.weights, source_map)
    space = keypoint_space(motion.space)
    counts = space.expression_mask("all", device=travel.device)
    counts = counts & space.part_mask(motion.carried_parts, travel.device)
    whole, rest = (
        float((part * counts)[..., :2].double().norm()) for part in (travel, travel - given)
    )
    return rest / whole if whole else 0.0
