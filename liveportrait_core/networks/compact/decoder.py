"""G of the compact family: refines the flow, then blends warped and generated pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...graphs import runs_on_cpu
from ..convolutions import Conv2d, computes_freely
from .eyes import EyesBranch, EyesSource
from .heat import convolved_heat_maps
from .layers import (
    BASE_SIZE_PX,
    DETAIL_SIZE_PX,
    FINE_SIZE,
    channels_last,
    conv,
    convolved_together,
    double,
    folded_heat_maps,
    identity_grid,
    joined,
    leaky,
    pixel_centres,
    rectified,
    resize,
    resized_rows,
    sample,
    scaled,
    smoothed,
    zero_initialise,
)
from .mouth import MouthBranch, MouthSource
from .points import EXPRESSIVE
from .source import DecoderSource
from .tone import Tone
from .warping import FEATURE_CHANNELS, CompactWarped

MAX_RELIGHTING = 0.5
"""Largest gain and offset of warped pixels."""
_HEAT_SIGMA = 0.028
"""Standard deviation of the heat maps at 128 px, crop units."""
ROWS = 128
"""Of the picture that are composed together."""
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
        scale, shift = self.modulation(rectified(self.shared(guide))).chunk(2, 1)
        return torch.addcmul(shift, self.norm(x), 1 + scale)


class _SpadeBlock(nn.Module):
    def __init__(self, channels: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        self.spade1, self.conv1 = _Spade(channels, map_channels, hidden), conv(channels, channels)
        self.spade2, self.conv2 = _Spade(channels, map_channels, hidden), conv(channels, channels)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        y = self.conv1(leaky(self.spade1(x, guide)))
        return x + self.conv2(leaky(self.spade2(y, guide)))


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
        x = leaky(self.enter(joined(parts, features.dtype)))
        fine = F.pixel_shuffle(self.out(leaky(self.middle(x))).float(), 2)
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
        self.up = Conv2d(features, up, 3, padding=1)
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

    def source(self, face: Tensor, keypoints: Tensor) -> DecoderSource:
        """What G needs of (B, 3, P, P) sources with (B, K, 3) keypoints alone."""
        detail = None if self.detail is None else resize(face, DETAIL_SIZE_PX)
        base = resize(face, BASE_SIZE_PX)
        mouth, eyes = None, None
        if self.mouth is not None:
            mouth = MouthSource.of(face, keypoints, self.mouth_px)
        if self.eyes is not None:
            eyes = EyesSource.of(face, keypoints, self.eyes_px)
        return DecoderSource(base=base, detail=detail, tone=Tone.of(base), mouth=mouth, eyes=eyes)

    def compose(self, warped: CompactWarped) -> Composition:
        """The picture with its flow, its blend mask and its generated part.

        Args:
            warped: From `CompactWarping`.
        """
        source = warped.decoder_source
        if source is None:
            source = self.source(warped.face, warped.source_keypoints)
        y, flow = self._refined(warped, source)
        layers = [self.out] if self.relight is None else [self.out, self.relight]
        folded, *lights = convolved_together(y, *layers)
        logits = F.pixel_shuffle(folded.float(), 2)  # red, green, blue, mask
        light = torch.tanh(lights[0].float()) * MAX_RELIGHTING if lights else None
        if self.detail is not None and source.detail is not None:
            moved = _read(source.detail, _enlarged(flow, DETAIL_SIZE_PX))
            logits = self.detail(y, logits, moved)
        generated, mask = logits.sigmoid().split((3, 1), 1)
        if source.tone.is_any:
            generated = source.tone.applied(generated)
            light = None if light is None else source.tone.relit(light)
        falloff = _falloff_of(warped)
        image = composed(warped.face, flow, light, mask, generated, falloff)
        points = warped.driving_keypoints
        if self.mouth is not None and source.mouth is not None:
            image = self.mouth.painted_over(image, source.mouth, points, source.tone, falloff)
        if self.eyes is not None and source.eyes is not None:
            image = self.eyes.painted_over(image, source.eyes, points, source.tone, falloff)
        return Composition(image=image, flow=flow, mask=mask, generated=generated, light=light)

    def _refined(self, warped: CompactWarped, source: DecoderSource) -> tuple[Tensor, Tensor]:
        """Features that the picture is generated from, at 64 px, and the refined flow."""
        dtype = self.first.weight.dtype
        features = channels_last(warped.features.to(dtype))
        x = leaky(self.first(features))
        x = self.spade(x, features)
        for block in self.deeper:
            x = block(x, features)
        x = leaky(self.up.of_upsampled(x, 2))
        coarse = _enlarged(warped.flow_2d, BASE_SIZE_PX)
        shift = (warped.flow_2d - _identity(warped.flow_2d)) * 4
        parts = [x, warped.fine, _folded(_read(source.base, coarse)), shift]
        y = leaky(self._entered([part.to(dtype) for part in parts], warped.driving_keypoints))
        y = leaky(self.conv2(y))
        delta = F.pixel_shuffle(torch.tanh(self.flow(y).float()) * 0.15, 2)
        flow = coarse + smoothed(delta)
        change = (resize(flow, FINE_SIZE) - warped.flow_2d) * 4
        parts = [y, _folded(_read(source.base, flow)), double(warped.occlusion), change]
        y = leaky(self.conv3(joined(parts, dtype)))
        return leaky(self.conv4(y)), flow

    def _entered(self, parts: Sequence[Tensor], keypoints: Tensor) -> Tensor:
        """`conv1` of maps of 64 px, with heat maps of the keypoints before the last of them."""
        keypoints = keypoints[:, list(EXPRESSIVE)]
        before, after = sum(part.shape[1] for part in parts[:-1]), parts[-1].shape[1]
        weight, bias = self.conv1.weight, self.conv1.bias
        if not computes_freely(parts[0], weight):
            heat = folded_heat_maps(keypoints, BASE_SIZE_PX, _HEAT_SIGMA)
            return self.conv1(joined((*parts[:-1], heat, parts[-1]), weight.dtype))
        of_heat = weight[:, before : weight.shape[1] - after]
        others = torch.cat((weight[:, :before], weight[:, weight.shape[1] - after :]), 1)
        entered = F.conv2d(joined(parts), others, bias, 1, 1)
        return entered.add_(convolved_heat_maps(keypoints, BASE_SIZE_PX, _HEAT_SIGMA, of_heat))


def _falloff_of(warped: CompactWarped) -> Tensor | None:
    """(P, P) weight of the change of each pixel; None changes all fully."""
    held = warped.edge_held
    if isinstance(held, bool):
        return edge_falloff(warped.face.shape[-1], warped.flow_2d) if held else None
    return 1 + held * (edge_falloff(warped.face.shape[-1], warped.flow_2d) - 1)


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


def composed(
    face: Tensor,
    flow: Tensor,
    light: Tensor | None,
    mask: Tensor,
    generated: Tensor,
    falloff: Tensor | None,
) -> Tensor:
    """The source, warped and relit, where the mask is 1, generated pixels where it is 0.

    Flow, light and generated weight are multiplied by `falloff`: where it is 0 the source stays.
    On a processor it is made some rows at a time, which then stay near to it, where no gradient
    is wanted.

    Args:
        face: (B, 3, P, P) the source.
        flow: (B, 2, h, h) where each pixel is read, in [-1, 1].
        light: (B, 6, h, h) gain and offset of warped pixels.
        mask: (B, 1, h, h).
        generated: (B, 3, h, h).
        falloff: (P, P) weights of the change; None changes all fully.

    Returns:
        (B, 3, P, P).
    """
    size = face.shape[-1]
    displacement = (flow - _identity(flow)).contiguous()
    replacing = torch.cat((generated, 1 - mask), 1)
    maps = [displacement, replacing] + ([] if light is None else [light.contiguous()])
    fits = all(size % part.shape[-1] == 0 and ROWS % (size // part.shape[-1]) == 0 for part in maps)
    if runs_on_cpu(face.device) and not torch.is_grad_enabled() and fits:
        image = torch.empty_like(face)
        for row in range(0, size, ROWS):
            rows = slice(row, min(row + ROWS, size))
            resized = [resized_rows(part, size, rows) for part in maps]
            image[:, :, rows] = _composed_rows(face, resized, rows, falloff)
        return image
    whole = [resize(part, size) for part in maps]
    return _composed_rows(face, whole, slice(0, size), falloff)


def _composed_rows(
    face: Tensor, maps: Sequence[Tensor], rows: slice, falloff: Tensor | None
) -> Tensor:
    """Rows of `composed`: of displacement, of generated pixels and their weight, and of light."""
    displacement, replacing, *light = maps
    of_rows = None if falloff is None else falloff[rows]
    centres = pixel_centres(face.shape[-1], face)
    x = _changed(centres, displacement[:, 0], of_rows)
    y = _changed(centres[rows, None], displacement[:, 1], of_rows)
    moved = sample(face, torch.stack((x, y), 1).permute(0, 2, 3, 1))
    for part in light:
        gain, offset = part.chunk(2, 1)
        moved = _changed(moved, torch.addcmul(offset, moved, gain), of_rows).clamp(0, 1)
    generated, weight = replacing.split((3, 1), 1)
    return torch.lerp(moved, generated, weight if of_rows is None else weight * of_rows)


def _changed(value: Tensor, change: Tensor, weight: Tensor | None) -> Tensor:
    return value + change if weight is None else torch.addcmul(value, change, weight)


def _enlarged(flow: Tensor, size: int) -> Tensor:
    """A flow on more pixels; its displacement is interpolated, so that the identity stays exact."""
    return resize(flow - _identity(flow), size) + _identity(flow, size)


def _identity(flow: Tensor, size: int | None = None) -> Tensor:
    return identity_grid(size or flow.shape[-1], flow).permute(0, 3, 1, 2)


def _read(picture: Tensor, flow: Tensor) -> Tensor:
    return sample(picture, flow.permute(0, 2, 3, 1))


def _folded(picture: Tensor) -> Tensor:
    return F.pixel_unshuffle(picture, 2)
