"""Keypoints of a motion (Eq. 2)."""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor

from .types import Motion


def transform_keypoints(motion: Motion) -> Tensor:
    """Implicit keypoints of one motion: x = s (x_c R + delta) + t  (Eq. 2).

    `x_s = transform_keypoints(extract_motion(model, face))`

    Convention:
        - delta is added after the rotation; (x_c + delta) R is the variant that Sec. 3.2 rejects
        - t_z is ignored, as the published weights expect; a deviation from Eq. 2

    Returns:
        (B, K, 3) in crop units.

    Raises:
        ValueError: The motion carries no canonical keypoints.
    """
    if motion.canonical is None:
        raise ValueError(
            "This motion has no canonical keypoints, so it belongs to no face: "
            "apply it to a source with relative_motion or absolute_motion first."
        )
    x = motion.canonical @ motion.rotation + motion.expression
    shift = F.pad(motion.translation[:, :2], (0, 1))  # (B, 3), t_z = 0
    return motion.scale[:, None] * x + shift[:, None]


def in_other_crop(motion: Motion, travel: Tensor) -> Motion:
    """A motion as another crop of the same frames shows it: x' = k x + d.

    `in_other_crop(extract_motion(model, face), crop_travel(crops, base))`

    With x = s (x_c R + delta) + t (Eq. 2): s' = k s, t' = k t + d. Rotation, deformation and
    canonical keypoints do not depend on the crop.

    Convention:
        - x and y as the crops' edges have them; z grows with k, as the face does

    Args:
        motion: B frames.
        travel: (B, 3) k, d_x, d_y in crop units of the other crop (`crop_travel`).

    Returns:
        B frames; those with k = 1 and d = 0 keep their bits.
    """
    k = travel[:, :1]
    return replace(
        motion,
        scale=k * motion.scale,
        translation=k * motion.translation + F.pad(travel[:, 1:], (0, 1)),
    )
