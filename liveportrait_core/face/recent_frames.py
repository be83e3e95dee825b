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
MAX_BYTES: Final = 64 * 2**20
"""Of all frames together. A grainy frame of 1920 x 1080 takes 1.4 MB, so that 40 of them fit;
of larger frames fewer are kept, and a clip of 8K does not take a gigabyte."""


class RecentFrames:
    """At most so many consecutive frames, as JPEG in memory; the oldest ones go first."""

    def __init__(self, max_frames: int, max_bytes: int = MAX_BYTES) -> None:
        """None yet.

        Args:
            max_frames: How many are kept.
            max_bytes: What they may take together.
        """
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._encoded: deque[tuple[int, np.ndarray]] = deque()
        self._num_bytes = 0

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
            self._num_bytes += data.nbytes
            while len(self._encoded) > self._max_frames or self._num_bytes > self._max_bytes:
                self._num_bytes -= self._encoded.popleft()[1].nbytes
        else:  # sides above 65500 pixels; what lies before is no longer consecutive
            self.clear()

    def clear(self) -> None:
        """Forget all of them."""
        self._encoded.clear()
        self._num_bytes = 0

    def backwards(self) -> Iterator[tuple[int, Pixels]]:
        """Number and frame, the last one first."""
        for number, data in reversed(self._encoded):
            yield number, np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
