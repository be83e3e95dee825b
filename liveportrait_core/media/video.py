"""Films read as a stream of RGB frames, forwards and as often as needed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, cast
from weakref import WeakSet

import av.error
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ..errors import MediaError
from .containers import EXACT_COLOUR, open_container
from .images import is_image
from .video_file import VideoFile, length_of, time_of
from .video_writer import VideoWriter
from .window import Window

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

# FFmpeg's number for RGB, which has no matrix.
_RGB_MATRIX: Final = 0


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
    """A film, or part of it, as RGB frames on an even grid of time; iterate as often as you like.

    Nothing is held but the frame at hand, so memory does not depend on the film's length.
    Leaving a `with` block ends the iterations that were not finished.

    Convention:
        - frame k is shown from k / fps seconds after the first picture on. A film of variable
          rate is put on that grid: of the pictures due by (k + 1/2) / fps the latest is taken,
          so some repeat and some drop, and duration and sound stay in step. A film of even rate
          gives each of its pictures once, also where its timestamps are rounded.
        - fps is the mean rate that the container tells, never rounded; 25 where it tells none
        - a part is a slice of the whole film's frames: those due from `start_s` on, on the clock
          that players show, where 0 is when the file's picture or sound begins
          (`FilmClock.window` tells the rounding)
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
        start_s: When our first frame is shown, on the clock of the film's own picture; as
            `audio_start_s` of a `VideoWriter` it keeps the sound in step.
        has_audio: Whether the file has a stream of sound.
    """

    path: Path
    width: int
    height: int
    fps: Fraction
    num_frames: int | None
    duration_s: float | None
    start_s: Fraction
    has_audio: bool

    def __init__(
        self,
        path: str | Path,
        *,
        start_s: Fraction | float = 0,
        duration_s: Fraction | float | None = None,
    ) -> None:
        """Probe the file; its first picture is decoded, and no handle is kept.

        Args:
            path: The film.
            start_s: Where the part begins, in seconds; below 0 counts from the end of the file's
                picture or sound, whichever lasts longer, and goes no further than its beginning.
            duration_s: How long the part is, or less where the film ends before; None goes to the
                film's end.

        Raises:
            MediaError: The file is missing, empty, no film, without picture, shorter than its
                own index says, or cannot be decoded; or no frame lies in the part.
            ValueError: `duration_s` is not above 0.
        """
        if duration_s is not None and duration_s <= 0:
            raise ValueError(
                f"duration_s must be above 0, got {duration_s}. Give None to read to the end."
            )
        self._iterations: WeakSet[Generator[NDArray[np.uint8]]] = WeakSet()
        self._film = film = VideoFile(Path(path))
        self._window = film.clock.window(
            self._from_beginning(Fraction(start_s)),
            None if duration_s is None else Fraction(duration_s),
        )
        self.path, self.fps, self.has_audio = film.path, film.fps, film.has_audio
        self.width, self.height = film.orientation.size_of(*film.size)
        self.start_s = self._window.first / film.fps + film.origin_in_stream_s
        self.num_frames, self.duration_s = self._expected_length(self._window)

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

    def _from_beginning(self, start_s: Fraction) -> Fraction:
        """A start that may be counted from the end, counted from the beginning."""
        if start_s >= 0:
            return start_s
        if self._film.longest_s is None:
            raise MediaError(
                f"The video {self._film.path} does not tell how long it is, so a start counted "
                "from its end cannot be found. Give one from its beginning."
            )
        return max(Fraction(0), self._film.longest_s + start_s)

    def _expected_length(self, window: Window) -> tuple[int | None, float | None]:
        """Frames and seconds that the container promises."""
        first, stop = window.first, window.stop
        num_frames, end_s = self._film.num_frames, self._film.duration_s
        if stop is not None:
            if stop <= first:
                raise MediaError(
                    f"The wanted part of the video {self.path} is too short to hold a frame: they "
                    f"come at {float(self.fps):g} a second. Take a longer part."
                )
            num_frames = min(stop, num_frames or stop)
            end_s = min(stop / self.fps, end_s or stop / self.fps)
        if num_frames is not None and num_frames <= first:
            raise self._beyond_end(num_frames)
        return (
            None if num_frames is None else num_frames - first,
            None if end_s is None else float(end_s - first / self.fps),
        )

    def _frames(self) -> Generator[NDArray[np.uint8]]:
        """Decoded pictures on the even grid (class convention)."""
        film, window = self._film, self._window
        due_s = Fraction(0)
        held: VideoFrame | None = None
        slot = end = window.first  # the next slot of the grid to fill, and the first to stay empty
        with closing(film.pictures(window.first)) as pictures:
            for picture in pictures:
                time_s = time_of(picture, due_s)
                start = film.slot_of(time_s)
                while held is not None and slot < window.cut(start):
                    yield self._upright_rgb(held)
                    slot += 1
                if slot == window.stop:
                    return
                held = picture
                due_s = time_s + (length_of(picture) or 1 / self.fps)
                end = max(start + 1, film.slot_of(due_s))
            while held is not None and slot < window.cut(end):
                yield self._upright_rgb(held)
                slot += 1
        if slot == window.first:
            raise self._beyond_end(end)

    def _beyond_end(self, num_frames: int) -> MediaError:
        return MediaError(
            f"The video {self.path} ends after {float(num_frames / self.fps):.6g} s, but the part "
            f"to read begins at {float(self._window.first / self.fps):.6g} s. Begin earlier."
        )

    def _upright_rgb(self, picture: VideoFrame) -> NDArray[np.uint8]:
        width, height = self._film.size
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
        return self._film.orientation.upright(cast(NDArray[np.uint8], pixels))


def _take_all(frames: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The frames as one array; the list is emptied, so that none is held twice."""
    chunk = np.stack(frames)
    frames.clear()
    return chunk
