"""Volume of the convex hull of keypoints."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import torch
from torch import Tensor

_JITTER: Final = 1e-9


def hull_volume(points: Tensor) -> Tensor:
    """Volume of the convex hull of points.

    Every triangle of points is tested: it is a face of the hull when all other points lie on one
    side. 21 points have 1330 triangles; not suited to many more.

    Args:
        points: (B, N, 3), N at least 4.

    Returns:
        (B,) volume, in the cubed unit of the points.
    """
    num_points = points.shape[1]
    device = points.device
    exact = points.to(torch.float64)
    extent = exact.amax((1, 2), keepdim=True) - exact.amin((1, 2), keepdim=True)
    # four points in one plane would count the same part of the hull twice: add a small jitter
    jitter = torch.arange(num_points * 3, dtype=torch.float64, device=device).mul(12.9898).sin()
    exact = exact + _JITTER * extent * jitter.view(num_points, 3)
    exact = exact - exact.mean(1, keepdim=True)  # the mean lies inside
    triangles = torch.tensor(list(combinations(range(num_points), 3)), device=device)  # (T, 3)
    a, b, c = exact[:, triangles].unbind(2)  # (B, T, 3) each
    normal = torch.linalg.cross(b - a, c - a)
    height = torch.einsum("btc,bnc->btn", normal, exact) - (normal * a).sum(-1, keepdim=True)
    own = torch.zeros(len(triangles), num_points, dtype=torch.bool, device=device)
    own.scatter_(1, triangles, value=True)
    below, above = ((sign * height <= 0) | own for sign in (1, -1))
    is_face = below.all(-1) | above.all(-1)
    cones = (normal * a).sum(-1).abs() / 6
    return (cones * is_face).sum(1).to(points.dtype)
