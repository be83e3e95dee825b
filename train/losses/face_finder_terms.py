"""The loss table of the face finder: where faces are, their squares, and their five points."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.networks.face_finder import FaceMaps

from .terms import LossTerm

OFFSET_WEIGHT = 0.3
"""Of the offset to the middle of a face, which counts in cells: the rest is in sides."""
SMOOTH_L1_BETA = 0.05
"""Errors above it count linearly."""
SQUARE_ROWS = 5
"""Rows of the description that say the square: offset, log side, cosine and sine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinderWeights:
    """Weights of the finder's losses."""

    heat: float = option(1.0, "weight of where faces are", minimum=0)
    square: float = option(1.0, "weight of the centre, side and angle of their squares", minimum=0)
    points: float = option(3.0, "weight of the five points", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMaps:
    """What the maps of a batch should be; (B, ..., h, w)."""

    heat: Tensor
    """(B, 1, ...) 1 where a face's middle is, less around it."""
    asked: Tensor
    """(B, 1, ...) 0 where it cannot be said whether there is a face."""
    described: Tensor
    """(B, 1, ...) weight of `description`."""
    description: Tensor
    """(B, 15, ...) offset, log side, cosine and sine, points, as in `FaceMaps`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinderLosses:
    """Inputs of the terms: one batch's losses of heat and of each row of the description."""

    heat: Tensor
    rows: Tensor
    """(15,)."""


def face_finder_losses(maps: FaceMaps, target: TargetMaps) -> FaceFinderLosses:
    """What the terms weight, on the device of the maps."""
    return FaceFinderLosses(heat=heat_loss(maps, target), rows=description_losses(maps, target))


def face_finder_terms(weights: FaceFinderWeights) -> list[LossTerm[FaceFinderLosses]]:
    """The table."""
    return [
        LossTerm("heat", weights.heat, lambda step: step.heat),
        LossTerm("square", weights.square, lambda step: step.rows[:SQUARE_ROWS].sum()),
        LossTerm("points", weights.points, lambda step: step.rows[SQUARE_ROWS:].mean()),
    ]


def heat_loss(maps: FaceMaps, target: TargetMaps) -> Tensor:
    """Focal loss of the heat for each face: confident cells count little.

    Source: CenterNet (Zhou et al. 2019), Eq. 1, with alpha = 2 and beta = 4.
    """
    logit = maps.heat_logit
    heat = target.heat.to(logit.device)
    probability = torch.sigmoid(logit)
    peaks = (heat == 1).float()
    count = peaks.sum().clamp(min=1)
    positive = peaks * (1 - probability).square() * F.softplus(-logit)
    negative = (1 - heat) ** 4 * probability.square() * F.softplus(logit)
    return (positive + negative * target.asked.to(logit.device)).sum() / count


def description_losses(maps: FaceMaps, target: TargetMaps) -> Tensor:
    """(15,) smooth L1 of each row of the description, mean over the described cells."""
    device = maps.heat_logit.device
    predicted = torch.cat((maps.offset * OFFSET_WEIGHT, maps.log_side, maps.axis, maps.points), 1)
    true = target.description.to(device)
    true = torch.cat((true[:, :2] * OFFSET_WEIGHT, true[:, 2:]), 1)
    weight = target.described.to(device)
    error = F.smooth_l1_loss(predicted, true, beta=SMOOTH_L1_BETA, reduction="none") * weight
    return error.sum((0, 2, 3)) / weight.sum().clamp(min=1)
