"""The source as a relief: how near each of its pixels is, and a plane sweep that reads it.

A driving pixel of unknown depth lies on a line in the source. Planes at some depths (probes) cut
that line; where a probe is as near as the source's surface below it, there the pixel comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ...graphs import cumulative_product, lower_median, solved
from .layers import (
    FINE_SIZE,
    ResidualBlock,
    conv,
    double,
    group_norm,
    identity_grid,
    joined,
    rectified,
    resize,
    sample,
    scaled,
    zero_initialised_blocks,
)
from .planes import MovedPlanes
from .points import ON_SURFACE

RELIEF_CHANNELS = 3
"""Depth, logit of the head, logit of the torso."""
NEAREST, FARTHEST = -1.25, 0.75
"""Depths that F can give, crop units; z points into the picture."""
PROBES = (-1.05, 0.45)
"""Depths of the first and the last probe: between them are nearly all pixels of rendered heads."""
SOFTNESS = 0.03
"""Depth behind a surface at which a probe counts as inside by .73, crop units."""
BEND_REACH, BEND_RIDGE = 0.4, 0.5
"""Standard deviation of what a keypoint bends around it, crop units, and the ridge of their fit: on
120 people that were never trained on they take the depth of skin from .055 to .048 off."""
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

    def anchored(self, keypoints: Tensor, *, bend: bool = False) -> Relief:
        """Moved along z so that it lies among the keypoints of the source.

        How near a head is as a whole is seen badly in its picture, and keypoints know it: depth
        and motion must agree on it. The shift is the median of their distances in z, as some
        keypoints are hidden. With `bend` what they are off beyond it is spread around them: a sum
        of Gaussians at the keypoints (`BEND_REACH`), fitted with a ridge (`BEND_RIDGE`).

        Args:
            keypoints: (B, K, 3).
            bend: Whether the surface bends towards each keypoint.
        """
        points = keypoints[:, list(ON_SURFACE)]
        places = points[..., :2]
        found = sample(self.depth, places[:, :, None])[:, 0, :, 0]
        distance = points[..., 2] - found
        shift = lower_median(distance)
        moved = self.depth + shift[..., None, None]
        if bend:
            moved = moved + _spread(distance - shift, places, self.depth.shape[-1])[:, None]
        return replace(self, depth=moved)

    @classmethod
    def of(cls, maps: Tensor) -> Relief:
        """That of the maps (B, 3, 64, 64) of a `ReliefPredictor`."""
        depth, head, torso = maps.split(1, 1)
        return cls(depth=depth, head_logit=head, torso_logit=torso)


def _spread(values: Tensor, places: Tensor, size: int) -> Tensor:
    """(B, size, size) smooth field that is near (B, N) values at (B, N, 2) places."""
    near = _nearness(places, places)
    ridge = BEND_RIDGE * torch.eye(near.shape[-1], device=near.device)
    weights = solved(near + ridge, values[..., None])
    grid = identity_grid(size, values).flatten(1, 2).expand(len(values), -1, -1)
    return (_nearness(grid, places) @ weights)[..., 0].unflatten(1, (size, size))


def _nearness(places: Tensor, others: Tensor) -> Tensor:
    """(B, N, M): 1 at the same place, falling as a Gaussian."""
    distance = (places[:, :, None] - others[:, None]).square().sum(-1)
    return torch.exp(-distance / (2 * BEND_REACH**2))


class ReliefPredictor(nn.Module):
    """Features and picture of a source -> maps of its `Relief`."""

    def __init__(self, features: int, width: float = 1.0, blocks: int = 0) -> None:
        super().__init__()
        h1, h2, fine = (scaled(c, width) for c in (64, 96, 32))
        self.enter = conv(features, h1)
        self.down1, self.down1_norm = conv(h1, h2, 3, 2), group_norm(h2)
        self.down2, self.down2_norm = conv(h2, h2, 3, 2), group_norm(h2)
        self.middle = ResidualBlock(h2)
        self.up2, self.up2_norm = conv(2 * h2, h2), group_norm(h2)
        self.up1, self.up1_norm = conv(h2 + h1, h1), group_norm(h1)
        self.fine, self.out = conv(h1 + 3, fine), conv(fine, RELIEF_CHANNELS)
        self.middle_deeper = zero_initialised_blocks(h2, blocks)
        self.up2_deeper = zero_initialised_blocks(h2, blocks // 2)
        self.up1_deeper = zero_initialised_blocks(h1, blocks // 2)

    def forward(self, features: Tensor, face: Tensor) -> Tensor:
        """(B, C, 32, 32), (B, 3, P, P) -> (B, 3, 64, 64), float32: the maps of a `Relief`."""
        a = rectified(self.enter(features))
        b = rectified(self.down1_norm(self.down1(a)))
        c = self.middle_deeper(self.middle(rectified(self.down2_norm(self.down2(b)))))
        u = rectified(self.up2_norm(self.up2(joined((double(c), b)))))
        u = rectified(self.up1_norm(self.up1(joined((double(self.up2_deeper(u)), a)))))
        u = self.up1_deeper(u)
        fine = rectified(self.fine(joined((double(u), resize(face, FINE_SIZE)), u.dtype)))
        maps = self.out(fine).float()
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


def plane_sweep(relief: Relief, planes: MovedPlanes, probes: int) -> PlaneSweep:
    """Look for the surface of the source along the depth of each driving pixel.

    Convention:
        - the head is rigid here; what lies behind its surface counts as filled
        - mismatch: how far a probe lies behind the surface, crop units; negative before it
        - met first: the mean of the crossings between neighbouring probes, weighed by the chance
          that no nearer probe is inside, with a line through both mismatches

    Args:
        relief: Of the source.
        planes: Of 64 px.
        probes: How many depths are tried, 2 or more.
    """
    depths = torch.linspace(*PROBES, probes, device=relief.depth.device)
    places = planes.at(depths)  # (B, probes, 64, 64, 3)
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


def _first_crossing(mismatch: Tensor, head: Tensor, depths: Tensor) -> tuple[Tensor, Tensor]:
    """Depth and certainty of the first surface, (B, 64, 64) each, of (B, probes, 64, 64)."""
    inside = torch.sigmoid(mismatch / SOFTNESS) * head
    free = cumulative_product(1 - inside)
    reached = torch.cat((torch.ones_like(free[:, :1]), free[:, :-1]), 1)
    before, after = mismatch[:, :-1], mismatch[:, 1:]
    share = (-before / (after - before).clamp(min=1e-3)).clamp(0, 1)
    step = (depths[1:] - depths[:-1]).view(1, -1, 1, 1)
    crossing = depths[:-1].view(1, -1, 1, 1) + share * step
    crossing = torch.cat((depths[0].expand_as(mismatch[:, :1]), crossing), 1)
    weight = reached * inside
    hit = weight.sum(1)
    return (weight * crossing).sum(1) / hit.clamp(min=1e-4), hit
