"""Colour on grey sources, and the flicker of a face that keeps still."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.model import LivePortraitModel
from liveportrait_core.networks.compact.layers import resize
from liveportrait_core.networks.compact.tone import luminance_of
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp_decode,
)

from ..data.rendered import RenderedSet
from ..rendering.regions import Region

BATCH = 8
FACE = (Region.SKIN, Region.EYE, Region.MOUTH)
STILL_FRAMES = 8
"""Of a driver that keeps still: the same picture, each time with other noise, as of a camera."""
NOISE = 2 / 255
"""Standard deviation of that noise."""
IDENTITIES = 32
"""Measured at most: a few show it."""
DRIVING, SOURCE = 0, 1
"""Frames of an identity; their pose differs."""


@torch.inference_mode()
def grey_chroma(model: LivePortraitModel, data: RenderedSet) -> float:
    """Largest distance between two colour channels in faces generated from grey sources, of 255.

    Args:
        model: A compact model of the set's size.
        data: The set.
    """
    worst = 0.0
    for chosen in _chosen(data):
        source, driving = (_images(data, chosen, frame) for frame in (SOURCE, DRIVING))
        grey = luminance_of(source).expand_as(source)
        image = _driven(model, grey, [driving])[0]
        chroma = image.amax(1) - image.amin(1)
        worst = max(worst, float((chroma * _face(data, chosen, image.shape[-1])).max()))
    return 255 * worst


@torch.inference_mode()
def still_flicker(model: LivePortraitModel, data: RenderedSet) -> float:
    """Standard deviation over time of a face whose driver keeps still but for noise, of 255.

    Convention:
        - mean over the pixels of the face, and over the identities

    Args:
        model: A compact model of the set's size.
        data: The set.
    """
    noise = torch.Generator().manual_seed(0)
    sums, pixels = 0.0, 0.0
    for chosen in _chosen(data):
        source, driving = (_images(data, chosen, frame) for frame in (SOURCE, DRIVING))
        video = [
            (driving + NOISE * torch.randn(driving.shape, generator=noise)).clamp(0, 1)
            for _ in range(STILL_FRAMES)
        ]
        frames = torch.stack(_driven(model, source, video))
        face = _face(data, chosen, source.shape[-1])
        sums += float((frames.std(0).mean(1) * face).sum())
        pixels += float(face.sum())
    return 255 * sums / pixels


def _chosen(data: RenderedSet) -> Iterator[NDArray[np.integer]]:
    count = min(IDENTITIES, len(data))
    for start in range(0, count, BATCH):
        yield np.arange(start, min(start + BATCH, count))


def _images(data: RenderedSet, chosen: NDArray[np.integer], frame: int) -> Tensor:
    return data.frames(chosen, np.full(len(chosen), frame)).image


def _face(data: RenderedSet, chosen: NDArray[np.integer], size: int) -> Tensor:
    """(B, size, size) 1 in the face of the driving frame."""
    rows = data.rows("regions", chosen, np.full(len(chosen), DRIVING))
    face = np.isin(rows, [int(region) for region in FACE]).astype(np.float32)
    return (resize(torch.from_numpy(face)[:, None], size)[:, 0] == 1).float()


def _driven(model: LivePortraitModel, source: Tensor, video: list[Tensor]) -> list[Tensor]:
    """The sources driven by each frame of a video, (B, 3, h, h) on the CPU."""
    source = source.to(model.device)
    volume = extract_appearance(model, source)
    own = transform_keypoints(extract_motion(model, source))
    images: list[Tensor] = []
    for frame in video:
        points = transform_keypoints(extract_motion(model, frame.to(model.device)))
        images.append(warp_decode(model, volume, own, points).cpu())
    return images
