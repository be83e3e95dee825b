"""Augmentation: what happens to frames before a network sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.motion.regions import COMPACT_MIRROR
from liveportrait_core.networks.compact.layers import identity_grid

from ..engine.draw import Draw
from .batch import FrameBatch, PairBatch

GREY_SHARE = 0.15
GREY_PAIRS_SHARE = 0.25
TONED_SHARE = 1 / 3
"""Of grey pairs: printed in one colour, as sepia is."""
SEPIA = (1.12, 1.0, 0.8)
"""Gains of red, green and blue of a usual one; others are spread about it."""
LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""
WARMTH = 0.12
"""Standard deviation of the white balance of a pair: red is raised as blue is lowered."""
NOISY_SHARE = 0.6
BLURRED_SHARE = 0.35
BLURRED_SIDES = (0.4, 0.5, 0.75)
"""Share of the side that a blurred frame is shrunk to before it is enlarged again."""
OCCLUDED_SHARE = 1 / 6
MIRRORED_SHARE = 0.5
"""Of unlabelled pairs; M reads their keypoints from the mirrored picture, so left stays left."""
WIDE_SHARE = 0.3
"""Share of frames that are moved and zoomed as far as a rough face box may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedFrames:
    """Frames that were turned, shifted and zoomed, and degraded besides."""

    image: Tensor
    """(B, 3, h, h) in [0, 1]."""
    linear: Tensor
    """(B, 2, 2) acts on rows: a point at `xy` came to `xy @ linear + shift`, crop units."""
    shift: Tensor
    """(B, 2)."""

    def to(self, device: torch.device) -> MovedFrames:
        """The frames on another device."""
        return MovedFrames(
            image=self.image.to(device),
            linear=self.linear.to(device),
            shift=self.shift.to(device),
        )


def augment_frames(frames: FrameBatch, draw: Draw) -> FrameBatch:
    """Strong changes for M: similarity, colour, grey, light, blur, noise, box occluders."""
    frames = _moved(frames, draw)
    image = _coloured(frames.image, draw)
    image = _degraded(_lit(image, draw), draw)
    return replace(frames, image=_occluded(image, draw).clamp(0, 1))


def augment_pairs(pairs: PairBatch, draw: Draw) -> PairBatch:
    """One colour change for both frames of a pair; half of the pairs without truth are mirrored.

    A share of the pairs is grey or toned, so that a grey source gets grey lips.

    Convention:
        - pairs with a renderer's truth are never mirrored: flow and labels stay as they are
    """
    if pairs.truth is None:
        rows = draw.uniform(len(pairs)) < MIRRORED_SHARE
        source, driving = (mirrored(frames, rows) for frames in (pairs.source, pairs.driving))
        pairs = replace(pairs, source=source, driving=driving)
    images = _coloured_alike(pairs.source.image, pairs.driving.image, draw)
    return replace(
        pairs,
        source=replace(pairs.source, image=images[0]),
        driving=replace(pairs.driving, image=images[1]),
    )


def mirrored(frames: FrameBatch, rows: Tensor) -> FrameBatch:
    """Frames that are mirrored where `rows` (B,) is true; left stays the image's left.

    Convention:
        - canonical keypoints are not mirrored: only frames without them are
    """
    keypoints, pose_deg = frames.keypoints, frames.pose_deg
    swapped = keypoints[:, list(COMPACT_MIRROR)] * keypoints.new_tensor((-1.0, 1.0, 1.0))
    turned = pose_deg * pose_deg.new_tensor((1.0, -1.0, -1.0))
    return replace(
        frames,
        image=torch.where(rows.view(-1, 1, 1, 1), frames.image.flip(-1), frames.image),
        keypoints=torch.where(rows[:, None, None], swapped, keypoints),
        pose_deg=torch.where(rows[:, None], turned, pose_deg),
    )


def moved_frames(image: Tensor, draw: Draw) -> MovedFrames:
    """Frames changed as M's training frames are, and the similarity by which they were moved.

    Args:
        image: (B, 3, h, h) in [0, 1].
        draw: The step's.
    """
    count = len(image)
    carried = torch.eye(3)[[2, 0, 1]].expand(count, 3, 3) * torch.tensor([1.0, 1.0, 0.0])
    frames = FrameBatch(  # the middle of the picture and a point on each axis move along
        image=image,
        keypoints=carried,
        pose_deg=torch.zeros(count, 3),
        valid=torch.ones(count, dtype=torch.bool),
    )
    moved = augment_frames(frames, draw)
    middle, on_axes = moved.keypoints[:, 0, :2], moved.keypoints[:, 1:, :2]
    return MovedFrames(image=moved.image, linear=on_axes - middle[:, None], shift=middle)


def _coloured_alike(source: Tensor, driving: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
    count = len(source)
    both = torch.stack((source, driving), 1)  # (B, 2, 3, h, h)
    gamma = torch.exp(0.2 * draw.normal(count, 1, 1, 1, 1))
    gain = 1 + 0.15 * draw.normal(count, 1, 3, 1, 1)
    offset = 0.04 * draw.normal(count, 1, 3, 1, 1)
    both = both.clamp(min=1e-3) ** gamma * gain * _white_balance(draw, count) + offset
    both = _toned(both.clamp(0, 1), draw)
    source, driving = (both[:, i].contiguous(memory_format=torch.channels_last) for i in range(2))
    return source, driving


def _white_balance(draw: Draw, count: int) -> Tensor:
    """(B, 1, 3, 1, 1) gains of a warmer or colder light."""
    warmth = WARMTH * draw.normal(count, 1, 1, 1, 1)
    return torch.exp(warmth * torch.tensor((1.0, 0.0, -1.0)).view(3, 1, 1))


def _toned(both: Tensor, draw: Draw) -> Tensor:
    """Pairs (B, 2, 3, h, h), a share of them grey, and of those some in the tone of a print."""
    count = len(both)
    grey = draw.uniform(count, 1, 1, 1, 1) < GREY_PAIRS_SHARE
    toned = draw.uniform(count, 1, 1, 1, 1) < TONED_SHARE
    spread = torch.exp(0.5 * draw.normal(count, 1, 1, 1, 1))
    tone = torch.tensor(SEPIA).view(3, 1, 1) ** (spread * toned)
    weights = torch.tensor(LUMINANCE).view(3, 1, 1)
    luminance = (both * weights).sum(2, keepdim=True)
    return torch.where(grey, (luminance * tone).clamp(0, 1), both)


def _moved(frames: FrameBatch, draw: Draw) -> FrameBatch:
    """A random similarity in the image plane; keypoints and roll follow."""
    count = len(frames.image)
    wide = (draw.uniform(count) < WIDE_SHARE).float()
    scale = torch.exp((0.08 + 0.17 * wide) * draw.normal(count))
    shift = (0.07 + 0.09 * wide)[:, None] * draw.normal(count, 2)
    angle = (0.12 + 0.13 * wide) * draw.normal(count)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack((cos, sin, -sin, cos), 1).view(-1, 2, 2)  # acts on rows, y down
    theta = torch.cat((turn / scale[:, None, None], torch.zeros(count, 2, 1)), 2)
    theta[:, :, 2] = -(theta[:, :, :2] @ shift[:, :, None])[:, :, 0]
    grid = F.affine_grid(theta, list(frames.image.shape), align_corners=False)
    image = F.grid_sample(frames.image, grid, align_corners=False, padding_mode="border")
    xy = frames.keypoints[..., :2] @ turn * scale[:, None, None] + shift[:, None]
    z = frames.keypoints[..., 2:] * scale[:, None, None]
    roll = torch.rad2deg(angle)[:, None]
    pose_deg = torch.cat((frames.pose_deg[:, :2], frames.pose_deg[:, 2:] + roll), 1)
    return replace(frames, image=image, keypoints=torch.cat((xy, z), 2), pose_deg=pose_deg)


def _coloured(image: Tensor, draw: Draw) -> Tensor:
    count = len(image)
    gamma = torch.exp(0.3 * draw.normal(count, 1, 1, 1))
    gain = 1 + 0.2 * draw.normal(count, 3, 1, 1)
    image = image.clamp(min=1e-3) ** gamma * gain + 0.06 * draw.normal(count, 1, 1, 1)
    grey = draw.uniform(count, 1, 1, 1) < GREY_SHARE
    return torch.where(grey, image.mean(1, keepdim=True).expand_as(image), image)


def _lit(image: Tensor, draw: Draw) -> Tensor:
    """A ramp of light across the picture."""
    slope = 0.25 * draw.normal(len(image), 2, 1, 1)
    ramp = (slope * identity_grid(image.shape[-1], image).permute(0, 3, 1, 2)).sum(1, keepdim=True)
    return image * (1 + ramp)


def _degraded(image: Tensor, draw: Draw) -> Tensor:
    """Noise and loss of resolution."""
    count, size = len(image), image.shape[-1]
    level = 0.05 * draw.uniform(count, 1, 1, 1) * (draw.uniform(count, 1, 1, 1) < NOISY_SHARE)
    image = image + draw.normal(*image.shape) * level
    chosen = draw.uniform(count) < BLURRED_SHARE
    kinds = torch.from_numpy(draw.integers(count, 0, len(BLURRED_SIDES)))
    for kind, side in enumerate(BLURRED_SIDES):
        blurred = (chosen & (kinds == kind)).nonzero()[:, 0]
        if len(blurred):
            small = (int(size * side),) * 2
            coarse = F.interpolate(image[blurred], size=small, mode="bilinear", antialias=True)
            image[blurred] = F.interpolate(coarse, size=(size, size), mode="bilinear")
    return image


def _occluded(image: Tensor, draw: Draw) -> Tensor:
    """A plain box over a sixth of the frames."""
    count, size = len(image), image.shape[-1]
    image = image.clone()
    chosen = (draw.uniform(count) < OCCLUDED_SHARE).tolist()
    corners = [draw.integers(count, 0, int(size * 0.8)) for _ in range(2)]
    sides = [draw.integers(count, size // 16, size // 4) for _ in range(2)]
    colour = draw.uniform(count, 3, 1, 1)
    for index in range(count):
        if chosen[index]:
            y, x, height, width = (int(part[index]) for part in (*corners, *sides))
            image[index, :, y : y + height, x : x + width] = colour[index]
    return image
