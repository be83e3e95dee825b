"""Films read as a stream of RGB frames, forwards and as often as needed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from math import floor
from pathlib import Path
from types import TracebackType
from typing import Final, cast
from weakref import WeakSet

import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import MediaError
from .containers import (
    EXACT_COLOUR,
    declared_end,
    indexed_frames,
    open_container,
    reason_of,
    start_of,
    video_stream,
)
from .images import is_image
from .orientation import Orientation, orientation_of
from .video_writer import VideoWriter

__all__ = ["VIDEO_SUFFIXES", "VideoReader", "VideoWriter", "is_video"]

VIDEO_SUFFIXES: Final = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".ts",
        ".wmv",
        ".flv",
        ".gif",
    }
)
"""Endings that name a film."""

_HALF: Final = Fraction(1, 2)
_FPS_WHEN_UNKNOWN: Final = Fraction(25)
# Ratios like 3645:3644 come from rounding a size to whole pixels; they are no shape.
_LARGEST_ROUNDED_ASPECT: Final = Fraction(1, 100)
# FFmpeg's number for RGB, which has no matrix.
_RGB_MATRIX: Final = 0
# Containers round the end of a stream; a film that lacks more than this broke off.
_LONGEST_ROUNDED_END_S: Final = Fraction(1, 2)


def is_video(path: str | Path) -> bool:
    """Whether a file is a film: by its ending where that is known, else by what is in it.

    Raises:
        MediaError: The ending is unknown, and the file is missing, empty or unreadable.
    """
    if Path(path).suffix.lower() in VIDEO_SUFFIXES:
        return True
    if is_image(path):
        return False
    try:
        with open_container(path, "video") as container:
            # FFmpeg opens a picture as a film of one frame, by formats such as png_pipe.
            is_picture = container.format.name.endswith(("_pipe", "image2"))
            return bool(container.streams.video) and not is_picture
    except MediaError as error:
        if isinstance(error.__cause__, av.error.FFmpegError):
            return False  # a file, but no film
        raise


class VideoReader:
    """A film as RGB frames on an even grid of time; iterate as often as you like.

    Nothing is held but the frame at hand, so memory does not depend on the film's length.
    Leaving a `with` block ends the iterations that were not finished.

    Convention:
        - frame k is shown from k / fps seconds after the first picture on. A film of variable
          rate is put on that grid: of the pictures due by (k + 1/2) / fps the latest is taken,
          so some repeat and some drop, and duration and sound stay in step. A film of even rate
          gives each of its pictures once, also where its timestamps are rounded.
        - fps is the mean rate that the container tells, never rounded; 25 where it tells none
        - pictures are turned as the display matrix or the old `rotate` tag says; pixels that are
          not square are made so by width; alpha is left out; 10 bits become 8

    Attributes:
        path: The file.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        fps: Exact frame rate, for example 30000/1001.
        num_frames: Expected number of frames, or None when the container does not tell; the
            true number is known only after an iteration.
        duration_s: Expected duration in seconds, or None when the container does not tell.
        has_audio: Whether the file has a stream of sound.
    """

    path: Path
    width: int
    height: int
    fps: Fraction
    num_frames: int | None
    duration_s: float | None
    has_audio: bool

    def __init__(self, path: str | Path) -> None:
        """Probe the file; its first picture is decoded, and no handle is kept.

        Raises:
            MediaError: The file is missing, empty, no film, without picture, shorter than its
                own index says, or cannot be decoded.
        """
        self.path = Path(path)
        self._iterations: WeakSet[Generator[NDArray[np.uint8]]] = WeakSet()
        with open_container(self.path, "video") as container:
            stream = video_stream(container, self.path)
            self.has_audio = bool(container.streams.audio)
            self.fps = Fraction(stream.average_rate or stream.guessed_rate or _FPS_WHEN_UNKNOWN)
            self._declared_end_s = declared_end(stream)
            duration = _duration_of(container, stream)
            num_stored = stream.frames
            num_there, num_indexed = indexed_frames(container, stream)
            if num_there < num_indexed:
                raise self._broken_off(num_there, f"its index names {num_indexed}")
            first = next(self._decode(container, stream), None)
            if first is None:
                raise MediaError(
                    f"The video {self.path} holds no frame that can be decoded, and at least one "
                    "was wanted. Export it again."
                )
            self._size = _square_size(stream, first)
            self._orientation: Orientation = orientation_of(first, stream)
        self.width, self.height = self._orientation.size_of(*self._size)
        self.duration_s = None if duration is None else float(duration)
        self.num_frames = num_stored or None
        if duration is not None:
            self.num_frames = max(1, round(duration * self.fps))

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for iteration in list(self._iterations):
            iteration.close()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """The frames from the beginning, each (H, W, 3) uint8 RGB and the caller's own.

        Raises:
            MediaError: The film breaks off or is damaged; the message names the frame.
        """
        iteration = self._frames()
        self._iterations.add(iteration)
        return iteration

    def chunks(self, num_frames: int) -> Iterator[NDArray[np.uint8]]:
        """The frames from the beginning, `num_frames` at a time.

        Yields:
            (N, H, W, 3) uint8 RGB; N = `num_frames`, fewer in the last chunk, never 0.

        Raises:
            MediaError: The film breaks off or is damaged; the message names the frame.
            ValueError: `num_frames` is below 1.
        """
        if num_frames < 1:
            raise ValueError(f"A chunk must hold at least 1 frame, got {num_frames}.")
        return self._chunks(num_frames)

    def _chunks(self, num_frames: int) -> Iterator[NDArray[np.uint8]]:
        gathered: list[NDArray[np.uint8]] = []
        for frame in self:
            gathered.append(frame)
            if len(gathered) == num_frames:
                yield _take_all(gathered)
        if gathered:
            yield _take_all(gathered)

    def _frames(self) -> Generator[NDArray[np.uint8]]:
        """Decoded pictures on the even grid (class convention)."""
        origin = due = Fraction(0)
        held: VideoFrame | None = None
        slot = end = 0  # the next slot of the grid to fill, and the first that stays empty
        with open_container(self.path, "video") as container:
            for picture in self._decode(container, video_stream(container, self.path)):
                time = _time_of(picture, due)
                origin = time if held is None else origin
                start = floor((time - origin) * self.fps + _HALF)
                while held is not None and slot < start:
                    yield self._upright_rgb(held)
                    slot += 1
                held = picture
                due = time + (_length_of(picture) or 1 / self.fps)
                end = max(start + 1, floor((due - origin) * self.fps + _HALF))
            while held is not None and slot < end:
                yield self._upright_rgb(held)
                slot += 1

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        stream.thread_type = "AUTO"
        num_decoded = 0
        end_s: Fraction | None = None
        try:
            for packet in container.demux(stream):
                try:
                    pictures = packet.decode()
                except av.error.FFmpegError:
                    if num_decoded:
                        raise
                    continue  # a recording may begin between two key frames
                for picture in pictures:
                    num_decoded += 1
                    end_s = _time_of(picture, Fraction(0)) + (_length_of(picture) or 0)
                    yield picture
        except av.error.FFmpegError as error:
            raise self._broken_off(num_decoded, reason_of(error)) from error
        if end_s is not None and self._declared_end_s - end_s > _LONGEST_ROUNDED_END_S:
            raise self._broken_off(num_decoded, "the file ends")

    def _broken_off(self, num_decoded: int, reason: str) -> MediaError:
        return MediaError(
            f"The video {self.path} breaks off after frame {num_decoded} ({reason}); it is "
            "damaged or was not copied whole. Copy or export it again, or cut it before that frame."
        )

    def _upright_rgb(self, picture: VideoFrame) -> NDArray[np.uint8]:
        width, height = self._size
        pixels = picture.to_ndarray(
            format="rgb24",
            width=width,
            height=height,
            interpolation=EXACT_COLOUR,
            # PyAV before 17 heeds the picture's own matrix and range only where it is told both
            # ends, and they differ; for RGB the far end means nothing.
            src_colorspace=picture.colorspace,
            dst_colorspace=_RGB_MATRIX,
            src_color_range=picture.color_range,
        )
        return self._orientation.upright(cast(NDArray[np.uint8], pixels))


def _take_all(frames: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The frames as one array; the list is emptied, so that none is held twice."""
    chunk = np.stack(frames)
    frames.clear()
    return chunk


def _duration_of(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    if end := declared_end(stream):
        return end - start_of(stream)
    if container.duration:
        return Fraction(container.duration, av.time_base)
    return None


def _time_of(picture: VideoFrame, due: Fraction) -> Fraction:
    """When a picture is shown, on its file's clock; `due` in a raw stream without clock."""
    if picture.pts is None or picture.time_base is None:
        return due
    return picture.pts * picture.time_base


def _length_of(picture: VideoFrame) -> Fraction | None:
    duration: int | None = getattr(picture, "duration", None)  # PyAV 15 and up
    if not duration or picture.time_base is None:
        return None
    return duration * picture.time_base


def _square_size(stream: VideoStream, first: VideoFrame) -> tuple[int, int]:
    """(width, height) in square pixels, before turning upright."""
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if abs(aspect - 1) <= _LARGEST_ROUNDED_ASPECT:
        return first.width, first.height
    return max(1, round(first.width * aspect)), first.height
