"""The last frames of a clip in little memory, to be looked at again backwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from ..imaging.tensors import Pixels

QUALITY: Final = 97
"""Of JPEG; landmarks move by less than a tenth of a pixel."""


class RecentFrames:
    """At most so many consecutive frames, as JPEG in memory: about a bit for each pixel."""

    def __init__(self, max_frames: int) -> None:
        """None yet.

        Args:
            max_frames: How many are kept; an older one goes for each that comes.
        """
        self._encoded: deque[tuple[int, np.ndarray]] = deque(maxlen=max_frames)

    def append(self, number: int, frame: Pixels) -> None:
        """Keep a frame.

        Args:
            number: Of the frame in its clip; the next one's is larger by 1.
            frame: (H, W, 3) uint8.
        """
        options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        written, data = cv2.imencode(".jpg", frame, options)
        if written:
            self._encoded.append((number, data))
        else:  # sides above 65500 pixels; what lies before is no longer consecutive
            self.clear()

    def clear(self) -> None:
        """Forget all of them."""
        self._encoded.clear()

    def backwards(self) -> Iterator[tuple[int, Pixels]]:
        """Number and frame, the last one first."""
        for number, data in reversed(self._encoded):
            yield number, np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
