"""Outlines of a drawn picture."""

from typing import Final

import cv2
import numpy as np

from ..arrays import ByteArray, FloatArray
from ..regions import Region

OUTLINE_STEP: Final = 0.7
"""Model units of depth from one pixel to the next that are an outline, in a picture of FULL_PX."""
FULL_PX: Final = 512
LINE_PX: Final = 3
"""Width of a line in a picture of FULL_PX."""
BEHIND: Final = 200.0
"""The background counts as so far behind what is nearest."""


def draw_outlines(
    linear: FloatArray, depth: FloatArray, regions: ByteArray, ink: float
) -> FloatArray:
    """A picture darkened where its depth jumps and round eyes and the inside of the mouth.

    Args:
        linear: (S, S, 3) light.
        depth: (W, W) distance of what each pixel shows, W at least S.
        regions: (W, W) of `Region`.
        ink: darkness of the lines, 0 to 1.

    Returns:
        (S, S, 3).
    """
    wide = len(depth)
    away = np.minimum(depth, depth.min() + np.float32(BEHIND))
    inner = ((regions == Region.EYE) | (regions == Region.MOUTH)).view(np.uint8)
    step = OUTLINE_STEP * FULL_PX / wide
    line = np.zeros(depth.shape, dtype=np.uint8)
    for axis in (0, 1):
        after = (slice(1, None),) if axis == 0 else (slice(None), slice(1, None))
        line[after] |= np.abs(np.diff(away, axis=axis)) > step
        line[after] |= np.diff(inner, axis=axis) != 0
    width = max(1, round(LINE_PX * wide / FULL_PX))
    thick = cv2.dilate(line, np.ones((width, width), np.uint8)).astype(np.float32)
    cover = cv2.resize(thick, (linear.shape[1], linear.shape[0]), interpolation=cv2.INTER_AREA)
    return linear * (1 - np.float32(ink) * cover)[..., None]
