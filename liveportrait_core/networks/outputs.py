"""What the networks of both families hand on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionHeads:
    """What M reads off a face, before any unit is changed."""

    pitch: Tensor
    """(B, 66) bins, or (B,) degrees from a network that tells degrees."""
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
    """What W hands to G, with the fields that users may ask for."""

    features: Tensor
    """(B, C, h, w), the decoder's semantic map."""
    flow: Tensor
    """(B, D, h, w, 3) where each voxel is read in the source volume, in [-1, 1]."""
    occlusion: Tensor
    """(B, 1, h, w) in [0, 1]; 0 is hidden in the source."""
    edge_held: bool = False
    """Whether the picture's edge is to stay as the source has it, so that it can be pasted back
    with no seam. The compact G does so to the pixel; the published one has no such means, there S
    alone cares for it."""
