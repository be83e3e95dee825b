"""The quality of a clip's pictures, and the limit that they miss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import blur_effect

from liveportrait_core.imaging.crop import CropTransform
from liveportrait_core.imaging.tensors import Pixels

from .settings import CurationSettings
from .tools import Scorer

SAMPLES: Final = 8
"""Frames of a clip that are measured, evenly taken."""
FACE_SHARE: Final = (0.2, 0.8)
"""From where to where the face lies in the crop, in both directions, about."""
DARKEST: Final = 6
LIGHTEST: Final = 249
"""Grey levels from which a pixel counts as black or white."""
BAR_LEVEL: Final = 20
"""Highest grey level of a black bar; video's black is 16, and compression adds a little."""
BAR_EDGE: Final = 0.5
"""Share of the line after a bar that is lighter: a dark room begins with a few pixels."""
BLOCK_PX: Final = 8
"""Side of the blocks that JPEG and, at most rates, video codecs code by themselves."""
BLUR_PX: Final = 11
"""Side of the square by which a face is blurred again."""
POSE_PERCENTILE: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Medians over the measured frames of a clip."""

    zoom: float
    """Pixels of the picture for one of the crop."""
    blur: float
    """From 0 sharp to 1, by how much is lost when blurred again (Crete-Roffet et al., 2007)."""
    contrast: float
    """Grey levels between the 5th and the 95th percentile; a mean would mistake dark skin for
    a dark picture."""
    clipped: float
    """Share of the face that is black or white."""
    blocks: float
    """Steps across the borders of 8-pixel blocks over those within; 1 where there are none."""
    bars: float = 0.0
    """Share of the crop's side that its widest black bar takes, at any edge."""
    score: float | None = None
    """The external scorer's."""


def measure(
    pictures: Sequence[Pixels],
    crops: Sequence[Pixels],
    transform: CropTransform,
    scorer: Scorer | None = None,
) -> Quality:
    """The quality of some frames of a clip.

    Args:
        pictures: The whole frames' parts around the face, beginning at a multiple of 8 pixels.
        crops: (S, S, 3) of the same frames.
        transform: Of the crops.
        scorer: Frames in, score out.
    """
    faces = [_grey(_middle(crop)) for crop in crops]
    low_high = np.array([np.percentile(face, (5, 95)) for face in faces])
    return Quality(
        zoom=transform.source_px_per_crop_px,
        blur=_median([_blur(face) for face in faces]),
        contrast=_median((low_high[:, 1] - low_high[:, 0]).tolist()),
        clipped=_median([clipped_share(face) for face in faces]),
        blocks=_median([blockiness(_grey(picture)) for picture in pictures]),
        bars=_median([bar_share(_grey(crop)) for crop in crops]),
        score=None if scorer is None else float(scorer(np.stack(crops))),
    )


def missed_limit(
    quality: Quality, pose_deg: NDArray[np.float32], settings: CurationSettings
) -> str:
    """The first limit that a clip misses; empty when it misses none.

    Args:
        quality: Of its pictures.
        pose_deg: (N, 3) pitch, yaw, roll of its frames.
        settings: The limits.
    """
    turned = np.percentile(np.abs(pose_deg), POSE_PERCENTILE, axis=0)
    limits = (settings.max_pitch_deg, settings.max_yaw_deg, settings.max_roll_deg)
    score, minimum = quality.score, settings.min_score
    minimum = -math.inf if minimum is None else minimum  # which a score that is nan misses, too
    checks = {
        "turned away": bool((turned > limits).any()),
        "blurred": quality.blur > settings.max_blur,
        "little contrast": quality.contrast < settings.min_contrast,
        "black or white": quality.clipped > settings.max_clipped,
        "compressed": quality.blocks > settings.max_blocks,
        "black bars": quality.bars > settings.max_bars,
        "low score": score is not None and not score >= minimum,
    }
    return next((reason for reason, missed in checks.items() if missed), "")


def clipped_share(grey: NDArray[np.uint8]) -> float:
    """Share of black and white pixels."""
    return float(((grey <= DARKEST) | (grey >= LIGHTEST)).mean())


def bar_share(grey: NDArray[np.uint8]) -> float:
    """Share of the side that the widest black bar takes.

    A bar is of lines from an edge on in which nothing is lighter than black, up to a line that is
    lighter over half of its length: of letterboxes, and of what lies outside the picture.

    Args:
        grey: (S, S) of a crop.
    """
    is_light = grey > BAR_LEVEL
    turns = (is_light, is_light[::-1], is_light.T, is_light.T[::-1])
    return max(_bar_lines(lines) for lines in turns) / len(grey)


def _bar_lines(is_light: NDArray[np.bool_]) -> int:
    """Lines of a bar at the first edge; 0 where there is none, or nothing else."""
    lighter = is_light.mean(1)
    first = int(np.argmax(lighter > 0))
    begins_at_once = lighter[first : first + 2].max() >= BAR_EDGE  # its edge may be blurred
    return first if first and begins_at_once else 0


def blockiness(grey: NDArray[np.uint8]) -> float:
    """Mean step across the borders of 8-pixel blocks over that elsewhere.

    Args:
        grey: (H, W), whose first row and column begin a block.
    """
    values = grey.astype(np.float32)
    borders: list[float] = []
    inside: list[float] = []
    for axis in (0, 1):
        steps = np.abs(np.diff(values, axis=axis)).mean(1 - axis)
        is_border = np.arange(len(steps)) % BLOCK_PX == BLOCK_PX - 1
        if is_border.any():
            borders.append(float(steps[is_border].mean()))
            inside.append(float(steps[~is_border].mean()))
    # half a level keeps a plain picture, which has no steps at all, from a division by 0
    return (sum(borders) + 0.5) / (sum(inside) + 0.5)


def part_around(picture: Pixels, transform: CropTransform) -> Pixels:
    """The part of a picture that a crop shows, from a border of blocks on; at least one block."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * (transform.size_px - 1.0)
    height, width = picture.shape[:2]
    inside = np.clip(transform.to_source(corners), 0, (width - 1, height - 1))
    left, top = (inside.min(0) // BLOCK_PX * BLOCK_PX).astype(int)
    right, bottom = np.ceil(inside.max(0)).astype(int) + 1
    return picture[top:bottom, left:right].copy()


def sampled(count: int, most: int = SAMPLES) -> list[int]:
    """Evenly spaced numbers below `count`, at most `most` of them."""
    return sorted(set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()))


def _middle(crop: Pixels) -> Pixels:
    low, high = (round(share * len(crop)) for share in FACE_SHARE)
    return crop[low:high, low:high]


def _grey(picture: Pixels) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), np.uint8)


def _blur(grey: NDArray[np.uint8]) -> float:
    found: Any = blur_effect(grey, h_size=BLUR_PX)
    return float(found)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
