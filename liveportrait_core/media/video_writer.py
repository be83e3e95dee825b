"""Videos written frame by frame, with sound of a file or of a waveform, whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from fractions import Fraction
from math import floor, inf
from pathlib import Path
from types import TracebackType
from typing import Final, cast

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..background import Behind
from ..errors import MediaError
from ..imaging.tensors import Part
from .atomic import replacing, unwritable
from .audio import AudioFormat, Waveform, probe_audio, stream_audio, stream_waveform
from .containers import file_url, keep_ffmpeg_quiet
from .encodable import BT709, LIMITED_RANGE, EncodablePictures, Given
from .video_formats import MAX_CRF, VideoFormat, video_format

_LOG = logging.getLogger(__name__)
_AUDIO_BITS_PER_CHANNEL: Final = 96_000
_AUDIO_RATE_HZ: Final = 48_000
QUEUED_FRAMES: Final = 8
"""That wait for the encoder at most."""
_CONTAINER_OPTIONS: Final = {"mp4": {"movflags": "+faststart"}, "mov": {"movflags": "+faststart"}}


class VideoWriter:
    """A video written frame by frame, with optional sound: H.264 and AAC, BT.709.

    `with VideoWriter("result.mp4", Fraction(25)) as writer: writer.write(picture)`

    Use it in a `with` block. The file grows under a temporary name beside `path` and gets its
    name when the block ends well; after an exception or Ctrl-C nothing is left. Frames are encoded
    in another thread, which ends with the block.

    Convention:
        - frame k is shown from k / fps on, fps exact; a .gif shows at most 50 frames a second, and
          leaves out what lies between
        - the ending names the format (`video_formats`): .mp4, .m4v, .mov and .mkv are H.264, .webm
          is VP9 with Opus; .gif and .webp are animations without sound
        - with `transparent` frames have alpha: .mov is ProRes 4444, .webm VP9, .webp as it is
        - the size is the first frame's; an odd width or height, which yuv420p cannot hold, is
          made even by repeating the last column or row
        - sound is decoded and encoded again, so that any codec fits and it ends with the picture
          (to a frame of AAC, 1024 samples); where it is shorter it just ends
        - the video is upright: it has no display matrix
    """

    def __init__(
        self,
        path: str | Path,
        fps: Fraction | float,
        *,
        crf: int = 18,
        audio_path: str | Path | None = None,
        waveform: Waveform | None = None,
        audio_start_s: Fraction = Fraction(0),
        transparent: bool = False,
    ) -> None:
        """Nothing is opened before the `with` block.

        Args:
            path: Name ending in one of `WRITABLE_SUFFIXES`.
            fps: Exact frame rate: a fraction or a whole number.
            crf: x264's quality, 0 (lossless) to 51 (worst).
            audio_path: File whose sound is carried.
            waveform: Sound that is carried, instead of a file's; without either there is none.
            audio_start_s: Time in that sound, a video's on its picture's clock, at which our first
                frame is; below 0 the sound comes in later.
            transparent: Whether frames have a fourth channel, alpha, 255 being opaque.

        Raises:
            MediaError: The ending names no format that can be written, or one without sound.
            ValueError: `fps` or `crf` is out of range, both kinds of sound are given, or the
                waveform is not finite.
        """
        _check_rate(fps)
        if not 0 <= crf <= MAX_CRF:
            raise ValueError(f"crf is {crf}; 0 to 51 is expected. Give 18, which is usual.")
        if waveform is not None:
            _check_waveform(waveform, audio_path)
        self.path = Path(path)
        self.transparent = transparent
        self._format = video_format(self.path, transparent=transparent)
        if self._format.audio_codec is None and not (audio_path is None and waveform is None):
            raise MediaError(
                f"The video {self.path} cannot hold sound; a format with sound is expected. Name "
                "it .mp4, or leave the sound out."
            )
        self.fps = Fraction(fps)
        most = self._format.max_fps
        if most is not None and fps > most:
            _LOG.warning(
                "%s shows at most %d frames a second; of %g a second some are left out. Name it "
                ".webp or .mp4 to keep them.",
                self.path,
                most,
                fps,
            )
        self.crf = crf
        self._audio_path = audio_path
        self._waveform = waveform
        self._audio_start_s = audio_start_s
        self._lifetime: AbstractContextManager[None] | None = None
        self._tracks: tuple[_VideoTrack, _AudioTrack | None] | None = None
        self._shape: tuple[int, ...] = ()
        self._num_given = 0
        self._encoding: Behind[Given] | None = None

    def __enter__(self) -> VideoWriter:
        """Check the sound, make the temporary file and open it.

        Raises:
            MediaError: The file cannot be written there, or the sound cannot be read.
        """
        self._lifetime = self._open()
        self._lifetime.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Complete the file and give it its name, or remove it.

        Raises:
            MediaError: No frame was written, or the file cannot be written.
        """
        assert self._lifetime is not None
        return self._lifetime.__exit__(kind, error, trace)

    def write(self, frame: NDArray[np.uint8], changed: Part | None = None) -> None:
        """Write the next frame, and the sound up to its end.

        Args:
            frame: (H, W, 3) RGB, or (H, W, 4) with alpha, of the same size each time. It is
                copied.
            changed: Rows and columns outside of which it is as the frame before; None says nothing.
                The file is the same, and only that part is copied and converted.

        Raises:
            MediaError: The file cannot be written, or its sound cannot be read further; an error
                of a frame may come with a later one, or at the end of the block.
            ValueError: The frame is no uint8 RGB picture, or of another size than the first.
        """
        num_channels = 4 if self.transparent else 3
        if frame.dtype != np.uint8 or frame.shape[2:] != (num_channels,):
            raise ValueError(
                f"The frame is {frame.dtype} of shape {frame.shape}; (H, W, {num_channels}) "
                "uint8 is expected. Convert it first."
            )
        self._shape = self._shape or frame.shape
        if self._shape != frame.shape:
            raise ValueError(
                f"Frame {self._num_given} has shape {frame.shape}; {self._shape} is expected, as "
                "the first has. Give all frames of one video the same size."
            )
        assert self._encoding is not None, "write() outside the with block"
        self._num_given += 1
        part = changed if self._num_given > 1 else None
        assert self._tracks is not None
        self._encoding.put(self._tracks[0].pictures.given(frame, part))

    def write_chunk(self, frames: Iterable[NDArray[np.uint8]]) -> None:
        """Write the next frames, (N, H, W, 3), each as `write` does."""
        for frame in frames:
            self.write(frame)

    @contextmanager
    def _open(self) -> Generator[None]:
        sound = self._sound()
        keep_ffmpeg_quiet()
        with replacing(self.path) as part:
            container = av.open(
                file_url(part),
                mode="w",
                format=self._format.container,
                container_options=_CONTAINER_OPTIONS.get(self._format.container, {}),
            )
            try:
                video = _VideoTrack(container, self._format, self.fps, self.crf)
                codec = self._format.audio_codec or ""
                audio = None if sound is None else _AudioTrack(container, codec, *sound)
                self._tracks = video, audio
                self._encoding = Behind(self._encode, QUEUED_FRAMES)
                yield
                self._encoding.finish()
                self._finish(container, video, audio)
            except BaseException:
                if self._encoding is not None:
                    self._encoding.stop()
                with suppress(av.error.FFmpegError):
                    container.close()
                raise

    def _encode(self, given: Given) -> None:
        assert self._tracks is not None
        video, audio = self._tracks
        try:
            video.write(given)
            if audio is not None:
                audio.write_until(video.num_written / self.fps)
        except av.error.FFmpegError as error:
            raise _unwritable(self.path, error) from error

    def _sound(self) -> tuple[AudioFormat, Iterator[NDArray[np.float32]]] | None:
        """The sound from our first frame on, in a format that can be encoded."""
        codec = self._format.audio_codec or ""
        if self._waveform is not None:
            target = _encodable(self._waveform.format, codec)
            return target, stream_waveform(self._waveform, target, self._audio_start_s)
        if self._audio_path is not None:
            target = _encodable(probe_audio(self._audio_path), codec)
            return target, stream_audio(self._audio_path, target, self._audio_start_s)
        return None

    def _finish(
        self, container: OutputContainer, video: _VideoTrack, audio: _AudioTrack | None
    ) -> None:
        if not video.num_written:
            raise MediaError(
                f"{self.path} got 0 frames; 1 or more are expected. Check that the input has "
                "frames."
            )
        try:
            video.finish()
            if audio is not None:
                audio.finish()
            container.close()
        except av.error.FFmpegError as error:
            raise _unwritable(self.path, error) from error


class _VideoTrack:
    """The picture of a video being written."""

    def __init__(
        self, container: OutputContainer, form: VideoFormat, fps: Fraction, crf: int
    ) -> None:
        self.num_written = 0
        self._container = container
        self.pictures = EncodablePictures(form)
        self._fps = fps
        self._shown_fps = min(fps, Fraction(form.max_fps or fps))
        self._num_shown = 0
        self._stream = cast(VideoStream, container.add_stream(form.codec, rate=self._shown_fps))
        self._stream.options = form.settings(crf)
        self._stream.pix_fmt = form.pix_fmt
        if form.is_yuv:
            self._stream.codec_context.colorspace = BT709
            self._stream.codec_context.color_primaries = BT709
            self._stream.codec_context.color_trc = BT709
            self._stream.codec_context.color_range = LIMITED_RANGE

    def write(self, given: Given) -> None:
        if not self.num_written:
            self._stream.height, self._stream.width = given.pixels.shape[:2]
        slot = floor(self.num_written * self._shown_fps / self._fps)
        self.num_written += 1
        if slot < self._num_shown:
            return
        picture = self.pictures.made(given)
        picture.pts = slot
        picture.time_base = 1 / self._shown_fps
        self._container.mux(self._stream.encode(picture))
        self._num_shown = slot + 1

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))


class _AudioTrack:
    """The sound of a video being written; it never runs ahead of the picture."""

    def __init__(
        self,
        container: OutputContainer,
        codec: str,
        found: AudioFormat,
        blocks: Iterator[NDArray[np.float32]],
    ) -> None:
        self._container = container
        self._blocks = blocks
        self._waiting = np.zeros((found.num_channels, 0), np.float32)
        self._num_written = 0
        self._layout = "mono" if found.num_channels == 1 else "stereo"
        self._rate_hz = found.sample_rate_hz
        self._stream = cast(
            AudioStream, container.add_stream(codec, rate=self._rate_hz, layout=self._layout)
        )
        self._stream.bit_rate = _AUDIO_BITS_PER_CHANNEL * found.num_channels

    def write_until(self, time_s: Fraction) -> None:
        """Write what is due before `time_s`, or all there is if that is less."""
        num_due = int(time_s * self._rate_hz) - self._num_written
        while num_due > 0:
            if not self._waiting.shape[1]:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._waiting = block
            samples, self._waiting = self._waiting[:, :num_due], self._waiting[:, num_due:]
            self._write(np.ascontiguousarray(samples))
            num_due -= samples.shape[1]

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))

    def _write(self, samples: NDArray[np.float32]) -> None:
        frame = AudioFrame.from_ndarray(samples, format="fltp", layout=self._layout)
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        frame.pts = self._num_written
        self._container.mux(self._stream.encode(frame))
        self._num_written += samples.shape[1]


def _check_rate(fps: Fraction | float) -> None:
    if not 0 < fps < inf:
        raise ValueError(f"fps is {fps}; a number above 0 is expected. Give 25, say.")
    if isinstance(fps, float) and not fps.is_integer():
        raise ValueError(
            f"fps is {fps}; a whole number or a Fraction is expected. Give "
            "Fraction(30000, 1001) for 29.97, say."
        )


def _check_waveform(waveform: Waveform, audio_path: str | Path | None) -> None:
    if audio_path is not None:
        raise ValueError(
            f"There are two sounds, a waveform and {audio_path}; one is expected. Leave one out."
        )
    if not np.isfinite(waveform.samples).all():
        raise ValueError(
            "The waveform has NaN or infinite samples; finite ones are expected. Look at what "
            "made it, or write the video without sound."
        )


def _encodable(found: AudioFormat, codec: str) -> AudioFormat:
    """The format as the encoder can hold it: itself, or at 48 kHz."""
    rates = av.Codec(codec, "w").audio_rates or []
    if found.sample_rate_hz in rates:
        return found
    return AudioFormat(_AUDIO_RATE_HZ, found.num_channels)


def _unwritable(path: Path, error: av.error.FFmpegError) -> MediaError:
    return unwritable(path, error if isinstance(error, OSError) else OSError(0, str(error)))
