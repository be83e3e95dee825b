"""Palettes of paintings and old colour photographs, for pictures that are rendered like photos."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.networks.compact.tone import LUMINANCE

from ..engine.draw import Draw
from .batch import FrameBatch, PairBatch
from .pixels import as_pictures, as_pixels

PAINTED_SHARE = 0.5
"""Of pairs."""
STOPS: Final[tuple[tuple[float, tuple[float, float, float], float], ...]] = (
    (0.0, (0.06, 0.04, 0.03), 0.04),
    (0.45, (0.55, 0.40, 0.26), 0.09),
    (0.8, (0.88, 0.76, 0.54), 0.08),
    (1.0, (0.98, 0.93, 0.80), 0.05),
)
"""Luminance, mean colour and its deviation of the ramp that a palette is drawn towards: shadow,
skin, light skin, highlight."""
MAX_PULL = 0.9
"""Largest share of the ramp; what is left are the picture's own colours."""


def painted(pairs: PairBatch, draw: Draw) -> PairBatch:
    """Pairs half of which have the palette of a painting, one for source and driving frame.

    Every colour is drawn towards a colour of its own luminance on a ramp from shadow over skin to
    highlight: (1 - a) x + a ramp(y(x)). So whites, and with them teeth, become those of the skin's
    highlights, as painters have them.
    """
    count = len(pairs)
    ramps, pulls = _ramps(draw, count), MAX_PULL * draw.uniform(count)
    pulls = (pulls * (draw.uniform(count) < PAINTED_SHARE)).tolist()

    def changed(frames: FrameBatch) -> FrameBatch:
        rows = zip(as_pictures(frames.pixels), ramps, pulls, strict=True)
        return replace(frames, pixels=as_pixels(np.stack([_drawn_to(*row) for row in rows])))

    return replace(pairs, source=changed(pairs.source), driving=changed(pairs.driving))


def _ramps(draw: Draw, count: int) -> NDArray[np.uint8]:
    """(B, 256, 3) the colour of each luminance."""
    levels = np.arange(256) / 255
    places = [stop for stop, _, _ in STOPS]
    means = torch.tensor([mean for _, mean, _ in STOPS])
    spread = torch.tensor([deviation for _, _, deviation in STOPS])[:, None]
    stops = (means + spread * draw.normal(count, *means.shape)).clamp(0, 1).numpy()
    ramps = [
        [np.interp(levels, places, stop[:, channel]) for channel in range(3)] for stop in stops
    ]
    return (255 * np.array(ramps).transpose(0, 2, 1) + 0.5).astype(np.uint8)


def _drawn_to(picture: NDArray[np.uint8], ramp: NDArray[np.uint8], pull: float) -> Any:
    if not pull:
        return picture
    luminance = cv2.transform(picture, np.array([LUMINANCE] * 3, np.float32))
    return cv2.addWeighted(picture, 1 - pull, cv2.LUT(luminance, ramp[None]), pull, 0)
