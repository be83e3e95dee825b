"""W of the compact family: background, rigid head, and features that move on the head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...constants import NUM_KEYPOINTS
from ...geometry import Similarity, fit_similarity, full_precision
from ..outputs import Warped
from .appearance_extractor import unpack
from .layers import (
    FINE_SIZE,
    VOLUME_CHANNELS,
    VOLUME_DEPTH,
    VOLUME_SIZE,
    ResidualBlock,
    conv,
    double,
    group_norm,
    heat_maps,
    identity_grid,
    resize,
    sample,
    scaled,
    zero_initialise,
    zero_initialised_blocks,
)
from .points import DEPTH_RANGE, REACH, RIGIDITY
from .relief import PlaneSweep, Relief, plane_sweep, sweep_channels

FEATURE_CHANNELS = 80
_PROBE_DEPTHS = (-0.7, -0.3, 0.15)
"""Depths at which the source is warped rigidly, as input for the network."""
_FACE_DEPTH = -0.6
"""Depth of a typical face, at which the picture is warped rigidly for the fine flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactWarped(Warped):
    """`Warped` with more tensors for the compact decoder and its training."""

    face: Tensor
    """(B, 3, P, P) the source."""
    source_keypoints: Tensor
    """(B, K, 3)."""
    driving_keypoints: Tensor
    """(B, K, 3)."""
    flow_2d: Tensor
    """(B, 2, 64, 64) where each pixel is read in the source, in [-1, 1]."""
    fine: Tensor
    """(B, C, 64, 64) features of the dense motion."""
    background_logit: Tensor
    """(B, 1, 64, 64): the pixel is background, which stays where it is."""
    head_logit: Tensor
    """(B, 1, 32, 32): the source pixel is part of the head."""
    depth: Tensor
    """(B, 64, 64) z of the head at each driving pixel, crop units."""
    relief: Relief | None = None
    """Of the source, anchored at its keypoints, in a model with `depth_probes`."""


@dataclass(frozen=True, slots=True)
class _DenseMotion:
    """The predicted motion at 64 px, before it is converted to a flow."""

    background: Tensor  # (B, h, w, 1)
    depth: Tensor  # (B, h, w)
    local: Tensor  # (B, h, w, 3)
    residual: Tensor  # (B, h, w, 2), residual flow


def moved_plane(rigid: Similarity, grid: Tensor, depth: Tensor) -> Tensor:
    """Positions in the source of the pixels of a plane (or surface) of the driving head.

    Args:
        rigid: Similarity from driving to source.
        grid: (1, h, w, 2) x and y, crop units.
        depth: (B, h, w) z, crop units.

    Returns:
        (B, h, w, 3).
    """
    batch, height, width = depth.shape
    points = torch.cat((grid.expand(batch, -1, -1, -1), depth[..., None]), -1)
    return rigid(points.flatten(1, 2)).unflatten(1, (height, width))


class CompactWarping(nn.Module):
    """W: volume and keypoints -> warped features, flow and occlusion.

    The rigid motion is the weighted similarity from driving to source keypoints; what the
    keypoints move beyond it is spread around each of them with learned weights.
    """

    rigidity: Tensor
    reach: Tensor

    def __init__(
        self,
        width: float = 1.0,
        blocks: int = 0,
        depth_probes: int = 0,
        *,
        bend_relief: bool = False,
    ) -> None:
        super().__init__()
        flat, h0 = VOLUME_CHANNELS * VOLUME_DEPTH, scaled(48, width)
        h1, h2, fine, seg = (scaled(c, width) for c in (80, 112, 40, 24))
        squeezed, probes = scaled(12, width), len(_PROBE_DEPTHS)
        self.compress = conv(flat, squeezed, 1)
        self.segment = nn.Sequential(
            conv(flat, seg), nn.ReLU(), conv(seg, seg), nn.ReLU(), conv(seg, 1, 1)
        )
        inputs = squeezed * (1 + probes) + 2 * NUM_KEYPOINTS + 2 + 3 + 1 + probes
        self.enter = conv(inputs, h0)
        self.down1, self.down1_norm = conv(h0, h1, 3, 2), group_norm(h1)
        self.down2, self.down2_norm = conv(h1, h2, 3, 2), group_norm(h2)
        self.middle, self.middle_deeper = ResidualBlock(h2), zero_initialised_blocks(h2, blocks)
        self.up2, self.up2_norm = conv(h2 + h1, h1), group_norm(h1)
        self.up1, self.up1_norm = conv(h1 + h0, h0), group_norm(h0)
        self.fine = conv(h0 + NUM_KEYPOINTS + 3 + 3 + probes, fine)
        self.coarse_deeper, self.fine_deeper = (
            zero_initialised_blocks(h0, blocks),
            zero_initialised_blocks(fine, blocks // 2),
        )
        self.decide = conv(fine, 2 + NUM_KEYPOINTS + 1 + 2)
        self.decide.weight.data *= 0.1
        nn.init.zeros_(self.decide.bias)  # type: ignore[arg-type]
        self.occlusion, self.out = conv(h0, 1), conv(flat, scaled(FEATURE_CHANNELS, width))
        self.depth_probes, self.bend_relief = depth_probes, bend_relief
        if depth_probes:
            swept = sweep_channels(depth_probes)
            self.enter_swept, self.fine_swept = conv(swept, h0), conv(swept, fine)
            self.trust = conv(fine, 1)
            for layer in (self.enter_swept, self.fine_swept, self.trust):
                zero_initialise(layer)
        self.register_buffer("rigidity", torch.tensor(RIGIDITY), persistent=False)
        self.register_buffer("reach", torch.tensor(REACH), persistent=False)

    def forward(
        self, feature_volume: Tensor, source_keypoints: Tensor, driving_keypoints: Tensor
    ) -> CompactWarped:
        """(B, 16 + n, 6, 32, 32), (B, K, 3), (B, K, 3) -> `CompactWarped`."""
        volume, face, relief = unpack(feature_volume, with_relief=self.depth_probes > 0)
        x_s, x_d = source_keypoints.float(), driving_keypoints.float()
        rigid = fit_similarity(x_d, x_s, self.rigidity)
        flat = volume.flatten(1, 2).to(self.compress.weight.dtype)
        head_logit = self.segment(flat).float()
        swept: PlaneSweep | None = None
        if relief is not None:
            with full_precision(volume.device):
                relief = relief.anchored(x_s, bend=self.bend_relief)
                swept = plane_sweep(relief, rigid, self.depth_probes)
        maps = None if swept is None else swept.maps.to(flat.dtype)
        coarse, warped_heads = self._coarse(flat, face, head_logit.sigmoid(), x_s, x_d, rigid, maps)
        fine = self._fine(coarse, face, warped_heads, x_d, rigid, maps)
        decided, background_logit = self._decide(fine, warped_heads, x_s, x_d, rigid, swept)
        with full_precision(volume.device):
            flow_2d = _flow_2d(decided, rigid)
            flow = _flow_3d(decided, rigid)
            warped = sample(volume, flow).flatten(1, 2)
        occlusion = torch.sigmoid(self.occlusion(coarse).float())
        return CompactWarped(
            features=self.out(warped.to(flat.dtype)) * occlusion.to(flat.dtype),
            flow=flow,
            occlusion=occlusion,
            face=face,
            source_keypoints=x_s,
            driving_keypoints=x_d,
            flow_2d=flow_2d.permute(0, 3, 1, 2),
            fine=fine,
            background_logit=background_logit,
            head_logit=head_logit,
            depth=decided.depth,
            relief=relief,
        )

    def _coarse(
        self,
        flat: Tensor,
        face: Tensor,
        head: Tensor,
        x_s: Tensor,
        x_d: Tensor,
        rigid: Similarity,
        swept: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Features of the motion at 32 px, and the head's mask moved to each probed depth."""
        squeezed, grid = self.compress(flat), identity_grid(VOLUME_SIZE, flat)
        planes = [moved_plane(rigid, grid, _plane(x_d, VOLUME_SIZE, z)) for z in _PROBE_DEPTHS]
        heads = torch.cat([sample(head, plane[..., :2]) for plane in planes], 1)
        shift = (planes[1][..., :2] - grid).permute(0, 3, 1, 2)
        maps = [heat_maps(x, VOLUME_SIZE, 0.07) for x in (x_d, x_s)]
        parts = [squeezed, *(sample(squeezed, plane[..., :2]) for plane in planes)]
        parts += [*maps, shift, resize(face, VOLUME_SIZE), head, heads]
        entered = self.enter(torch.cat([part.to(flat.dtype) for part in parts], 1))
        if swept is not None:
            entered = entered + self.enter_swept(resize(swept, VOLUME_SIZE))
        a = F.relu(entered)
        b = F.relu(self.down1_norm(self.down1(a)))
        c = self.middle_deeper(self.middle(F.relu(self.down2_norm(self.down2(b)))))
        u = F.relu(self.up2_norm(self.up2(torch.cat((double(c), b), 1))))
        u = F.relu(self.up1_norm(self.up1(torch.cat((double(u), a), 1))))
        return self.coarse_deeper(u), heads

    def _fine(
        self,
        coarse: Tensor,
        face: Tensor,
        heads: Tensor,
        x_d: Tensor,
        rigid: Similarity,
        swept: Tensor | None,
    ) -> Tensor:
        picture = resize(face, FINE_SIZE)
        surface = _plane(x_d, FINE_SIZE, _FACE_DEPTH)
        turned = moved_plane(rigid, identity_grid(FINE_SIZE, face), surface)
        parts = [double(coarse), heat_maps(x_d, FINE_SIZE, 0.045), picture]
        parts += [sample(picture, turned[..., :2]), resize(heads, FINE_SIZE)]
        fine = self.fine(torch.cat([part.to(coarse.dtype) for part in parts], 1))
        if swept is not None:
            fine = fine + self.fine_swept(swept)
        return self.fine_deeper(F.relu(fine))

    def _decide(
        self,
        fine: Tensor,
        heads: Tensor,
        x_s: Tensor,
        x_d: Tensor,
        rigid: Similarity,
        swept: PlaneSweep | None,
    ) -> tuple[_DenseMotion, Tensor]:
        decided = self.decide(fine).float()
        background, depth, weights, residual = decided.split((1, 1, NUM_KEYPOINTS + 1, 2), 1)
        any_head = resize(heads, FINE_SIZE).amax(1, keepdim=True)
        background_logit = background * 4 + 3 * (1 - 2 * any_head)
        near, far = DEPTH_RANGE
        own_depth = far + (near - far) * torch.sigmoid(depth[:, 0] * 2 + 1.1)
        if swept is not None:  # as far as the network trusts what the probes met
            trust = torch.tanh(self.trust(fine).float()[:, 0]) * swept.hit
            own_depth = own_depth + trust * (swept.depth - own_depth)
        with full_precision(fine.device):
            grid = identity_grid(FINE_SIZE, fine)
            distance = (grid[:, None] - x_d[:, :, None, None, :2]).square().sum(-1)
            prior = -distance / (2 * self.reach.view(1, -1, 1, 1).square())
            none = torch.full_like(prior[:, :1], -2.0)  # logit of moving with no keypoint
            weights = (weights + torch.cat((prior, none), 1)).softmax(1)[:, :-1]
            local = torch.einsum("bkhw,bkc->bhwc", weights, x_s - rigid(x_d))
        return _DenseMotion(
            background=background_logit.sigmoid().permute(0, 2, 3, 1),
            depth=own_depth,
            local=local,
            residual=torch.tanh(residual).permute(0, 2, 3, 1) * 0.3,
        ), background_logit


def _plane(like: Tensor, size: int, depth: float) -> Tensor:
    return torch.full((like.shape[0], size, size), depth, device=like.device)


def _flow_2d(motion: _DenseMotion, rigid: Similarity) -> Tensor:
    """(B, 64, 64, 2): flow of the visible surface."""
    grid = identity_grid(FINE_SIZE, motion.depth)
    head = (moved_plane(rigid, grid, motion.depth) + motion.local)[..., :2]
    return motion.background * grid + (1 - motion.background) * head + motion.residual


def _flow_3d(motion: _DenseMotion, rigid: Similarity) -> Tensor:
    """(B, 6, 32, 32, 3): the same motion for every slice of the volume."""
    background, local, residual = (
        F.avg_pool2d(field.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        for field in (motion.background, motion.local, motion.residual)
    )
    near, far = DEPTH_RANGE
    grid = identity_grid(VOLUME_SIZE, local)
    slices: list[Tensor] = []
    for index in range(VOLUME_DEPTH):
        plane = _plane(local, VOLUME_SIZE, near + (far - near) * index / (VOLUME_DEPTH - 1))
        still = torch.cat((grid.expand(local.shape[0], -1, -1, -1), plane[..., None]), -1)
        moved = background * still + (1 - background) * (moved_plane(rigid, grid, plane) + local)
        z = (moved[..., 2:] - near) / (far - near) * 2 - 1
        slices.append(torch.cat((moved[..., :2] + residual, z), -1))
    return torch.stack(slices, 1)
