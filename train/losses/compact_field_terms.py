"""Losses of what F and W say before G decodes: flow, background, head, depth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.networks.compact.layers import identity_grid, resize
from liveportrait_core.networks.compact.relief import Relief
from liveportrait_core.networks.compact.warping import CompactWarped

from ..data.batch import PairBatch, PairTruth, ReliefTruth
from ..data.heads import HEAD_REGIONS, TORSO
from ..rendering.regions import Region
from .flow import flow_distance, masked_cross_entropy
from .picture_weights import PictureWeights
from .terms import LossTerm

HIDDEN_FLOW = 0.3
"""Weight of the flow of a pixel that the source hides."""
STATIC = 4e-3
"""A true flow of less than this, in crop units, stays where it is."""
SHAPED = (Region.SKIN, Region.HAIR)
"""Regions whose depth counts twice."""


@dataclass(frozen=True, slots=True)
class FieldStep:
    """What F and W made of the pairs of a batch."""

    warped: CompactWarped
    pairs: PairBatch

    @property
    def labels(self) -> PairTruth:
        """The renderer's truth, for rows that need it."""
        assert self.pairs.truth is not None
        return self.pairs.truth

    @property
    def flow_weight(self) -> Tensor:
        """(B, 1, h / 2, h / 2) weight of the flow of each pixel: .3 of a hidden one."""
        return self.labels.visible + HIDDEN_FLOW * (1 - self.labels.visible)


def field_terms(weights: PictureWeights, *, with_relief: bool) -> tuple[LossTerm[FieldStep], ...]:
    """The loss table of F and W where G is not run.

    Args:
        weights: Of the rows.
        with_relief: Whether F gives the source's relief, which two more rows teach.
    """
    flow = LossTerm("flow", weights.flow, coarse_flow_loss)
    return (flow, *layout_terms(weights, with_relief=with_relief))


def layout_terms(weights: PictureWeights, *, with_relief: bool) -> tuple[LossTerm[FieldStep], ...]:
    """The rows of where things lie, by what F and W say: background, head, depth and coverage."""
    rows = (
        LossTerm("background", weights.background, background_loss),
        LossTerm("head", weights.head, head_loss),
    )
    if not with_relief:
        return rows
    return (
        *rows,
        LossTerm("depth", weights.depth, depth_loss),
        LossTerm("coverage", weights.coverage, coverage_loss),
    )


def coarse_flow_loss(step: FieldStep) -> Tensor:
    """The flow of W; it moves head, hair and shoulders, so all of the picture counts alike."""
    return flow_loss(step.warped.flow_2d, step.labels.flow, step.flow_weight)


def flow_loss(flow: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Distance of two flows at the size of the smaller one."""
    size = min(flow.shape[-1], truth.shape[-1])
    return flow_distance(*(resize(part, size) for part in (flow, truth, weight)))


def background_loss(step: FieldStep) -> Tensor:
    """Pairs of one pose do not show what moves with the head, so they are left out."""
    identity = identity_grid(step.labels.flow.shape[-1], step.labels.flow).permute(0, 3, 1, 2)
    moved = (step.labels.flow - identity).abs().sum(1, keepdim=True)
    differs = (~step.labels.same_pose).float().view(-1, 1, 1, 1)
    logit = step.warped.background_logit
    still = resize((moved < STATIC).float(), logit.shape[-1])
    return masked_cross_entropy(logit, still, differs)


def head_loss(step: FieldStep) -> Tensor:
    """The source's head mask, at 32 px."""
    logit = step.warped.head_logit
    head = resize((step.labels.source_regions >= HEAD_REGIONS).float(), logit.shape[-1])
    return F.binary_cross_entropy_with_logits(logit, head)


def depth_loss(step: FieldStep) -> Tensor:
    """Depth of the source that F gives, and of the driving head that W reads it at."""
    truth = _relief_truth(step)
    return _depth_distance(
        _relief(step).depth, truth.source_depth, step.labels.source_regions
    ) + _depth_distance(step.warped.depth[:, None], truth.driving_depth, truth.driving_regions)


def coverage_loss(step: FieldStep) -> Tensor:
    """Which pixels of the source are head, and which torso."""
    relief, regions = _relief(step), step.labels.source_regions
    total = relief.depth.new_zeros(())
    for logit, covered in (
        (relief.head_logit, regions >= HEAD_REGIONS),
        (relief.torso_logit, regions == TORSO),
    ):
        target = resize(covered.float(), logit.shape[-1])
        total = total + F.binary_cross_entropy_with_logits(logit, target)
    return total


def _depth_distance(depth: Tensor, truth: Tensor, regions: Tensor) -> Tensor:
    """Mean distance where the head is, at the size of `depth`, (B, 1, h, h) all."""
    counted = (regions >= HEAD_REGIONS).float()
    shaped = torch.isin(regions, regions.new_tensor([int(region) for region in SHAPED]))
    weight = counted * (1 + shaped.float())
    size = depth.shape[-1]
    share = resize(weight, size)
    mean = resize(weight * truth, size) / share.clamp(min=1e-3)
    wrong = (depth - mean).abs() * share
    return (wrong.sum((1, 2, 3)) / share.sum((1, 2, 3)).clamp(min=1.0)).mean()


def _relief(step: FieldStep) -> Relief:
    relief = step.warped.relief
    assert relief is not None
    return relief


def _relief_truth(step: FieldStep) -> ReliefTruth:
    truth = step.labels.relief
    assert truth is not None
    return truth
