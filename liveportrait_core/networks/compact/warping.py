"""W of the compact family: background, rigid head, and features that move on the head."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    channels_last,
    conv,
    convolved_beside,
    convolved_together,
    group_norm,
    heat_maps,
    identity_grid,
    joined,
    log_heat_maps,
    rectified,
    resize,
    sample,
    sample_volume,
    scaled,
    zero_initialise,
    zero_initialised_blocks,
)
from .planes import MovedPlanes
from .points import DEPTH_RANGE, REACH, RIGIDITY
from .relief import PlaneSweep, Relief, plane_sweep, sweep_channels
from .source import CompactSource, DecoderSource, WarpingSource

FEATURE_CHANNELS = 80
_PROBE_DEPTHS = (-0.7, -0.3, 0.15)
"""Depths at which the source is warped rigidly, as input for the network."""
_FACE_DEPTH = -0.6
"""Depth of a typical face, at which the picture is warped rigidly for the fine flow."""
_COARSE_HEAT, _FINE_HEAT = 0.07, 0.045
"""Standard deviations of the heat maps at 32 and 64 px, crop units."""
_ALONE = -2.0
"""Logit of a pixel that moves with no keypoint."""


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
    decoder_source: DecoderSource | None = None
    """What G made of the source before."""


@dataclass(frozen=True, slots=True)
class _DenseMotion:
    """The predicted motion at 64 px, before it is converted to a flow."""

    background: Tensor  # (B, h, w, 1)
    depth: Tensor  # (B, h, w)
    local: Tensor  # (B, h, w, 3)
    residual: Tensor  # (B, h, w, 2), residual flow


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
            conv(flat, seg),
            nn.ReLU(inplace=True),
            conv(seg, seg),
            nn.ReLU(inplace=True),
            conv(seg, 1, 1),
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
        # not in files: with values of their own also where the rest is built without memory
        for name, values in (("rigidity", RIGIDITY), ("reach", REACH)):
            self.register_buffer(name, torch.tensor(values, device="cpu"), persistent=False)

    def forward(
        self,
        feature_volume: Tensor,
        source_keypoints: Tensor,
        driving_keypoints: Tensor,
        source: CompactSource | None = None,
    ) -> CompactWarped:
        """(B, 16 + n, 6, 32, 32), (B, K, 3), (B, K, 3) -> `CompactWarped`.

        Args:
            feature_volume: From F.
            source_keypoints: x_s.
            driving_keypoints: x_d.
            source: What this W and its G made of this volume and these source keypoints, which
                then are not looked at again; of one source or of B.
        """
        x_d = driving_keypoints.float()
        if source is None:
            return self._moved(self.source(feature_volume, source_keypoints), x_d)
        source = source.of_batch(len(x_d))
        return replace(self._moved(source.warping, x_d), decoder_source=source.decoder)

    def source(self, feature_volume: Tensor, source_keypoints: Tensor) -> WarpingSource:
        """What W needs of (B, 16 + n, 6, 32, 32) and (B, K, 3) of sources alone."""
        volume, face, relief = unpack(feature_volume, with_relief=self.depth_probes > 0)
        x_s = source_keypoints.float()
        flat = channels_last(volume.flatten(1, 2).to(self.compress.weight.dtype))
        if relief is not None:
            with full_precision(volume.device):
                relief = relief.anchored(x_s, bend=self.bend_relief)
        middle = resize(face, FINE_SIZE)
        return WarpingSource(
            learned=volume,
            face=face,
            keypoints=x_s,
            heat=heat_maps(x_s, VOLUME_SIZE, _COARSE_HEAT),
            small_face=resize(middle, VOLUME_SIZE),
            middle_face=middle,
            squeezed=self.compress(flat),
            head_logit=self.segment(flat).float(),
            relief=relief,
        )

    def _moved(self, source: WarpingSource, x_d: Tensor) -> CompactWarped:
        dtype = self.compress.weight.dtype
        rigid = fit_similarity(x_d, source.keypoints, self.rigidity)
        coarse_planes = MovedPlanes.of(rigid, VOLUME_SIZE)
        planes = MovedPlanes.of(rigid, FINE_SIZE)
        swept: PlaneSweep | None = None
        maps: Tensor | None = None
        if source.relief is not None:
            with full_precision(x_d.device):
                swept = plane_sweep(source.relief, planes, self.depth_probes)
            maps = channels_last(swept.maps.to(dtype))
        coarse, warped_heads = self._coarse(source, x_d, coarse_planes, maps)
        fine = self._fine(coarse, warped_heads, source, x_d, planes, maps)
        decided, background_logit = self._decide(fine, warped_heads, source, x_d, rigid, swept)
        with full_precision(x_d.device):
            flow_2d = _flow_2d(decided, planes)
            flow = _flow_3d(decided, coarse_planes)
            warped = sample_volume(source.learned, flow).flatten(1, 2)
        occlusion = torch.sigmoid(self.occlusion(coarse).float())
        return CompactWarped(
            features=self.out(channels_last(warped.to(dtype))) * occlusion.to(dtype),
            flow=flow,
            occlusion=occlusion,
            face=source.face,
            source_keypoints=source.keypoints,
            driving_keypoints=x_d,
            flow_2d=flow_2d.permute(0, 3, 1, 2),
            fine=fine,
            background_logit=background_logit,
            head_logit=source.head_logit,
            depth=decided.depth,
            relief=source.relief,
        )

    def _coarse(
        self, source: WarpingSource, x_d: Tensor, planes: MovedPlanes, swept: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Features of the motion at 32 px, and the head's mask moved to each probed depth."""
        squeezed, head = source.squeezed, source.head_logit.sigmoid()
        probed = planes.at(torch.tensor(_PROBE_DEPTHS, device=x_d.device))[..., :2]
        both = torch.cat((squeezed.float(), head), 1)
        met = sample(both, probed.flatten(1, 2)).unflatten(2, (len(_PROBE_DEPTHS), VOLUME_SIZE))
        heads = met[:, -1]
        shift = (probed[:, 1] - identity_grid(VOLUME_SIZE, x_d)).permute(0, 3, 1, 2)
        parts = [squeezed, met[:, :-1].transpose(1, 2).flatten(1, 2)]
        parts += [heat_maps(x_d, VOLUME_SIZE, _COARSE_HEAT), source.heat, shift]
        parts += [source.small_face, head, heads]
        entered = self.enter(joined(parts, squeezed.dtype))
        if swept is not None:
            entered = entered + self.enter_swept(resize(swept, VOLUME_SIZE))
        a = rectified(entered)
        b = rectified(self.down1_norm(self.down1(a)))
        c = self.middle_deeper(self.middle(rectified(self.down2_norm(self.down2(b)))))
        u = rectified(self.up2_norm(convolved_beside(self.up2, c, (b,))))
        u = rectified(self.up1_norm(convolved_beside(self.up1, u, (a,))))
        return self.coarse_deeper(u), heads

    def _fine(
        self,
        coarse: Tensor,
        heads: Tensor,
        source: WarpingSource,
        x_d: Tensor,
        planes: MovedPlanes,
        swept: Tensor | None,
    ) -> Tensor:
        picture = source.middle_face
        turned = planes.at(torch.tensor((_FACE_DEPTH,), device=x_d.device))[:, 0, ..., :2]
        parts = [heat_maps(x_d, FINE_SIZE, _FINE_HEAT), picture]
        parts += [sample(picture, turned), resize(heads, FINE_SIZE)]
        fine = convolved_beside(self.fine, coarse, parts)
        if swept is not None:
            fine = fine + self.fine_swept(swept)
        return self.fine_deeper(rectified(fine))

    def _decide(
        self,
        fine: Tensor,
        heads: Tensor,
        source: WarpingSource,
        x_d: Tensor,
        rigid: Similarity,
        swept: PlaneSweep | None,
    ) -> tuple[_DenseMotion, Tensor]:
        layers = [self.decide] if swept is None else [self.decide, self.trust]
        decided, *trusted = (
            maps.float().permute(0, 2, 3, 1) for maps in convolved_together(fine, *layers)
        )  # (B, h, w, C)
        background, depth, weights, residual = decided.split((1, 1, NUM_KEYPOINTS + 1, 2), -1)
        any_head = resize(heads, FINE_SIZE).amax(1)[..., None]
        background_logit = background * 4 + 3 * (1 - 2 * any_head)
        near, far = DEPTH_RANGE
        own_depth = far + (near - far) * torch.sigmoid(depth[..., 0] * 2 + 1.1)
        if swept is not None:  # as far as the network trusts what the probes met
            trust = torch.tanh(trusted[0][..., 0]) * swept.hit
            own_depth = own_depth + trust * (swept.depth - own_depth)
        with full_precision(fine.device):
            prior = log_heat_maps(x_d, FINE_SIZE, self.reach)
            prior = F.pad(prior, (0, 1), value=_ALONE)
            weights = (weights + prior).softmax(-1)[..., :-1]
            local = torch.einsum("bhwk,bkc->bhwc", weights, source.keypoints - rigid(x_d))
        return _DenseMotion(
            background=background_logit.sigmoid(),
            depth=own_depth,
            local=local,
            residual=torch.tanh(residual) * 0.3,
        ), background_logit.permute(0, 3, 1, 2)


def _flow_2d(motion: _DenseMotion, planes: MovedPlanes) -> Tensor:
    """(B, 64, 64, 2): flow of the visible surface."""
    grid = identity_grid(FINE_SIZE, motion.depth)
    head = (planes.surface(motion.depth) + motion.local)[..., :2]
    return motion.background * grid + (1 - motion.background) * head + motion.residual


def _flow_3d(motion: _DenseMotion, planes: MovedPlanes) -> Tensor:
    """(B, 6, 32, 32, 3): the same motion for every slice of the volume."""
    background, local, residual = (
        F.avg_pool2d(field.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)[:, None]
        for field in (motion.background, motion.local, motion.residual)
    )
    near, far = DEPTH_RANGE
    depths = torch.linspace(near, far, VOLUME_DEPTH, device=local.device)
    grid = identity_grid(VOLUME_SIZE, local)[:, None].expand(-1, VOLUME_DEPTH, -1, -1, -1)
    z = depths.view(1, -1, 1, 1, 1).expand(*grid.shape[:-1], 1)
    still = torch.cat((grid, z), -1)
    head = planes.at(depths) + local
    moved = background * still + (1 - background) * head
    z = (moved[..., 2:] - near) / (far - near) * 2 - 1
    return torch.cat((moved[..., :2] + residual, z), -1)
