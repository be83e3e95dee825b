"""Videos read as a stream of RGB frames, forwards and as often as needed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, cast
from weakref import WeakSet

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ..errors import MediaError
from .animated_webp import PROBE_BYTES, AnimatedWebp, is_animated_webp
from .atomic import check_readable
from .containers import EXACT_COLOUR
from .hdr import ColourSpace, colour_space_of
from .images import on_white
from .video_file import VideoFile, length_of, time_of
from .video_writer import VideoWriter
from .window import Window

__all__ = ["VideoReader", "VideoWriter"]

# FFmpeg's number for RGB, which has no matrix.
_RGB_MATRIX: Final = 0
_OPAQUE: Final = 255
_HIGH_BYTE: Final = 8
_NUM_SAMPLES: Final = 8
"""Pictures of an HDR video whose brightness is measured."""


class VideoReader:
    """A video, or part of it, as RGB frames on an even grid of time; iterate as often as you like.

    `for frame in VideoReader("driving.mp4"): ...`

    Only the current frame is held, so memory does not depend on the video's length.
    Leaving a `with` block ends the iterations that were not finished.

    Convention:
        - frame k is shown from k / fps seconds after the first picture on. A video of variable
          rate is put on that grid: of the pictures due by (k + 1/2) / fps the latest is taken,
          so some repeat and some drop, and duration and sound stay in step. A video of even rate
          gives each of its pictures once, also where its timestamps are rounded.
        - fps is the mean rate of the container, never rounded; where it states none, that of the
          median step between its pictures (`frame_rate.frame_rate`)
        - a part is a slice of the whole video's frames: those due from `start_s` on, on the clock
          that players show, where 0 is when the file's picture or sound begins
          (`VideoClock.window` gives the rounding)
        - pictures are turned as the display matrix or the old `rotate` tag says; pixels that are
          not square are made so by width; transparent ones lie on white; 10 bits become 8;
          HDR and wide gamuts become BT.709 (`hdr.ColourSpace`), an SDR video in an HDR signal by
          its own white

    Attributes:
        path: The file.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        fps: Exact frame rate, for example 30000/1001.
        num_frames: Expected number of frames, or None when the container does not say; the
            true number is known only after an iteration.
        duration_s: Expected duration in seconds, or None when the container does not say.
        start_s: When our first frame is shown, on the clock of the video's own picture; as
            `audio_start_s` of a `VideoWriter` it keeps the sound in step.
        has_audio: Whether the file has a stream of sound.
        fingerprint: What identifies this part of the file, as it was when it was opened.
    """

    path: Path
    width: int
    height: int
    fps: Fraction
    num_frames: int | None
    duration_s: float | None
    start_s: Fraction
    has_audio: bool
    fingerprint: str

    def __init__(
        self,
        path: str | Path,
        *,
        start_s: Fraction | float = 0,
        duration_s: Fraction | float | None = None,
    ) -> None:
        """Probe the file; its first picture is decoded, and no handle is kept.

        Args:
            path: The video.
            start_s: Where the part begins, in seconds; below 0 counts from the end of the file's
                picture or sound, whichever lasts longer, and goes no further than its beginning.
            duration_s: How long the part is, or less where the video ends before; None goes to the
                video's end.

        Raises:
            MediaError: The file is missing, empty, no video, without picture, shorter than its
                own index says, or cannot be decoded; or no frame lies in the part.
            ValueError: `duration_s` is not above 0.
        """
        if duration_s is not None and duration_s <= 0:
            raise ValueError(
                f"duration_s is {duration_s}; a number above 0 is expected. Give None to read to "
                "the end."
            )
        self._brightest_nits: float | None = None  # of an HDR video, once it is looked at
        self._iterations: WeakSet[Generator[NDArray[np.uint8]]] = WeakSet()
        self._file = video = _opened(Path(path))
        self._window = video.clock.window(
            self._from_beginning(Fraction(start_s)),
            None if duration_s is None else Fraction(duration_s),
        )
        self.path, self.fps, self.has_audio = video.path, video.fps, video.has_audio
        self.width, self.height = video.orientation.size_of(*video.size)
        self.start_s = self._window.first / video.fps + video.origin_in_stream_s
        self.num_frames, self.duration_s = self._expected_length(self._window)
        stat = self.path.stat()
        about = (self.path.resolve(), stat.st_size, stat.st_mtime_ns, self._window, self.fps)
        self.fingerprint = repr(about)

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
            MediaError: The video breaks off or is damaged; the message names the frame.
        """
        iteration = self._frames()
        self._iterations.add(iteration)
        return iteration

    def chunks(self, num_frames: int) -> Iterator[NDArray[np.uint8]]:
        """The frames from the beginning, `num_frames` at a time.

        Yields:
            (N, H, W, 3) uint8 RGB; N = `num_frames`, fewer in the last chunk, never 0.

        Raises:
            MediaError: The video breaks off or is damaged; the message names the frame.
            ValueError: `num_frames` is below 1.
        """
        if num_frames < 1:
            raise ValueError(f"num_frames is {num_frames}; 1 or more is expected. Give 8, say.")
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
        if self._file.longest_s is None:
            raise MediaError(
                f"The length of the video {self._file.path} is unknown; a start counted from its "
                "beginning is expected. Give 0 or more."
            )
        return max(Fraction(0), self._file.longest_s + start_s)

    def _expected_length(self, window: Window) -> tuple[int | None, float | None]:
        """Frames and seconds that the container promises."""
        first, stop = window.first, window.stop
        num_frames, end_s = self._file.num_frames, self._file.duration_s
        if stop is not None:
            if stop <= first:
                raise MediaError(
                    f"The part of the video {self.path} is shorter than a frame, at "
                    f"{float(self.fps):g} frames a second; 1 frame or more is expected. Take a "
                    "longer part."
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
        video, window = self._file, self._window
        due_s = Fraction(0)
        held: VideoFrame | None = None
        slot = end = window.first  # the next slot of the grid to fill, and the first to stay empty
        with closing(video.pictures(window.first)) as pictures:
            for picture in pictures:
                time_s = time_of(picture, due_s)
                start = video.slot_of(time_s)
                while held is not None and slot < window.cut(start):
                    yield self._upright_rgb(held)
                    slot += 1
                if slot == window.stop:
                    return
                held = picture
                due_s = time_s + (length_of(picture) or 1 / self.fps)
                end = max(start + 1, video.slot_of(due_s))
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
        space = self._space_of(picture)
        has_alpha = _can_be_transparent(picture)
        if space is None:
            stored = self._converted(picture, "rgba" if has_alpha else "rgb24")
            alpha, rgb = stored[:, :, 3:], cast(NDArray[np.uint8], stored[:, :, :3])
        else:
            stored = self._converted(picture, "rgba64le" if has_alpha else "rgb48le")
            alpha = stored[:, :, 3:] >> _HIGH_BYTE
            rgb = space.to_bt709(cast(NDArray[np.uint16], stored[:, :, :3]))
        if has_alpha and alpha.min() < _OPAQUE:
            rgb = on_white(rgb, alpha[:, :, 0].astype(np.uint8, copy=False))
        return self._file.orientation.upright(rgb)

    def _space_of(self, picture: VideoFrame) -> ColourSpace | None:
        """What a picture's numbers mean; None where that is BT.709."""
        space = colour_space_of(picture, self._file.colour)
        if space is None or not space.is_hdr:
            return space
        if self._brightest_nits is None:
            self._brightest_nits = max(map(self._brightest_in, self._samples()), default=0.0)
        return space.for_brightest(self._brightest_nits)

    def _samples(self) -> Iterator[VideoFrame]:
        """Pictures from all over the video: key frames where they can be sought."""
        length = self._file.num_frames or 1
        for place in range(_NUM_SAMPLES):
            with closing(self._file.pictures(place * length // _NUM_SAMPLES)) as pictures:
                yield from islice(pictures, 1)

    def _brightest_in(self, picture: VideoFrame) -> float:
        space = colour_space_of(picture, self._file.colour)
        if space is None or not space.is_hdr:
            return 0.0
        pixels = cast(NDArray[np.uint16], self._converted(picture, "rgb48le"))
        return space.brightest_nits(pixels)

    def _converted(self, picture: VideoFrame, form: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
        width, height = self._file.size
        pixels = picture.to_ndarray(
            format=form,
            width=width,
            height=height,
            interpolation=EXACT_COLOUR,
            # PyAV before 17 uses the picture's own matrix and range only where both
            # ends, and they differ; for RGB the far end means nothing.
            src_colorspace=picture.colorspace,
            dst_colorspace=_RGB_MATRIX,
            src_color_range=picture.color_range,
        )
        return cast("NDArray[np.uint8] | NDArray[np.uint16]", pixels)


def _can_be_transparent(picture: VideoFrame) -> bool:
    return picture.format.name == "pal8" or any(
        component.is_alpha for component in picture.format.components
    )


def _opened(path: Path) -> VideoFile | AnimatedWebp:
    """The file, probed by the library that reads its pictures."""
    check_readable(path, "video")
    with path.open("rb") as stream:
        start = stream.read(PROBE_BYTES)
    return AnimatedWebp(path) if is_animated_webp(start) else VideoFile(path)


def _take_all(frames: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The frames as one array; the list is emptied, so that none is held twice."""
    chunk = np.stack(frames)
    frames.clear()
    return chunk
