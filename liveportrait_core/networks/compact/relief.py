"""The source as a relief: how near each of its pixels is, and a plane sweep that reads it.

A driving pixel of unknown depth lies on a line in the source. Planes at some depths (probes) cut
that line; where a probe is as near as the source's surface below it, there the pixel comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...geometry import Similarity
from .layers import (
    FINE_SIZE,
    ResidualBlock,
    conv,
    double,
    group_norm,
    identity_grid,
    resize,
    sample,
    scaled,
)
from .points import ON_SURFACE

RELIEF_CHANNELS = 3
"""Depth, logit of the head, logit of the torso."""
NEAREST, FARTHEST = -1.25, 0.75
"""Depths that F can give, crop units; z points into the picture."""
PROBES = (-1.05, 0.45)
"""Depths of the first and the last probe: between them are nearly all pixels of rendered heads."""
SOFTNESS = 0.03
"""Depth behind a surface at which a probe counts as inside by .73, crop units."""
FULL_MISMATCH = 0.1
"""Mismatch that the network sees as .76 of the largest one, crop units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """What F knows of the shape of a source, at 64 px."""

    depth: Tensor
    """(B, 1, 64, 64) z of the head's surface, crop units; without meaning beside the head."""
    head_logit: Tensor
    """(B, 1, 64, 64): the pixel is part of the head, hair and glasses among it."""
    torso_logit: Tensor
    """(B, 1, 64, 64): it is part of the torso, or of what is held before it."""

    def anchored(self, keypoints: Tensor) -> Relief:
        """Moved along z so that it lies among the keypoints of the source.

        How near a head is as a whole is seen badly in its picture, and keypoints know it: depth
        and motion must agree on it. The shift is the median of their distances in z, as some
        keypoints are hidden.

        Args:
            keypoints: (B, K, 3).
        """
        points = keypoints[:, list(ON_SURFACE)]
        found = sample(self.depth, points[:, :, None, :2])[:, 0, :, 0]
        shift = (points[..., 2] - found).median(1).values
        return replace(self, depth=self.depth + shift[:, None, None, None])

    @classmethod
    def of(cls, maps: Tensor) -> Relief:
        """That of the maps (B, 3, 64, 64) of a `ReliefPredictor`."""
        depth, head, torso = maps.split(1, 1)
        return cls(depth=depth, head_logit=head, torso_logit=torso)


class ReliefPredictor(nn.Module):
    """Features and picture of a source -> maps of its `Relief`."""

    def __init__(self, features: int, width: float = 1.0) -> None:
        super().__init__()
        h1, h2, fine = (scaled(c, width) for c in (64, 96, 32))
        self.enter = conv(features, h1)
        self.down1, self.down1_norm = conv(h1, h2, 3, 2), group_norm(h2)
        self.down2, self.down2_norm = conv(h2, h2, 3, 2), group_norm(h2)
        self.middle = ResidualBlock(h2)
        self.up2, self.up2_norm = conv(2 * h2, h2), group_norm(h2)
        self.up1, self.up1_norm = conv(h2 + h1, h1), group_norm(h1)
        self.fine, self.out = conv(h1 + 3, fine), conv(fine, RELIEF_CHANNELS)

    def forward(self, features: Tensor, face: Tensor) -> Tensor:
        """(B, C, 32, 32), (B, 3, P, P) -> (B, 3, 64, 64), float32: the maps of a `Relief`."""
        a = F.relu(self.enter(features))
        b = F.relu(self.down1_norm(self.down1(a)))
        c = self.middle(F.relu(self.down2_norm(self.down2(b))))
        u = F.relu(self.up2_norm(self.up2(torch.cat((double(c), b), 1))))
        u = F.relu(self.up1_norm(self.up1(torch.cat((double(u), a), 1))))
        picture = resize(face, FINE_SIZE).to(u.dtype)
        maps = self.out(F.relu(self.fine(torch.cat((double(u), picture), 1)))).float()
        depth = FARTHEST + (NEAREST - FARTHEST) * torch.sigmoid(maps[:, :1])
        return torch.cat((depth, maps[:, 1:]), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneSweep:
    """What the probes met, at 64 px of the driving picture."""

    maps: Tensor
    """(B, `sweep_channels(K)`, 64, 64) inputs of W: mismatch and head at each probe, then depth,
    hit, and the torso of the source."""
    depth: Tensor
    """(B, 64, 64) z at which the source's surface is met first, crop units."""
    hit: Tensor
    """(B, 64, 64) in [0, 1]: whether it is met at all."""


def sweep_channels(probes: int) -> int:
    """Channels of `PlaneSweep.maps` of so many probes."""
    return 2 * probes + 3


def plane_sweep(relief: Relief, rigid: Similarity, probes: int) -> PlaneSweep:
    """Look for the surface of the source along the depth of each driving pixel.

    Convention:
        - the head is rigid here; what lies behind its surface counts as filled
        - mismatch: how far a probe lies behind the surface, crop units; negative before it
        - met first: the mean of the crossings between neighbouring probes, weighed by the chance
          that no nearer probe is inside, with a line through both mismatches

    Args:
        relief: Of the source.
        rigid: Similarity from driving to source.
        probes: How many depths are tried, 2 or more.
    """
    grid = identity_grid(FINE_SIZE, relief.depth)
    depths = torch.linspace(*PROBES, probes, device=grid.device)
    places = _places(rigid, grid, depths, len(relief.depth))
    maps = torch.cat((relief.depth, relief.head_logit.sigmoid()), 1)
    met = sample(maps, places[..., :2].flatten(1, 2)).unflatten(2, (probes, FINE_SIZE))
    surface, head = met.unbind(1)  # (B, probes, 64, 64)
    mismatch = places[..., 2] - surface
    depth, hit = _first_crossing(mismatch, head, depths)
    bounded = torch.tanh(mismatch / FULL_MISMATCH) * head
    rest = (depth * hit, hit, relief.torso_logit[:, 0].sigmoid())
    return PlaneSweep(
        maps=torch.cat((bounded, head, torch.stack(rest, 1)), 1), depth=depth, hit=hit
    )


def _places(rigid: Similarity, grid: Tensor, depths: Tensor, batch: int) -> Tensor:
    """(B, probes, 64, 64, 3) where each pixel at each depth is in the source."""
    flat = torch.cat((grid, torch.zeros_like(grid[..., :1])), -1).flatten(1, 2)
    ends = torch.tensor(((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)), device=grid.device)
    low, high = rigid(ends.expand(batch, 2, 3)).unbind(1)
    at_zero = rigid(flat.expand(batch, -1, -1)).unflatten(1, grid.shape[1:3])
    along = depths.view(1, -1, 1, 1, 1) * (high - low)[:, None, None, None]
    return at_zero[:, None] + along


def _first_crossing(mismatch: Tensor, head: Tensor, depths: Tensor) -> tuple[Tensor, Tensor]:
    """Depth and certainty of the first surface, (B, 64, 64) each, of (B, probes, 64, 64)."""
    inside = torch.sigmoid(mismatch / SOFTNESS) * head
    free = torch.cumprod(1 - inside, 1)
    reached = torch.cat((torch.ones_like(free[:, :1]), free[:, :-1]), 1)
    before, after = mismatch[:, :-1], mismatch[:, 1:]
    share = (-before / (after - before).clamp(min=1e-3)).clamp(0, 1)
    step = (depths[1:] - depths[:-1]).view(1, -1, 1, 1)
    crossing = depths[:-1].view(1, -1, 1, 1) + share * step
    crossing = torch.cat((depths[0].expand_as(mismatch[:, :1]), crossing), 1)
    weight = reached * inside
    hit = weight.sum(1)
    return (weight * crossing).sum(1) / hit.clamp(min=1e-4), hit
