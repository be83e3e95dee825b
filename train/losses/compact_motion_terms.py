"""The loss table of the compact M: what it reads against the renderer's truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.networks.compact.motion_extractor import MotionPrediction

from ..data.augment import MovedFrames
from ..data.batch import FrameBatch
from .keypoints import (
    POINT_WEIGHTS,
    deformation_prior,
    equivariance,
    gaze,
    head_pose_distance,
    heat_map_cross_entropy,
    keypoint_distance,
    lid_and_lip_gaps,
)
from .terms import LossTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionWeights:
    """Weights of M's losses."""

    keypoints: float = option(
        20.0, "L1 of posed keypoints, lids and irises counting double", minimum=0
    )
    heat: float = option(0.3, "cross-entropy of heat-maps", minimum=0)
    canonical: float = option(4.0, "L1 of canonical keypoints", minimum=0)
    pose: float = option(0.1, "L1 of pitch, yaw and roll in degrees (L_H)", minimum=0)
    gaps: float = option(
        30.0, "L1 of lid and lip openings and of the mouth's width, crop units", minimum=0
    )
    gaze: float = option(
        40.0, "L1 of the irises between their eyes' corners, crop units", minimum=0
    )
    expression: float = option(0.5, "mean |delta| (L_delta)", minimum=0)
    equivariance: float = option(
        10.0,
        "L1 of keypoints in moved frames of clips against the moved keypoints (L_E)",
        minimum=0,
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True)
class MotionStep:
    """What M's losses look at."""

    reading: MotionPrediction
    truth: FrameBatch
    """Rendered frames."""

    @property
    def canonical(self) -> Tensor:
        """(B, K, 3) true canonical keypoints."""
        assert self.truth.canonical is not None
        return self.truth.canonical


@dataclass(frozen=True, slots=True)
class EquivarianceStep:
    """What is asked of M on frames without a truth."""

    found: Tensor
    """(B, K, 3) M's keypoints of the moved frames."""
    keypoints: Tensor
    """(B, K, 3) those of the frames themselves by the moving average, without gradient: the
    moved ones are damaged besides, and the clean reading should not come to resemble theirs."""
    moved: MovedFrames


def split_reading(
    reading: MotionPrediction, count: int
) -> tuple[MotionPrediction, MotionPrediction]:
    """The reading of the first `count` frames, and that of the others."""
    parts = {e.name: getattr(reading, e.name).tensor_split([count]) for e in fields(reading)}
    first, rest = ({name: part[k] for name, part in parts.items()} for k in range(2))
    return MotionPrediction(**first), MotionPrediction(**rest)


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
            lambda s: keypoint_distance(s.reading.canonical, s.canonical),
        ),
        LossTerm(
            "pose",
            weights.pose,
            lambda s: head_pose_distance(s.reading.pose_deg, s.truth.pose_deg).mean(),
        ),
        LossTerm("gaps", weights.gaps, lambda s: _difference(s, lid_and_lip_gaps)),
        LossTerm("gaze", weights.gaze, lambda s: _difference(s, gaze)),
        LossTerm(
            "expression", weights.expression, lambda s: deformation_prior(s.reading.expression)
        ),
    )


def equivariance_terms(weights: MotionWeights) -> tuple[LossTerm[EquivarianceStep], ...]:
    """The rows of M that need no truth."""
    return (
        LossTerm(
            "equivariance",
            weights.equivariance,
            lambda s: equivariance(s.found, s.keypoints, s.moved.linear, s.moved.shift),
        ),
    )


def _difference(step: MotionStep, measure: Callable[[Tensor], Tensor]) -> Tensor:
    return (measure(step.reading.keypoints) - measure(step.truth.keypoints)).abs().mean()
