"""Pictures on their way to a browser or a short memory."""

from __future__ import annotations

from typing import Final

import cv2

from .tensors import Pixels

PREVIEW_QUALITY: Final = 80


def jpeg_of(pixels: Pixels, quality: int = PREVIEW_QUALITY) -> bytes:
    """A picture as JPEG, without a profile.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        quality: 1 to 100.
    """
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
