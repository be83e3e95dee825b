"""What is shown of a source: its one picture, or any frame of a film."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from .. import library
from ..adapt.images import pixels_of
from ..folder_files import state_of

if TYPE_CHECKING:
    from ...liveportrait_core.imaging.tensors import Pixels
    from ...liveportrait_core.media.video import VideoReader
    from ..adapt.clips import AnyClip

MOST_SAMPLES: Final = 16
"""Of a film that is no file: pictures that are kept of it."""
MOST_BYTES: Final = 64 * 2**20
"""Of the frames that are kept of a film."""
BEFORE: Final = 6
AHEAD: Final = 24
"""Frames: so many before one that is sought are kept, and so many are read on for one."""


class Pictures(Protocol):
    """A picture, or a film."""

    @property
    def num_frames(self) -> int:
        """1 of a picture."""
        ...

    @property
    def fps(self) -> float:
        """Frames a second."""
        ...

    @property
    def nbytes(self) -> int:
        """What is held now."""
        ...

    @property
    def fingerprint(self) -> str:
        """What tells it from others."""
        ...

    def at(self, index: int) -> Pixels:
        """A frame, (H, W, 3) uint8."""
        ...


@dataclass(frozen=True, slots=True)
class Samples:
    """Some frames in equal steps; `at` gives the nearest one."""

    frames: Sequence[Pixels]
    num_frames: int = 1
    fps: float = 25.0

    @property
    def nbytes(self) -> int:
        """Of all frames."""
        return sum(frame.nbytes for frame in self.frames)

    @property
    def fingerprint(self) -> str:
        """Of all frames that are kept."""
        digest = hashlib.blake2b(repr((self.num_frames, self.fps)).encode(), digest_size=16)
        for frame in self.frames:
            digest.update(repr(frame.shape).encode())
            digest.update(np.ascontiguousarray(frame).data)
        return digest.hexdigest()

    def at(self, index: int) -> Pixels:
        """The nearest frame that is kept."""
        last = max(1, self.num_frames - 1)
        return self.frames[round(index * (len(self.frames) - 1) / last)]


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file with one picture, which is read when it is asked for."""

    path: Path
    num_frames: int = 1
    fps: float = 25.0
    nbytes: int = 0

    @property
    def fingerprint(self) -> str:
        """Of the file as it is now."""
        return repr(state_of(self.path))

    def at(self, index: int) -> Pixels:
        """The picture.

        Raises:
            MediaError: The file cannot be read.
        """
        del index
        return library.images.read_image(self.path).rgb


class Film:
    """A video file; frames near the last one that was asked for come quickly."""

    def __init__(self, reader: VideoReader) -> None:
        """Nothing is read yet."""
        self._reader = reader
        self._kept: OrderedDict[int, Pixels] = OrderedDict()
        self._coming: Iterator[Pixels] = iter(())
        self._next = -1
        self._start_s: Fraction | None = None
        """Where it begins in its file, once that is needed."""

    @property
    def num_frames(self) -> int:
        """As the file says; 1 where it does not."""
        return self._reader.num_frames or 1

    @property
    def fps(self) -> float:
        """Frames a second."""
        return float(self._reader.fps)

    @property
    def fingerprint(self) -> str:
        """Of the file, as it was when it was opened."""
        return self._reader.fingerprint

    @property
    def nbytes(self) -> int:
        """Of the frames that are kept."""
        return sum(frame.nbytes for frame in self._kept.values())

    def at(self, index: int) -> Pixels:
        """A frame.

        Raises:
            MediaError: It cannot be read.
        """
        if index in self._kept:
            return self._kept[index]
        if not 0 <= self._next <= index <= self._next + AHEAD:
            self._seek(max(0, index - BEFORE))
        while self._next <= index:
            frame = next(self._coming, None)
            if frame is None:  # the file has fewer frames than it says
                self._next = -1
                break
            self._kept[self._next] = frame
            self._next += 1
            while len(self._kept) > 1 and self.nbytes > MOST_BYTES:
                self._kept.popitem(last=False)
        return self._kept[index] if index in self._kept else next(reversed(self._kept.values()))

    def _seek(self, index: int) -> None:
        reader = self._reader
        if index:
            if self._start_s is None:
                whole = library.video.VideoReader(reader.path)
                self._start_s = reader.start_s - whole.start_s
            start_s = self._start_s + index / reader.fps
            reader = library.video.VideoReader(reader.path, start_s=start_s)
        self._coming, self._next = iter(reader), index


def picture(pixels: Pixels) -> Pictures:
    """One picture, (H, W, 3) uint8."""
    return Samples([pixels])


def file_of(path: Path) -> Pictures:
    """A picture's or a film's file.

    Raises:
        MediaError: It is a film that cannot be read.
    """
    if library.images.is_image(path):
        return PictureFile(path)
    return Film(library.video.VideoReader(path))


def pictures_of(clip: AnyClip) -> Pictures:
    """What previews may show of a clip that a node got: all of a file, of a batch some frames."""
    if isinstance(clip, library.video.VideoReader):
        return Film(clip)
    first = pixels_of(clip.images[0])
    count = max(1, min(MOST_SAMPLES, clip.num_frames, MOST_BYTES // first.nbytes))
    last = max(1, count - 1)
    rows = [round(place * (clip.num_frames - 1) / last) for place in range(1, count)]
    frames = [first, *(pixels_of(clip.images[row]) for row in rows)]
    return Samples(frames, clip.num_frames, float(clip.fps))
