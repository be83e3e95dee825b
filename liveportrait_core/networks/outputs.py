"""Outputs that the networks of both families share."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionHeads:
    """The outputs of M, before any conversion of units."""

    pitch: Tensor
    """(B, 66) bins, or (B,) degrees from a network that predicts degrees."""
    yaw: Tensor
    """As `pitch`."""
    roll: Tensor
    """As `pitch`."""
    translation: Tensor
    """(B, 3) crop units."""
    expression: Tensor
    """(B, 3 K)."""
    scale: Tensor
    """(B, 1)."""
    canonical: Tensor
    """(B, 3 K)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warped:
    """The outputs of W: the input of G, and fields for inspection."""

    features: Tensor
    """(B, C, h, w), the decoder's semantic map."""
    flow: Tensor
    """(B, D, h, w, 3) where each voxel is sampled in the source volume, in [-1, 1]."""
    occlusion: Tensor
    """(B, 1, h, w) in [0, 1]; 0 is hidden in the source."""
    edge_held: bool | Tensor = False
    """Whether the picture's edge stays as in the source, so that it is pasted back without a seam.
    The compact G keeps it to the pixel; the published one cannot, there S alone reduces the
    seam. In a graph (1,), 1 or 0."""
