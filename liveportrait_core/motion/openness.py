"""Openness of eyes and lips, measured and as a target (Sec. 3.3 and 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

EPSILON: Final = 1e-6
"""Added to every width, against division by zero."""
MIN_REFERENCE_OPEN: Final = 0.05
"""Lower bound of the reference's opening: shut eyes give no scale."""
MAX_OPEN: Final = 0.8
"""Largest opening that R_eyes and R_lip were trained with (Eq. 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPair:
    """Two pairs of points: their distances' ratio is an opening."""

    height: tuple[int, int]
    """Upper and lower edge."""
    width: tuple[int, int]
    """The two corners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpennessPairs:
    """The points of one landmark layout that openness is measured with."""

    first_eye: OpeningPair
    """The eye on the image's left."""
    second_eye: OpeningPair
    lip: OpeningPair


def eyes_open(landmarks: Tensor, pairs: OpennessPairs) -> Tensor:
    """Opening of both eyes: lid distance over corner distance.

    Convention:
        - free of scale, so crop units and pixels give the same number

    Args:
        landmarks: (B, L, 2) points of one layout; a third coordinate is ignored.
        pairs: Which points to measure.

    Returns:
        (B, 2); larger is more open.
    """
    return torch.stack([_opening(landmarks, eye) for eye in (pairs.first_eye, pairs.second_eye)], 1)


def lip_open(landmarks: Tensor, pairs: OpennessPairs) -> Tensor:
    """Opening of the lips: distance of the inner edges over that of the corners.

    Args:
        landmarks: (B, L, 2) points of one layout; a third coordinate is ignored.
        pairs: Which points to measure.

    Returns:
        (B, 1); larger is more open.
    """
    return _opening(landmarks, pairs.lip)[:, None]


def driven_eyes_open(source: Tensor, driving: Tensor, reference: Tensor) -> Tensor:
    """Target eye opening of a source under a driver: c_s mean(c_i) / mean(c_0)  (Sec. 4.3).

    Convention:
        - means are over the two eyes; the published code takes the driver's first eye as it is
        - clamped to the range that R_eyes was trained with; a reference with shut eyes counts as
          0.05 open, so that a driver who starts with a blink does not open the eyes too wide

    Args:
        source: (B or 1, 2) openings of the source's eyes.
        driving: (B, 2) openings of the driver's eyes.
        reference: (1, 2) openings of the driver's neutral frame.

    Returns:
        (B, 1).
    """
    neutral = reference.mean(1, keepdim=True).clamp(min=MIN_REFERENCE_OPEN)
    target = source.mean(1, keepdim=True) * driving.mean(1, keepdim=True) / neutral
    return target.clamp(max=MAX_OPEN)


def eyes_condition(source: Tensor, target: Tensor) -> Tensor:
    """(B, 3) condition of R_eyes: the (B, 2) openings of the source, then the (B, 1) target."""
    frames = max(len(source), len(target))
    return torch.cat((source.expand(frames, 2), target.expand(frames, 1)), 1)


def lip_condition(source: Tensor, target: Tensor) -> Tensor:
    """(B, 2) condition of R_lip: the (B, 1) opening of the source, then the (B, 1) target."""
    frames = max(len(source), len(target))
    return torch.cat((source.expand(frames, 1), target.expand(frames, 1)), 1)


def _opening(landmarks: Tensor, pair: OpeningPair) -> Tensor:
    height, width = (_distance(landmarks, points) for points in (pair.height, pair.width))
    return height / (width + EPSILON)


def _distance(landmarks: Tensor, points: tuple[int, int]) -> Tensor:
    first, second = points
    return (landmarks[:, first, :2] - landmarks[:, second, :2]).norm(dim=-1)
