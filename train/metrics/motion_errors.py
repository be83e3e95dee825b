"""Errors of keypoints, angles and parameters between two faces."""

from __future__ import annotations

import torch
from torch import Tensor


def correlation(found: Tensor, truth: Tensor) -> float:
    """Pearson's r over all entries; nan when one side does not vary."""
    stacked = torch.stack((found.flatten(), truth.flatten())).double()
    return float(torch.corrcoef(stacked)[0, 1])


def mean_l1(found: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of each row: AED and APD of App. A, on their parameters.

    Args:
        found: (B, ...).
        truth: (B, ...).

    Returns:
        (B,).
    """
    return (found - truth).abs().flatten(1).mean(1)


def angle_deg(found: Tensor, truth: Tensor) -> Tensor:
    """Angle between directions, the MAE of App. A: arccos(b_p . b_d / (|b_p| |b_d|)).

    Convention:
        - computed as atan2(|b_p x b_d|, b_p . b_d), which keeps small angles exact

    Args:
        found: (B, 3), of any length above 0.
        truth: (B, 3).

    Returns:
        (B,) degrees from 0 to 180.
    """
    across = torch.linalg.cross(found, truth).norm(dim=1)
    return torch.rad2deg(torch.atan2(across, (found * truth).sum(1)))


def point_distance(found: Tensor, truth: Tensor) -> Tensor:
    """Mean distance of points.

    Args:
        found: (B, K, 2 or 3).
        truth: The same.

    Returns:
        (B,) in the points' unit.
    """
    return (found - truth).norm(dim=-1).flatten(1).mean(1)


def jitter(found: Tensor, truth: Tensor) -> Tensor:
    """Jitter of points over time beyond that of the truth.

    Convention:
        - the error e_t = found - truth of each point, its change of pace
          |e_(t-1) - 2 e_t + e_(t+1)|, mean over the points: an error that stays, or that grows
          evenly, does not count

    Args:
        found: (N, K, 2) in frames that follow each other.
        truth: (N, K, 2).

    Returns:
        (N - 2,) in the points' unit for each frame; none for fewer than three frames.
    """
    error = found - truth
    return error.diff(n=2, dim=0).norm(dim=-1).mean(1)
