"""Smoothing of a motion over time: a Kalman filter and its backward pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ..constants import OBSERVATION_VARIANCE
from .rotation import degrees_from_rotation
from .types import Channel, Motion, concatenate

TRANSITION_VARIANCE: Final = 1e-5
"""Variance of a value's change from frame to frame."""
INITIAL_VARIANCE: Final = 1.0
"""Variance before the first frame; so large that the first observation counts in full."""


def smooth_values(values: Tensor, observation_variance: float = OBSERVATION_VARIANCE) -> Tensor:
    """Each entry smoothed along the frames: a random walk seen through noise (Kalman, RTS).

    Convention:
        - every entry is a walk of its own with transition variance 1e-5, starting at the first
          observation with variance 1
        - computed in float64, returned in the type of the input
        - one frame is returned as it is

    Args:
        values: (N, ...) one row per frame.
        observation_variance: Noise of one observation; larger is smoother.

    Returns:
        The shape of `values`.
    """
    observed = values.to(torch.float64)
    variances: list[tuple[float, float]] = []  # of each frame: predicted, filtered
    filtered: list[Tensor] = []
    mean, predicted = observed[0], INITIAL_VARIANCE
    for observation in observed:
        gain = predicted / (predicted + observation_variance)
        mean = mean + gain * (observation - mean)
        filtered.append(mean)
        variances.append((predicted, predicted - gain * predicted))
        predicted = variances[-1][1] + TRANSITION_VARIANCE

    smoothed = filtered[-1:]
    for frame in range(len(filtered) - 2, -1, -1):
        pull = variances[frame][1] / variances[frame + 1][0]
        # the walk has no drift, so the prediction of the next frame is this frame's mean
        smoothed.append(filtered[frame] + pull * (smoothed[-1] - filtered[frame]))
    return torch.stack(smoothed[::-1]).to(values.dtype)


def smooth_step(share: Tensor) -> Tensor:
    """A smooth way from 0 to 1: u^2 (3 - 2 u), 0 before and 1 behind."""
    u = share.clamp(0, 1)
    return u**2 * (3 - 2 * u)


def smooth_rotation(
    rotation: Tensor,
    observation_variance: float = OBSERVATION_VARIANCE,
    *,
    entrywise: bool = False,
) -> Tensor:
    """Rotations smoothed along the frames.

    Args:
        rotation: (N, 3, 3).
        observation_variance: Noise of one observation; larger is smoother.
        entrywise: Leave the smoothed entries as they are, as the published code does; otherwise
            the nearest rotation is taken, so that the result is orthonormal.

    Returns:
        (N, 3, 3).
    """
    if len(rotation) == 1:
        return rotation
    smoothed = smooth_values(rotation, observation_variance)
    return smoothed if entrywise else nearest_rotation(smoothed)


def smooth_motion(
    motion: Motion,
    observation_variance: float = OBSERVATION_VARIANCE,
    *,
    channels: Collection[Channel] = ("expression", "pose"),
    entrywise: bool = False,
) -> Motion:
    """A motion with some of its channels smoothed along the frames, each shot by itself.

    Args:
        motion: The motion; one frame is returned as it is.
        observation_variance: Noise of one observation; larger is smoother.
        channels: Which channels to smooth.
        entrywise: As in `smooth_rotation`.

    Returns:
        A motion of as many frames.
    """
    shots = motion.shot_slices
    if len(shots) > 1:
        parts = [
            smooth_motion(
                motion[shot], observation_variance, channels=channels, entrywise=entrywise
            )
            for shot in shots
        ]
        return concatenate(parts)
    changes: dict[str, Tensor] = {}
    for name in ("expression", "scale", "translation"):
        if name in channels:
            changes[name] = smooth_values(getattr(motion, name), observation_variance)
    if "pose" in channels and len(motion) > 1:
        rotation = smooth_rotation(motion.rotation, observation_variance, entrywise=entrywise)
        changes |= {"rotation": rotation, "pose_deg": degrees_from_rotation(rotation)}
    return replace(motion, **changes)


def nearest_rotation(matrices: Tensor) -> Tensor:
    """The rotation nearest to each (B, 3, 3) matrix in least squares; never a reflection."""
    left, _, right = torch.linalg.svd(matrices)
    sign = torch.det(left @ right).sign()
    flip = torch.stack((torch.ones_like(sign), torch.ones_like(sign), sign), -1)  # (B, 3)
    return (left * flip[..., None, :]) @ right
