"""Losses on keypoints and on what is read from them, against the renderer's truth or themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.geometry import full_precision
from liveportrait_core.motion.openness import eyes_open, lip_open
from liveportrait_core.motion.regions import COMPACT_LIDS, COMPACT_OPENNESS_PAIRS
from liveportrait_core.networks.compact.layers import heat_maps

DEPTH_WEIGHT = 0.4
"""z counts less than x and y: it is seen only through turning."""
_HEAT_SIGMA = 0.04
POINT_WEIGHTS = tuple(2.5 if C.LEFT_UPPER_LID <= point <= C.RIGHT_IRIS else 1.0 for point in C)
"""Lids and irises move little and mean much."""
WING_WIDTH, WING_CURVATURE = 10 / 128, 2 / 128
"""Knee and curvature of the Wing loss, crop units: the 10 and 2 pixels of Feng et al., 2018, in
crops of 256 px."""
MIN_SQUARED_DISTANCE, MEAN_DEPTH = 0.1, 0.33
"""D_t and z_t of face vid2vid's keypoint prior, crop units."""
EYE_POINTS = slice(C.LEFT_EYE_OUTER, C.RIGHT_IRIS + 1)
MOUTH_POINTS = slice(C.LEFT_LIP_CORNER, C.LOWER_LIP + 1)


def keypoint_distance(
    found: Tensor, truth: Tensor, point_weights: Sequence[float] = (1.0,)
) -> Tensor:
    """Mean absolute distance with z at 0.4.

    Args:
        found: (B, K, 3) crop units.
        truth: (B, K, 3) crop units.
        point_weights: One for each keypoint, or one for all.
    """
    axes = found.new_tensor([1.0, 1.0, DEPTH_WEIGHT])
    weights = found.new_tensor(point_weights)[:, None]
    return ((found - truth).abs() * axes * weights).mean()


def equivariance(moved: Tensor, keypoints: Tensor, linear: Tensor, shift: Tensor) -> Tensor:
    """L_E of Eq. 4: keypoints of a moved picture are the moved keypoints of the picture.

    Args:
        moved: (B, K, 3) read in the moved picture, crop units.
        keypoints: (B, K, 3) read in the picture itself.
        linear: (B, 2, 2) turn and zoom of the picture, acting on rows; depth is zoomed with it.
        shift: (B, 2) its shift after that.

    Returns:
        Their mean distance as `keypoint_distance` has it.
    """
    with full_precision(keypoints.device):
        xy = keypoints[..., :2] @ linear + shift[:, None]
        zoom = torch.linalg.det(linear).abs().sqrt()[:, None, None]
        return keypoint_distance(moved, torch.cat((xy, keypoints[..., 2:] * zoom), 2))


def keypoint_prior(keypoints: Tensor) -> Tensor:
    """L_L of Eq. 4: keypoints keep apart, and about the depth of a face.

    Sum over ordered pairs of max(0, .1 - |x_i - x_j|^2), and |mean z - .33|, mean over faces
    (Wang et al., 2021, App. A).

    Args:
        keypoints: (B, K, 3) crop units.
    """
    with full_precision(keypoints.device):
        apart = (keypoints[:, :, None] - keypoints[:, None]).square().sum(-1)  # (B, K, K)
        others = ~torch.eye(keypoints.shape[1], dtype=torch.bool, device=keypoints.device)
        too_near = (F.relu(MIN_SQUARED_DISTANCE - apart) * others).sum((1, 2))
        return (too_near + (keypoints[..., 2].mean(1) - MEAN_DEPTH).abs()).mean()


def deformation_prior(expression: Tensor) -> Tensor:
    """L_delta of Eq. 4: the mean absolute deformation; (B, K, 3) crop units."""
    return expression.abs().mean()


def head_pose_distance(found_deg: Tensor, truth_deg: Tensor) -> Tensor:
    """L_H of Eq. 4 for each face: mean absolute difference of pitch, yaw and roll.

    Args:
        found_deg: (B, 3) degrees.
        truth_deg: (B, 3) degrees.

    Returns:
        (B,) degrees.
    """
    return (found_deg - truth_deg).abs().mean(1)


def wing(
    difference: Tensor, width: float = WING_WIDTH, curvature: float = WING_CURVATURE
) -> Tensor:
    """The Wing loss of each number (Feng et al., 2018): steep near zero, then straight.

    w ln(1 + |d| / e) for |d| < w, else |d| - c, where c = w - w ln(1 + w / e) joins the two.

    Args:
        difference: Any shape.
        width: w, the knee, in the unit of the difference.
        curvature: e, in the same unit.
    """
    size = difference.abs()
    joint = width - width * math.log(1 + width / curvature)
    return torch.where(size < width, width * torch.log1p(size / curvature), size - joint)


def landmark_guidance(
    source: Tensor, source_landmarks: Tensor, driving: Tensor, driving_landmarks: Tensor
) -> Tensor:
    """L_guide of each pair: 1 / 2N sum_i [Wing(l_i, x_s,i) + Wing(l_i, x_d,i)]  (Eq. 3).

    Convention:
        - Wing of a point is the sum over x and y; depth is free

    Args:
        source: (B, N, 2 or 3) the guided keypoints of the source, crop units.
        source_landmarks: (B, N, 2 or 3) where they should be.
        driving: The same of the driving frame.
        driving_landmarks: The same.

    Returns:
        (B,).
    """
    pairs = ((source, source_landmarks), (driving, driving_landmarks))
    parts = [wing(x[..., :2] - mark[..., :2]).sum((1, 2)) for x, mark in pairs]
    return torch.stack(parts).sum(0) / (2 * source.shape[1])


def heat_map_cross_entropy(log_heat: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of heat-maps against Gaussian bumps at the true keypoints.

    Args:
        log_heat: (B, K, h, h) log-probabilities.
        truth: (B, K, 3) crop units.
    """
    target = heat_maps(truth, log_heat.shape[-1], _HEAT_SIGMA)
    target = target / (target.sum((2, 3), keepdim=True) + 1e-6)
    return -(target * log_heat).sum((2, 3)).mean()


def gaze(keypoints: Tensor) -> Tensor:
    """(B, 2, 2): each iris relative to the middle of its eye's corners, crop units."""
    eyes = ((C.LEFT_IRIS, C.LEFT_EYE_OUTER), (C.RIGHT_IRIS, C.RIGHT_EYE_INNER))
    found = [
        keypoints[:, iris, :2] - keypoints[:, corner : corner + 2, :2].mean(1)
        for iris, corner in eyes
    ]
    return torch.stack(found, 1)


def lid_and_lip_gaps(keypoints: Tensor) -> Tensor:
    """(B, 4): opening of both eyes and of the lips, and the mouth's width, crop units."""
    corners = (C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER)
    pairs = (*COMPACT_LIDS, (C.INNER_UPPER_LIP, C.INNER_LOWER_LIP), corners)
    gaps = [(keypoints[:, a, :2] - keypoints[:, b, :2]).norm(dim=-1) for a, b in pairs]
    return torch.stack(gaps, 1)


def motion_distance(found: Tensor, truth: Tensor) -> Tensor:
    """Keypoints, and twice the openings of eyes and lips and the gaze, as one mean distance.

    Args:
        found: (B, K, 3) read off a generated picture, crop units.
        truth: (B, K, 3) read off the true one by the same network, whose usual errors cancel.
    """
    parts = [(measure(found) - measure(truth)).abs().mean() for measure in (lid_and_lip_gaps, gaze)]
    return keypoint_distance(found, truth, POINT_WEIGHTS) + 2 * torch.stack(parts).sum()


def compact_eyes_open(keypoints: Tensor) -> Tensor:
    """(B, 2) eye openings, height over width."""
    return eyes_open(keypoints[..., :2], COMPACT_OPENNESS_PAIRS)


def compact_lip_open(keypoints: Tensor) -> Tensor:
    """(B, 1) lip opening, height over width."""
    return lip_open(keypoints[..., :2], COMPACT_OPENNESS_PAIRS)
