"""G of the compact family: refines the flow, then blends warped and generated pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .eyes import EyesBranch
from .layers import (
    BASE_SIZE_PX,
    DETAIL_SIZE_PX,
    conv,
    double,
    heat_maps,
    identity_grid,
    resize,
    sample,
    scaled,
    zero_initialise,
)
from .mouth import MouthBranch
from .points import EXPRESSIVE
from .tone import Tone
from .warping import FEATURE_CHANNELS, CompactWarped

MAX_RELIGHTING = 0.5
"""Largest gain and offset of warped pixels."""
FALLOFF_START, FALLOFF_END = 1 / 32, 0.18
"""Distances to the edge, in sides of the picture, between which the weight of the change rises
from 0 to 1. Nearer than `FALLOFF_START` a pasted picture fades into its frame."""


class _Spade(nn.Module):
    """SPADE (Park et al., 2019): a normalisation whose scale and shift come from a feature map."""

    def __init__(self, channels: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(channels, channels, affine=False)
        self.shared, self.modulation = conv(map_channels, hidden), conv(hidden, 2 * channels)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        scale, shift = self.modulation(F.relu(self.shared(guide))).chunk(2, 1)
        return self.norm(x) * (1 + scale) + shift


class _SpadeBlock(nn.Module):
    def __init__(self, channels: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        self.spade1, self.conv1 = _Spade(channels, map_channels, hidden), conv(channels, channels)
        self.spade2, self.conv2 = _Spade(channels, map_channels, hidden), conv(channels, channels)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        y = self.conv1(_leaky(self.spade1(x, guide)))
        return x + self.conv2(_leaky(self.spade2(y, guide)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The picture and the parts that it is blended from; of one tone, where the source has one."""

    image: Tensor
    """(B, 3, P, P) in [0, 1]; mouth and eyes are those of their branches, where there are any."""
    flow: Tensor
    """(B, 2, 128, 128) refined, in [-1, 1]."""
    mask: Tensor
    """(B, 1, p, p): 1 takes the warped pixel, 0 the generated one; p is 128, or 256 in detail."""
    generated: Tensor
    """(B, 3, p, p) in [0, 1]."""
    light: Tensor | None
    """(B, 6, 64, 64) gain and offset of the warped pixels: a head that turns is relit."""


class _Detail(nn.Module):
    """The last doubling: the detail of 256 px beyond 128, for the generated picture and its mask.

    It works on maps of 128 px whose channels are the four sub-pixels.
    """

    def __init__(self, features: int, width: float) -> None:
        super().__init__()
        hidden = scaled(32, width)
        self.enter = conv(features // 4 + 12 + 4, hidden)
        self.middle, self.out = conv(hidden, hidden), conv(hidden, 16)
        zero_initialise(self.out)

    def forward(self, features: Tensor, logits: Tensor, moved: Tensor) -> Tensor:
        """Logits of picture and mask.

        Args:
            features: (B, C, 64, 64) from which the picture of 128 px was generated.
            logits: (B, 4, 128, 128) of that picture and its mask.
            moved: (B, 3, 256, 256) the source, warped.

        Returns:
            (B, 4, 256, 256).
        """
        parts = [F.pixel_shuffle(features, 2), _folded(moved), logits]
        x = _leaky(self.enter(torch.cat([part.to(features.dtype) for part in parts], 1)))
        fine = F.pixel_shuffle(self.out(_leaky(self.middle(x))).float(), 2)
        return resize(logits, DETAIL_SIZE_PX) + fine


class CompactDecoder(nn.Module):
    """G: warped features and the source's pixels -> picture of the source's size.

    The part at 128 px works on maps of 64 px whose channels are the four sub-pixels.
    """

    def __init__(
        self,
        width: float = 1.0,
        blocks: int = 0,
        *,
        detailed: bool = False,
        mouth_px: int = 0,
        eyes_px: int = 0,
    ) -> None:
        super().__init__()
        features, up, fine = (scaled(c, width) for c in (FEATURE_CHANNELS, 48, 40))
        hidden, spade = scaled(64, width), scaled(32, width)
        self.first = conv(features, features)
        self.spade = _SpadeBlock(features, features, spade)
        deeper = [_SpadeBlock(features, features, spade) for _ in range(blocks // 2)]
        for block in deeper:
            zero_initialise(block.conv2)
        self.deeper = nn.ModuleList(deeper)
        self.detail = _Detail(up, width) if detailed else None
        self.relight = conv(up, 6) if detailed else None
        if self.relight is not None:
            zero_initialise(self.relight)
        self.mouth_px = mouth_px
        self.mouth = MouthBranch(mouth_px, width) if mouth_px else None
        self.eyes_px = eyes_px
        self.eyes = EyesBranch(eyes_px, width) if eyes_px else None
        self.up = conv(features, up)
        self.conv1 = conv(up + fine + 12 + len(EXPRESSIVE) * 4 + 2, hidden)
        self.conv2, self.flow = conv(hidden, hidden), conv(hidden, 8)
        self.conv3, self.conv4, self.out = (
            conv(hidden + 12 + 3, hidden),
            conv(hidden, up),
            conv(up, 16),
        )
        self.flow.weight.data *= 0.1
        self.flow.bias.data.zero_()  # type: ignore[union-attr]
        self.out.bias.data[12:] = 1.0  # type: ignore[index]

    def forward(self, warped: CompactWarped) -> Tensor:
        """`CompactWarped` -> (B, 3, P, P) RGB in [0, 1]."""
        return self.compose(warped).image

    def compose(self, warped: CompactWarped) -> Composition:
        """The picture with its flow, its blend mask and its generated part.

        Args:
            warped: From `CompactWarping`.
        """
        dtype = self.first.weight.dtype
        features = warped.features.to(dtype)
        x = _leaky(self.first(features))
        x = self.spade(x, features)
        for block in self.deeper:
            x = block(x, features)
        x = _leaky(self.up(double(x)))
        source = resize(warped.face, BASE_SIZE_PX)
        coarse = _enlarged(warped.flow_2d, BASE_SIZE_PX)
        heat = heat_maps(warped.driving_keypoints[:, list(EXPRESSIVE)], BASE_SIZE_PX, 0.028)
        shift = (warped.flow_2d - _identity(warped.flow_2d)) * 4
        parts = [x, warped.fine, _folded(_read(source, coarse)), _folded(heat), shift]
        y = _leaky(self.conv1(torch.cat([part.to(dtype) for part in parts], 1)))
        y = _leaky(self.conv2(y))
        delta = F.pixel_shuffle(torch.tanh(self.flow(y).float()) * 0.15, 2)
        flow = coarse + F.avg_pool2d(F.pad(delta, (1, 1, 1, 1), mode="replicate"), 3, 1)
        change = (F.avg_pool2d(flow, 2) - warped.flow_2d) * 4
        parts = [y, _folded(_read(source, flow)), double(warped.occlusion), change]
        y = _leaky(self.conv3(torch.cat([part.to(dtype) for part in parts], 1)))
        y = _leaky(self.conv4(y))
        logits = F.pixel_shuffle(self.out(y).float(), 2)  # red, green, blue, mask
        light: Tensor | None = None
        if self.relight is not None:
            light = torch.tanh(self.relight(y).float()) * MAX_RELIGHTING
        if self.detail is not None:
            face = resize(warped.face, DETAIL_SIZE_PX)
            logits = self.detail(y, logits, _read(face, _enlarged(flow, DETAIL_SIZE_PX)))
        generated, mask = logits.sigmoid().split((3, 1), 1)
        tone = Tone.of(source)
        if tone.is_any:
            generated = tone.applied(generated)
            light = None if light is None else tone.relit(light)
        falloff = edge_falloff(warped.face.shape[-1], flow) if warped.edge_held else None
        image = _composed(warped.face, flow, light, mask, generated, falloff)
        keypoints = (warped.source_keypoints, warped.driving_keypoints)
        if self.mouth is not None:
            image = self.mouth(image, warped.face, *keypoints, tone, falloff)
        if self.eyes is not None:
            image = self.eyes(image, warped.face, *keypoints, tone, falloff)
        return Composition(image=image, flow=flow, mask=mask, generated=generated, light=light)


def edge_falloff(size_px: int, like: Tensor) -> Tensor:
    """Weight of the change of each pixel of a picture that is pasted back, by its edge distance.

    Convention:
        - 0 within `FALLOFF_START` of the nearest edge, 1 beyond `FALLOFF_END` of it,
          3 t^2 - 2 t^3 between; toward a corner the smaller of both edges' weights

    Args:
        size_px: Side of the picture.
        like: Tensor whose device and type it takes.

    Returns:
        (size_px, size_px) in [0, 1].
    """
    place = (torch.arange(size_px, device=like.device, dtype=like.dtype) + 0.5) / size_px
    t = ((torch.minimum(place, 1 - place) - FALLOFF_START) / (FALLOFF_END - FALLOFF_START)).clamp(
        0, 1
    )
    along = t * t * (3 - 2 * t)
    return torch.minimum(along[:, None], along)


def _composed(
    face: Tensor,
    flow: Tensor,
    light: Tensor | None,
    mask: Tensor,
    generated: Tensor,
    falloff: Tensor | None,
) -> Tensor:
    """The source, warped and relit, where the mask is 1, generated pixels where it is 0.

    Flow, light and generated weight are multiplied by `falloff`: where it is 0 the source stays.
    """
    size = face.shape[-1]
    weight = 1 - resize(mask, size)
    displacement = resize(flow - _identity(flow), size)
    if falloff is not None:
        weight, displacement = weight * falloff, displacement * falloff
    moved = _read(face, displacement + _identity(flow, size))
    if light is not None:
        light = resize(light, size)
        gain, offset = (light if falloff is None else light * falloff).chunk(2, 1)
        moved = (moved * (1 + gain) + offset).clamp(0, 1)
    return (1 - weight) * moved + weight * resize(generated, size)


def _enlarged(flow: Tensor, size: int) -> Tensor:
    """A flow on more pixels; its displacement is interpolated, so that the identity stays exact."""
    return resize(flow - _identity(flow), size) + _identity(flow, size)


def _identity(flow: Tensor, size: int | None = None) -> Tensor:
    return identity_grid(size or flow.shape[-1], flow).permute(0, 3, 1, 2)


def _read(picture: Tensor, flow: Tensor) -> Tensor:
    return sample(picture, flow.permute(0, 2, 3, 1))


def _folded(picture: Tensor) -> Tensor:
    return F.pixel_unshuffle(picture, 2)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)
