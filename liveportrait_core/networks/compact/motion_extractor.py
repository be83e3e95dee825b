"""M of the compact family: keypoints as heat-map centres, pose and depth from an MLP."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...constants import NUM_KEYPOINTS
from ...geometry import RADIAN, full_precision, rotation_from_degrees
from ..outputs import MotionHeads
from .layers import (
    BASE_SIZE_PX,
    DETAIL_SIZE_PX,
    channels_last,
    conv,
    convolved_beside,
    double,
    pixel_centres,
    rectified,
    resize,
    scaled,
)


class _ConvNorm(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        )


class _Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first, self.second = _ConvNorm(inputs, outputs, stride), _ConvNorm(outputs, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        return rectified(self.shortcut(x) + self.second(rectified(self.first(x))))


class _Detail(nn.Sequential):
    """Features of the larger picture, added to the stem; zero until trained."""

    def __init__(self, outputs: int) -> None:
        middle = max(8, outputs * 2 // 3)
        last = _ConvNorm(middle, outputs, 2)
        _zero_initialise_norm(last)
        super().__init__(_ConvNorm(3, middle, 2), nn.ReLU(inplace=True), last)


def _zero_initialised_blocks(channels: int, count: int) -> nn.Sequential:
    blocks = [_Block(channels, channels) for _ in range(count)]
    for block in blocks:
        _zero_initialise_norm(block.second)
    return nn.Sequential(*blocks)


def _zero_initialise_norm(layer: _ConvNorm) -> None:
    norm = layer[1]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.zeros_(norm.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionPrediction:
    """Everything that M predicts of a face; training supervises each part."""

    keypoints: Tensor
    """(B, K, 3) the posed keypoints themselves, crop units."""
    canonical: Tensor
    """(B, K, 3)."""
    pose_deg: Tensor
    """(B, 3) pitch, yaw, roll in degrees."""
    scale: Tensor
    """(B, 1)."""
    translation: Tensor
    """(B, 3), z zero."""
    expression: Tensor
    """(B, K, 3): the remainder, so that Eq. 2 gives `keypoints` exactly."""
    log_heat: Tensor
    """(B, K, 64, 64) logarithms of the heat-maps, each of sum 1."""


class CompactMotionExtractor(nn.Module):
    """M: a small residual network with a feature pyramid up to 64 px heat-maps."""

    mean_canonical: Tensor

    def __init__(self, width: float = 1.0, blocks: int = 0, *, detailed: bool = False) -> None:
        super().__init__()
        c0, c1, c2, c3 = (scaled(c, width) for c in (24, 48, 80, 128))
        top, mid, last = (scaled(c, width) for c in (80, 56, 40))
        hidden, pooled = scaled(192, width), scaled(32, width)
        self.stem = _ConvNorm(3, c0, 2)
        self.down1 = _Block(c0, c1, 2)
        self.down2 = _Block(c1, c2, 2)
        self.down3 = nn.Sequential(_Block(c2, c3, 2), _Block(c3, c3))
        self.join2, self.up2 = nn.Conv2d(c3 + c2, top, 1), _Block(top, top)
        self.join1, self.up1 = nn.Conv2d(top + c1, mid, 1), _Block(mid, mid)
        self.fuse = conv(mid + c0, last)
        self.heat = conv(last, NUM_KEYPOINTS, 1)
        self.pool = nn.Sequential(conv(c3, pooled, 1), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.trunk = nn.Sequential(
            nn.Linear(pooled * 16 + 2 * NUM_KEYPOINTS, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
        )
        self.head = nn.Linear(hidden, NUM_KEYPOINTS * 4 + 6)
        self.head.weight.data *= 0.3
        self.head.bias.data.zero_()
        self.detail = _Detail(c0) if detailed else None
        self.low_deeper, self.top_deeper = (
            _zero_initialised_blocks(c3, blocks),
            _zero_initialised_blocks(top, blocks // 2),
        )
        self.register_buffer("mean_canonical", torch.zeros(NUM_KEYPOINTS, 3))

    def features(self, face: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features of (B, 3, P, P) faces in [0, 1]: maps of 64, 32 and 16 px."""
        if self.detail is None:
            first = self.stem(channels_last(resize(face, BASE_SIZE_PX)) * 2 - 1)
        else:
            fine = resize(face, DETAIL_SIZE_PX)
            halves = face.shape[-1] % DETAIL_SIZE_PX == 0  # means of means are the same means
            first = self.stem(channels_last(resize(fine if halves else face, BASE_SIZE_PX)) * 2 - 1)
            first = first + self.detail(channels_last(fine) * 2 - 1)
        a = rectified(first)
        b = self.down1(a)
        return a, b, self.down2(b)

    def read(self, face: Tensor) -> MotionPrediction:
        """The prediction for (B, 3, P, P) faces in [0, 1]."""
        return self.read_features(self.features(face))

    def read_features(self, features: tuple[Tensor, Tensor, Tensor]) -> MotionPrediction:
        """The prediction from the three maps of `features`."""
        d, log_heat = self._low_and_heat(features)
        xy = _centres_of(log_heat)
        layout = (xy - xy.mean(1, keepdim=True)).flatten(1) * 3
        values = self.head(self.trunk(torch.cat((self.pool(d).float(), layout), 1))).float()
        return self._compose(xy, values, log_heat)

    def landmarks(self, face: Tensor) -> Tensor:
        """(B, K, 2) the posed keypoints' x and y alone, as `read` gives them, crop units.

        Args:
            face: (B, 3, P, P) in [0, 1].
        """
        return _centres_of(self._low_and_heat(self.features(face))[1])

    def _low_and_heat(self, features: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Maps of 8 px, and logarithms of the heat-maps (B, K, 64, 64)."""
        a, b, c = features
        d = self.low_deeper(self.down3(c))
        u = self.top_deeper(self.up2(self.join2(torch.cat((double(d), c), 1))))
        u = self.up1(self.join1(torch.cat((double(u), b), 1)))
        u = rectified(convolved_beside(self.fuse, u, (a,)))
        return d, self.heat(u).float().flatten(2).log_softmax(-1).unflatten(-1, u.shape[-2:])

    def _compose(self, xy: Tensor, values: Tensor, log_heat: Tensor) -> MotionPrediction:
        flat, depth, rest = values.split((NUM_KEYPOINTS * 3, NUM_KEYPOINTS, 6), 1)
        canonical = flat.unflatten(1, (-1, 3)) * 0.1 + self.mean_canonical
        z = depth * 0.3 + self.mean_canonical[:, 2]
        keypoints = torch.cat((xy, z[..., None]), -1)
        pose_deg = rest[:, :3] * 0.5 * (1 / RADIAN)
        scale = torch.exp(rest[:, 3:4] * 0.3)
        translation = F.pad(rest[:, 4:6] * 0.3, (0, 1))
        with full_precision(xy.device):
            rotation = rotation_from_degrees(*pose_deg.unbind(1))
            rigid = canonical @ rotation
        expression = (keypoints - translation[:, None]) / scale[:, None] - rigid
        return MotionPrediction(
            keypoints=keypoints,
            canonical=canonical,
            pose_deg=pose_deg,
            scale=scale,
            translation=translation,
            expression=expression,
            log_heat=log_heat,
        )

    def forward(self, face: Tensor) -> MotionHeads:
        """(B, 3, P, P) in [0, 1] -> heads in degrees and crop units."""
        reading = self.read(face)
        pitch, yaw, roll = reading.pose_deg.unbind(1)
        return MotionHeads(
            pitch=pitch,
            yaw=yaw,
            roll=roll,
            translation=reading.translation,
            expression=reading.expression.flatten(1),
            scale=reading.scale,
            canonical=reading.canonical.flatten(1),
        )


def _centres_of(log_heat: Tensor) -> Tensor:
    """(B, K, 2) centre of mass of each heat-map, crop units (soft-argmax)."""
    heat = log_heat.exp()
    centres = pixel_centres(heat.shape[-1], heat)
    return torch.stack(((heat.sum(2) * centres).sum(-1), (heat.sum(3) * centres).sum(-1)), -1)
