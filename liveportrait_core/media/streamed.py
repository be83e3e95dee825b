"""Clips that are decoded ahead of their use, and only once where their frames fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import Final

from ..background import ahead
from ..imaging.tensors import Pixels
from .clips import Clip, Frames, frame_size

KEPT_BYTES: Final = 2**29
"""Of a clip's frames, 3 bytes a pixel, that are held so that later passes need not decode it: 194
frames of 720p, 86 of 1080p. A longer clip is decoded again in each pass, and none of it is held."""


class StreamedClip:
    """A clip whose frames another thread makes ahead, and that is held where it is short.

    `prepare(model, StreamedClip(VideoReader("me.mp4"), 4), driving)`

    Convention:
        - a clip of known length whose frames take at most `max_bytes` is held from its first whole
          iteration on; of any other nothing is held
        - frames that are held are the same arrays in every iteration
        - any number of iterations may go on at once; each that decodes has a thread of its own,
          which ends when the iteration is closed
    """

    def __init__(self, clip: Clip, num_ahead: int, max_bytes: int = KEPT_BYTES) -> None:
        """Nothing is decoded yet.

        Args:
            clip: Whose frames are the same each time.
            num_ahead: Frames that wait for their use at most.
            max_bytes: Of frames that are held.
        """
        self._clip, self._num_ahead, self._max_bytes = clip, num_ahead, max_bytes
        self._held: list[Pixels] | None = None

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning."""
        return self._decoded() if self._held is None else iter(self._held)

    @property
    def fps(self) -> Fraction:
        """The clip's."""
        return self._clip.fps

    @property
    def num_frames(self) -> int | None:
        """The clip's, where it knows."""
        return getattr(self._clip, "num_frames", None)

    @property
    def height(self) -> int:
        """Pixels."""
        return frame_size(self._clip)[0]

    @property
    def width(self) -> int:
        """Pixels."""
        return frame_size(self._clip)[1]

    @property
    def fingerprint(self) -> str | None:
        """The clip's, where it has one."""
        return getattr(self._clip, "fingerprint", None)

    def _decoded(self) -> Iterator[Pixels]:
        held: list[Pixels] | None = []
        num_bytes = 0
        with closing(ahead(self._clip, self._num_ahead)) as frames:
            for frame in frames:
                num_bytes += frame.nbytes
                expected = max(num_bytes, (self.num_frames or 0) * frame.nbytes)
                if held is not None and self.num_frames and expected <= self._max_bytes:
                    held.append(frame)
                else:
                    held = None
                yield frame
        self._held = held


def streamed(clip: Clip, num_ahead: int) -> Clip:
    """A clip that is read again and again, decoded ahead.

    Convention:
        - frames that are held already, and clips without a `fingerprint`, which may give other
          frames the next time, stay as they are

    Args:
        clip: The clip.
        num_ahead: Frames that wait for their use at most.
    """
    held = isinstance(clip, Frames | StreamedClip)
    return clip if held or not hasattr(clip, "fingerprint") else StreamedClip(clip, num_ahead)
