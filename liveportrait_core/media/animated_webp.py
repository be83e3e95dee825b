"""Animated WebP as a video: FFmpeg reads only its first picture, so Pillow decodes it."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from ..errors import MediaError
from .orientation import Orientation
from .window import VideoClock, slot_at

_MS: Final = Fraction(1, 1000)
# Browsers show a picture that claims no time, or next to none, for this long.
_MIN_LENGTH_MS: Final = 10
_DEFAULT_LENGTH_MS: Final = 100
_SIGNATURE_BYTES: Final = 12
_ANIMATION_FLAG: Final = 0x02
PROBE_BYTES: Final = 21
"""As many from the beginning say whether a WebP is animated."""
_CHUNK_HEADER_BYTES: Final = 8


def is_animated_webp(start: bytes) -> bool:
    """Whether the first `PROBE_BYTES` are those of an animated WebP."""
    if len(start) < PROBE_BYTES or start[:4] != b"RIFF" or start[8:16] != b"WEBPVP8X":
        return False
    return bool(start[20] & _ANIMATION_FLAG)


class AnimatedWebp:
    """An animated WebP, probed; no handle is kept. The attributes are those of `VideoFile`."""

    has_audio = False
    colour = (2, 2)  # unspecified
    orientation = Orientation()
    origin_s = Fraction(0)
    origin_in_stream_s = Fraction(0)

    def __init__(self, path: Path) -> None:
        """Read the times of its pictures; none is decoded.

        Raises:
            MediaError: The file breaks off.
        """
        self.path = path
        try:
            with path.open("rb") as stream:
                self._lengths_ms = _lengths_ms(stream)
            with Image.open(path, formats=["WEBP"]) as image:
                self.size = image.size
        except (OSError, EOFError) as error:
            raise self._damaged(0) from error
        if not self._lengths_ms:
            raise self._damaged(0)
        self.num_frames = len(self._lengths_ms)
        self.duration_s = self.longest_s = sum(self._lengths_ms) * _MS
        self.fps = self.num_frames / self.duration_s
        self.clock = VideoClock(fps=self.fps, tick_s=_MS)

    def slot_of(self, time_s: Fraction) -> int:
        """The frame of the even grid that a picture shown at `time_s` is."""
        return slot_at(time_s, self.fps)

    def pictures(self, frame: int = 0) -> Generator[VideoFrame]:
        """Decoded pictures from the first on, RGB with alpha; `frame` is not sought.

        Raises:
            MediaError: The file breaks off or is damaged; the message names the frame.
        """
        del frame
        time_ms = 0
        with Image.open(self.path, formats=["WEBP"]) as image:
            for number, length_ms in enumerate(self._lengths_ms):
                try:
                    image.seek(number)
                    pixels = np.array(image.convert("RGBA"), np.uint8)
                except (OSError, EOFError, ValueError) as error:
                    raise self._damaged(number) from error
                picture = VideoFrame.from_ndarray(pixels, format="rgba")
                picture.time_base, picture.pts = _MS, time_ms
                time_ms += length_ms
                yield picture

    def _damaged(self, number: int) -> MediaError:
        return MediaError(
            f"The animation {self.path} breaks off after frame {number}; a whole file is "
            "expected. Copy or export it again."
        )


def _lengths_ms(stream: BinaryIO) -> list[int]:
    """How long each picture is shown, by the ANMF chunks of the RIFF file."""
    lengths: list[int] = []
    stream.seek(_SIGNATURE_BYTES)
    while len(header := stream.read(_CHUNK_HEADER_BYTES)) == _CHUNK_HEADER_BYTES:
        size = int.from_bytes(header[4:], "little")
        end = stream.tell() + size + size % 2
        if header[:4] == b"ANMF":
            frame = stream.read(16)  # x, y, width, height, length: three bytes each; flags
            length = int.from_bytes(frame[12:15], "little")
            lengths.append(length if length > _MIN_LENGTH_MS else _DEFAULT_LENGTH_MS)
        stream.seek(end)
    return lengths
