"""The loss table of M: what it reads against the renderer's truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from liveportrait_core.networks.compact.motion import MotionReading

from ..data.rendered import Frames
from .keypoints import (
    POINT_WEIGHTS,
    gaze,
    heat_map_cross_entropy,
    keypoint_distance,
    lid_and_lip_gaps,
)
from .terms import LossTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionWeights:
    """Weights of M's losses."""

    keypoints: float = 20.0
    """L1 of posed keypoints, lids and irises counting double."""
    heat: float = 0.3
    """Cross-entropy of heat-maps."""
    canonical: float = 4.0
    """L1 of canonical keypoints."""
    pose: float = 0.1
    """L1 of pitch, yaw and roll in degrees (L_H)."""
    gaps: float = 30.0
    """L1 of lid and lip openings and of the mouth's width, crop units."""
    gaze: float = 40.0
    """L1 of the irises between their eyes' corners, crop units."""
    expression: float = 0.5
    """Mean |delta| (L_delta)."""


@dataclass(frozen=True, slots=True)
class MotionStep:
    """What M's losses look at."""

    reading: MotionReading
    truth: Frames


def motion_terms(weights: MotionWeights) -> tuple[LossTerm[MotionStep], ...]:
    """The loss table of M."""
    return (
        LossTerm(
            "keypoints",
            weights.keypoints,
            lambda s: keypoint_distance(s.reading.keypoints, s.truth.keypoints, POINT_WEIGHTS),
        ),
        LossTerm(
            "heat",
            weights.heat,
            lambda s: heat_map_cross_entropy(s.reading.log_heat, s.truth.keypoints),
        ),
        LossTerm(
            "canonical",
            weights.canonical,
            lambda s: keypoint_distance(s.reading.canonical, s.truth.canonical),
        ),
        LossTerm(
            "pose", weights.pose, lambda s: (s.reading.pose_deg - s.truth.pose_deg).abs().mean()
        ),
        LossTerm("gaps", weights.gaps, lambda s: _difference(s, lid_and_lip_gaps)),
        LossTerm("gaze", weights.gaze, lambda s: _difference(s, gaze)),
        LossTerm("expression", weights.expression, lambda s: s.reading.expression.abs().mean()),
    )


def _difference(step: MotionStep, measure: Callable[[Tensor], Tensor]) -> Tensor:
    return (measure(step.reading.keypoints) - measure(step.truth.keypoints)).abs().mean()
