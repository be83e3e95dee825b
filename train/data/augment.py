"""Augmentation: what happens to frames before a network sees them.

Pictures stay bytes: colours are a table of 256 levels a channel, and OpenCV warps, shrinks and
enlarges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.motion.regions import COMPACT_MIRROR
from liveportrait_core.networks.compact.tone import LUMINANCE

from ..engine.draw import Draw
from ..engine.tensors import map_tensors
from .batch import FrameBatch, PairBatch
from .pixels import Picture, as_image, as_pictures, as_pixels, resized
from .splines import bends, draw_splines

Floats = NDArray[np.floating[Any]]
GREY_SHARE = 0.15
GREY_PAIRS_SHARE = 0.25
TONED_SHARE = 1 / 3
"""Of grey pairs: printed in one colour, as sepia is."""
SEPIA = (1.12, 1.0, 0.8)
"""Gains of red, green and blue of a usual one; others are spread about it."""
WARMTH = 0.12
"""Standard deviation of the white balance of a pair: red is raised as blue is lowered."""
YELLOWED_SHARE = 0.25
"""Of pairs: under old varnish or a lamp, so that teeth become as yellow as the skin says."""
MAX_YELLOW = 0.8
"""Largest exponent by which their blue is lowered."""
NOISY_SHARE = 0.6
BLURRED_SHARE = 0.35
BLURRED_SIDES = (0.4, 0.5, 0.75)
"""Share of the side that a blurred frame is shrunk to before it is enlarged again."""
OCCLUDED_SHARE = 1 / 6
MIRRORED_SHARE = 0.5
"""Of unlabelled pairs; M reads their keypoints from the mirrored picture, so left stays left."""
WIDE_SHARE = 0.3
"""Share of frames that are moved and zoomed as far as a rough face box may be off."""


NOISE: Final = np.array(
    [NormalDist().inv_cdf((rank + 0.5) / 256) for rank in range(256)], np.float32
)
"""Standard normal numbers by their rank among 256: noise from random bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedFrames:
    """Frames that were turned, shifted and zoomed, and degraded besides."""

    pixels: Tensor
    """(B, 3, h, h) bytes, or numbers in [0, 1]."""
    linear: Tensor
    """(B, 2, 2) acts on rows: a point at `xy` came to `xy @ linear + shift`, crop units."""
    shift: Tensor
    """(B, 2)."""
    spline: Tensor | None = None
    """(B, 25, 2) by which the moved picture was bent, as `splines.unbent` has it."""

    @property
    def image(self) -> Tensor:
        """(B, 3, h, h) in [0, 1]."""
        return as_image(self.pixels)

    def to(self, device: torch.device) -> MovedFrames:
        """The frames on another device, in [0, 1]."""
        moved = map_tensors(self, lambda tensor: tensor.to(device, non_blocking=True))
        return replace(moved, pixels=moved.image)


def augment_frames(frames: FrameBatch, draw: Draw) -> FrameBatch:
    """Strong changes for M: similarity, colour, grey, light, blur, noise, box occluders."""
    moved = moved_frames(frames.pixels, draw)
    xy = frames.keypoints[..., :2] @ moved.linear + moved.shift[:, None]
    scale = moved.linear[:, 0].norm(dim=1)  # a turn times the scale
    z = frames.keypoints[..., 2:] * scale[:, None, None]
    roll = torch.rad2deg(torch.atan2(moved.linear[:, 0, 1], moved.linear[:, 0, 0]))[:, None]
    pose_deg = torch.cat((frames.pose_deg[:, :2], frames.pose_deg[:, 2:] + roll), 1)
    keypoints = torch.cat((xy, z), 2)
    return replace(frames, pixels=moved.pixels, keypoints=keypoints, pose_deg=pose_deg)


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
    return recoloured(pairs, draw)


def recoloured(pairs: PairBatch, draw: Draw) -> PairBatch:
    """One colour change for both frames of a pair; a share of the pairs is grey or toned."""
    levels, tones = _pair_levels(draw, len(pairs)), _tones(draw, len(pairs))
    source, driving = (
        replace(frames, pixels=_coloured(frames.pixels, levels, tones))
        for frames in (pairs.source, pairs.driving)
    )
    return replace(pairs, source=source, driving=driving)


def mirrored(frames: FrameBatch, rows: Tensor) -> FrameBatch:
    """Frames that are mirrored where `rows` (B,) is true; left stays the image's left.

    Convention:
        - canonical keypoints are not mirrored: only frames without them are
    """
    keypoints, pose_deg = frames.keypoints, frames.pose_deg
    swapped = keypoints[:, list(COMPACT_MIRROR)] * keypoints.new_tensor((-1.0, 1.0, 1.0))
    turned = pose_deg * pose_deg.new_tensor((1.0, -1.0, -1.0))
    pictures = as_pictures(frames.pixels).copy()
    for row in rows.nonzero()[:, 0].tolist():
        cv2.flip(pictures[row], 1, pictures[row])
    return replace(
        frames,
        pixels=as_pixels(pictures),
        keypoints=torch.where(rows[:, None, None], swapped, keypoints),
        pose_deg=torch.where(rows[:, None], turned, pose_deg),
    )


def moved_frames(pixels: Tensor, draw: Draw, *, bent: bool = False) -> MovedFrames:
    """Frames changed as M's training frames are, and the similarity by which they were moved.

    Args:
        pixels: (B, 3, h, h) bytes, or numbers in [0, 1].
        draw: The step's.
        bent: Whether the moved frames are bent by thin plate splines as well.
    """
    pictures = as_pictures(pixels)
    spline = draw_splines(draw, len(pictures)) if bent else None
    linear, shift = _similarities(draw, len(pictures))
    changes = _changes(draw, len(pictures), pictures.shape[1], _warps(linear, shift, pictures))
    if spline is not None:
        curves = bends(spline, pictures.shape[1])
        changes = [replace(c, bend=curve) for c, curve in zip(changes, curves, strict=True)]
    found = np.stack([_changed(*both) for both in zip(pictures, changes, strict=True)])
    return MovedFrames(pixels=as_pixels(found), linear=linear, shift=shift, spline=spline)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What happens to one frame of S pixels; levels are from 0 to 255."""

    warp: Floats
    """(2, 3): where each pixel's colour is found, pixels."""
    bend: Floats | None = None
    """(S, S, 2): by how much each pixel moves before that, crop units."""
    levels: Floats
    """(1, 256, 3): the new ones of red, green and blue."""
    is_grey: bool
    light: Floats
    """(S, S, 1) factors."""
    noise: Floats | None
    """(S, S, 3), which is added."""
    coarse: float
    """Share of the side that it is shrunk to before it is enlarged again; 1 leaves it."""
    box: tuple[slice, slice, Floats] | None
    """Rows, columns and colour of what hides a part."""


def _changed(picture: Picture, change: _Change) -> Picture:
    size = picture.shape[0]
    image: Any = cv2.LUT(_warped(picture, change.warp, change.bend), change.levels)
    if change.is_grey:
        image = cv2.transform(image, np.full((3, 3), 1 / 3, np.float32))
    image = np.asarray(image * change.light, np.float32)
    if change.noise is not None:
        image += change.noise
    if change.coarse < 1:
        image = resized(resized(image, int(size * change.coarse)), size)
    if change.box is not None:
        rows, columns, colour = change.box
        image[rows, columns] = colour
    return _bytes(image)


def _warped(picture: Picture, warp: Floats, bend: Floats | None) -> Picture:
    size, border = picture.shape[0], cv2.BORDER_REPLICATE
    if bend is None:
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(picture, warp, (size, size), flags=how, borderMode=border), np.uint8
        )
    pixels = np.arange(size, dtype=np.float32)
    places = np.stack(np.meshgrid(pixels, pixels), -1) + bend * np.float32(size / 2)
    found = np.asarray(places @ warp[:, :2].T + warp[:, 2], np.float32)
    x, y = (np.ascontiguousarray(found[..., axis]) for axis in range(2))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border), np.uint8)


def _changes(draw: Draw, count: int, size: int, warps: Floats) -> list[_Change]:
    """What happens to frames of a size."""
    levels, grey = _frame_levels(draw, count)
    slopes = 0.25 * draw.normal(count, 2).numpy()
    noise, coarse, boxes = (
        _noise(draw, count, size),
        _coarse(draw, count),
        _boxes(draw, count, size),
    )
    centres = np.arange(1 - size, size, 2, dtype=np.float32) / np.float32(size)
    return [
        _Change(
            warp=warps[row],
            levels=levels[row][None],
            is_grey=bool(grey[row]),
            light=(1 + x * centres[None] + y * centres[:, None])[..., None],
            noise=noise[row],
            coarse=coarse[row],
            box=boxes[row],
        )
        for row, (x, y) in enumerate(slopes)
    ]


def _similarities(draw: Draw, count: int) -> tuple[Tensor, Tensor]:
    """(B, 2, 2) and (B, 2) of random similarities in the image plane, as `MovedFrames` has them."""
    wide = (draw.uniform(count) < WIDE_SHARE).float()
    scale = torch.exp((0.08 + 0.17 * wide) * draw.normal(count))
    shift = (0.07 + 0.09 * wide)[:, None] * draw.normal(count, 2)
    angle = (0.12 + 0.13 * wide) * draw.normal(count)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack((cos, sin, -sin, cos), 1).view(-1, 2, 2)  # acts on rows, y down
    return turn * scale[:, None, None], shift


def _warps(linear: Tensor, shift: Tensor, pictures: Picture) -> Floats:
    """(B, 2, 3): from a pixel of the moved picture to that of the picture."""
    size = pictures.shape[1]
    back = torch.linalg.inv(linear.double()).transpose(1, 2)  # acts on columns
    middle = torch.full((2,), (size - 1) / 2, dtype=torch.double)
    away = middle + shift * (size / 2)  # where the middle came to
    return torch.cat((back, (middle - (back @ away[..., None])[..., 0])[..., None]), 2).numpy()


def _frame_levels(draw: Draw, count: int) -> tuple[Floats, NDArray[np.bool_]]:
    """(B, 256, 3) new levels, and which frames are grey."""
    gamma = torch.exp(0.3 * draw.normal(count, 1, 1))
    gain = 1 + 0.2 * draw.normal(count, 1, 3)
    levels = _levels() ** gamma * gain + 0.06 * draw.normal(count, 1, 1)
    return (255 * levels).numpy(), (draw.uniform(count) < GREY_SHARE).numpy()


def _noise(draw: Draw, count: int, size: int) -> list[Floats | None]:
    """(S, S, 3) levels that are added to a frame, or nothing."""
    strength, chosen = 0.05 * draw.uniform(count), draw.uniform(count) < NOISY_SHARE
    rows = zip(draw.generators(count), strength.tolist(), chosen.tolist(), strict=True)
    shape = (size, size, 3)
    found: list[Floats | None] = []
    for random, level, is_noisy in rows:
        ranks = np.frombuffer(random.bytes(3 * size**2), np.uint8) if is_noisy else None
        found.append(None if ranks is None else (255 * level * NOISE)[ranks].reshape(shape))
    return found


def _coarse(draw: Draw, count: int) -> list[float]:
    """Shares of the side that frames are shrunk to; 1 leaves one as it is."""
    chosen = (draw.uniform(count) < BLURRED_SHARE).tolist()
    kinds = draw.integers(count, 0, len(BLURRED_SIDES)).tolist()
    return [
        BLURRED_SIDES[k] if is_coarse else 1.0 for k, is_coarse in zip(kinds, chosen, strict=True)
    ]


def _boxes(draw: Draw, count: int, size: int) -> list[tuple[slice, slice, Floats] | None]:
    """A plain box over a sixth of the frames."""
    chosen = (draw.uniform(count) < OCCLUDED_SHARE).tolist()
    tops, lefts = (draw.integers(count, 0, int(size * 0.8)).tolist() for _ in range(2))
    heights, widths = (draw.integers(count, size // 16, size // 4).tolist() for _ in range(2))
    colours = 255 * draw.uniform(count, 3).numpy()
    return [
        (slice(y, y + heights[row]), slice(x, x + widths[row]), colours[row]) if is_hidden else None
        for row, (is_hidden, y, x) in enumerate(zip(chosen, tops, lefts, strict=True))
    ]


def _pair_levels(draw: Draw, count: int) -> Picture:
    """(B, 256, 3) new levels of pairs."""
    gamma = torch.exp(0.2 * draw.normal(count, 1, 1))
    gain = 1 + 0.15 * draw.normal(count, 1, 3)
    offset = 0.04 * draw.normal(count, 1, 3)
    return _bytes(
        (255 * (_levels() ** gamma * gain * _white_balance(draw, count) + offset)).numpy()
    )


def _white_balance(draw: Draw, count: int) -> Tensor:
    """(B, 1, 3) gains of a warmer or colder light, of some pairs of a yellow one."""
    warmth = WARMTH * draw.normal(count, 1, 1)
    gains = torch.exp(warmth * torch.tensor((1.0, 0.0, -1.0)))
    yellowed = draw.uniform(count, 1, 1) < YELLOWED_SHARE
    yellow = MAX_YELLOW * draw.uniform(count, 1, 1) * yellowed
    return gains * torch.exp(-yellow * torch.tensor((0.0, 0.25, 1.0)))


def _tones(draw: Draw, count: int) -> list[Floats | None]:
    """(3, 3) mixes of red, green and blue for grey pairs, some in the tone of a print."""
    grey = draw.uniform(count) < GREY_PAIRS_SHARE
    toned = draw.uniform(count, 1) < TONED_SHARE
    spread = torch.exp(0.5 * draw.normal(count, 1))
    tones = torch.tensor(SEPIA) ** (spread * toned)
    mixes = (tones[..., None] * torch.tensor(LUMINANCE)).numpy()
    return [mix if is_grey else None for mix, is_grey in zip(mixes, grey.tolist(), strict=True)]


def _coloured(pixels: Tensor, levels: Picture, tones: list[Floats | None]) -> Tensor:
    """Pictures with new levels, some of them in one tone."""
    pictures = as_pictures(pixels)
    found = np.empty_like(pictures)
    for row, tone in enumerate(tones):
        cv2.LUT(pictures[row], levels[row][None], found[row])
        if tone is not None:
            found[row] = cv2.transform(found[row], tone)
    return as_pixels(found)


def _levels() -> Tensor:
    """(256, 1) in [0, 1], above 0."""
    return (torch.arange(256.0) / 255).clamp(min=1e-3)[:, None]


def _bytes(levels: Floats) -> Picture:
    """Levels from 0 to 255, rounded; what is beyond is cut off."""
    return (np.clip(levels, 0, 255) + 0.5).astype(np.uint8)
