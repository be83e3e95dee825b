"""A video's file: its properties, and its pictures as they are decoded."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Final, cast

import av
import av.error
from av.codec import CodecContext, codecs_available
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import MediaError
from .containers import (
    declared_end,
    indexed_frames,
    open_container,
    reason_of,
    start_of,
    video_stream,
)
from .frame_rate import frame_rate
from .orientation import Orientation, orientation_of
from .window import VideoClock, slot_at

_LOG = logging.getLogger(__name__)
# Ratios like 3645:3644 come from rounding a size to whole pixels; they are no shape.
_LARGEST_ROUNDED_ASPECT: Final = Fraction(1, 100)
# Containers round the end of a stream; a video that lacks more than this broke off.
_LONGEST_ROUNDED_END_S: Final = Fraction(1, 2)
_ALPHA_DECODERS: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Formats with an index of key frames, in which seeking is exact.
_INDEXED_FORMATS: Final = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
# Some indexes go by the time of decoding, which B-frames put before that of showing.
_SEEK_MARGIN_S: Final = Fraction(1, 2)


class VideoFile:
    """A video's file, probed; no handle is kept.

    Attributes:
        path: The file.
        fps: Exact mean frame rate (`frame_rate`).
        has_audio: Whether the file has a stream of sound.
        size: (width, height) of the stored pictures in square pixels, before turning upright.
        colour: Primaries and transfer function that the file states (ITU-T H.273).
        orientation: How they are turned upright.
        origin_s: When the first picture is shown, on the file's clock.
        origin_in_stream_s: The same after the beginning of the stream of pictures, which sound is
            timed by; above 0 in a recording that begins between two key frames.
        clock: How frames lie on the clock that players show.
        duration_s: How long the picture lasts, or None where the container does not say.
        longest_s: How long picture or sound last, whichever is longer, or None.
        num_frames: Expected number of frames, or None.
    """

    path: Path
    fps: Fraction
    has_audio: bool
    size: tuple[int, int]
    colour: tuple[int, int]
    orientation: Orientation
    origin_s: Fraction
    origin_in_stream_s: Fraction
    clock: VideoClock
    duration_s: Fraction | None
    longest_s: Fraction | None
    num_frames: int | None

    def __init__(self, path: Path) -> None:
        """Probe the file; its first picture is decoded. An interlaced one is warned of.

        Raises:
            MediaError: The file is missing, empty, no video, without picture, shorter than its
                own index says, or cannot be decoded.
        """
        self.path = path
        self.origin_s = Fraction(0)
        with open_container(path, "video") as container:
            stream = video_stream(container, path)
            self.has_audio = bool(container.streams.audio)
            self.fps = frame_rate(path, container, stream)
            self._declared_end_s = declared_end(stream)
            num_there, num_indexed = indexed_frames(container, stream)
            if num_there < num_indexed:
                raise self._broken_off(num_there, f"its index names {num_indexed}")
            first = next(self._decode(container, stream), None)
            if first is None:
                raise MediaError(
                    f"The video {path} has 0 frames that can be decoded; 1 or more are expected. "
                    "Export it again."
                )
            if first.interlaced_frame:
                _LOG.warning(
                    "%s is interlaced: moving edges may look like combs. If they do, convert it "
                    "first, by 'ffmpeg -i IN -vf bwdif OUT' or an editor's deinterlacing.",
                    path,
                )
            self._read_clock(container, stream, first)
            self.size = _square_size(stream, first)
            stated = stream.codec_context
            self.colour = (int(stated.color_primaries), int(stated.color_trc))
            self.orientation = orientation_of(first, stream)

    def slot_of(self, time_s: Fraction) -> int:
        """The frame of the even grid that a picture shown at `time_s` of the file's clock is."""
        return slot_at(time_s - self.origin_s, self.fps)

    def pictures(self, frame: int = 0) -> Generator[VideoFrame]:
        """Decoded pictures to the video's end, from the one that `frame` shows or from before it.

        Where the format has an index of key frames and one of them is found, decoding begins
        there; else at the video's beginning.

        Raises:
            MediaError: The video breaks off or is damaged; the message names the frame.
        """
        ahead_s = frame / self.fps - _SEEK_MARGIN_S
        if self._can_seek and ahead_s > 0:
            with open_container(self.path, "video") as container:
                stream = video_stream(container, self.path)
                rest = self._decode(container, stream)
                picture = self._sought(container, stream, rest, self.origin_s + ahead_s)
                if picture is not None and self.slot_of(time_of(picture, self.origin_s)) <= frame:
                    yield picture
                    yield from rest
                    return
        with open_container(self.path, "video") as container:
            yield from self._decode(container, video_stream(container, self.path))

    def _read_clock(
        self, container: InputContainer, stream: VideoStream, first: VideoFrame
    ) -> None:
        self.origin_s = time_of(first, Fraction(0))
        self.origin_in_stream_s = self.origin_s - start_of(stream)
        self._can_seek = first.pts is not None and container.format.name in _INDEXED_FORMATS
        start = cast("int | None", container.start_time)  # of picture or sound, what begins first
        # Below 0 lies sound that primes the decoder and is not heard.
        start_s = (
            self.origin_s if start is None else max(Fraction(0), Fraction(start, av.time_base))
        )
        self.clock = VideoClock(
            fps=self.fps,
            tick_s=stream.time_base or 1 / self.fps,
            lead_s=self.origin_s - start_s,
        )
        self.duration_s = _duration_of(container, stream)
        self.longest_s = self.duration_s
        if container.duration:
            self.longest_s = Fraction(container.duration, av.time_base)
        self.num_frames = stream.frames or None
        if self.duration_s is not None:
            self.num_frames = max(1, round(self.duration_s * self.fps))

    def _sought(
        self,
        container: InputContainer,
        stream: VideoStream,
        pictures: Iterator[VideoFrame],
        time_s: Fraction,
    ) -> VideoFrame | None:
        """The key frame at `time_s` or before; None where seeking did not find one."""
        assert stream.time_base is not None
        try:
            container.seek(floor(time_s / stream.time_base), stream=stream)
            picture = next(pictures, None)
        except (av.error.FFmpegError, MediaError):
            return None
        if picture is None or picture.pts is None or picture.is_corrupt:
            return None
        return picture if picture.key_frame else None

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        stream.thread_type = "AUTO"
        decoder = _alpha_decoder(stream)
        num_passed = 0  # decoded, or before the place that was sought
        end_s: Fraction | None = None
        try:
            for packet in container.demux(stream):
                try:
                    pictures = packet.decode() if decoder is None else decoder.decode(packet)
                except av.error.FFmpegError:
                    if num_passed:
                        raise
                    continue  # a recording may begin between two key frames
                for picture in pictures:
                    time_s = time_of(picture, self.origin_s)
                    num_passed = (num_passed or self.slot_of(time_s)) + 1
                    end_s = time_s + (length_of(picture) or 0)
                    yield picture
        except av.error.FFmpegError as error:
            raise self._broken_off(num_passed, reason_of(error)) from error
        if end_s is not None and self._declared_end_s - end_s > _LONGEST_ROUNDED_END_S:
            raise self._broken_off(num_passed, "the file ends")

    def _broken_off(self, num_passed: int, reason: str) -> MediaError:
        return MediaError(
            f"The video {self.path} breaks off after frame {num_passed} ({reason}); it is "
            "damaged or was not copied whole. Copy or export it again, or cut it before that frame."
        )


def time_of(picture: VideoFrame, due_s: Fraction) -> Fraction:
    """When a picture is shown, on its file's clock; `due_s` in a raw stream without clock."""
    if picture.pts is None or picture.time_base is None:
        return due_s
    return picture.pts * picture.time_base


def length_of(picture: VideoFrame) -> Fraction | None:
    """How long a picture is shown, in seconds, or None where that is unknown."""
    duration: int | None = getattr(picture, "duration", None)  # PyAV 15 and up
    if not duration or picture.time_base is None:
        return None
    return duration * picture.time_base


def _alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """The decoder of a WebM with transparency; FFmpeg's own leaves it out."""
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1" or name not in codecs_available:
        return None
    decoder = CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    return decoder


def _duration_of(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    if end := declared_end(stream):
        return end - start_of(stream)
    if container.duration:
        return Fraction(container.duration, av.time_base)
    return None


def _square_size(stream: VideoStream, first: VideoFrame) -> tuple[int, int]:
    """(width, height) in square pixels, before turning upright."""
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if abs(aspect - 1) <= _LARGEST_ROUNDED_ASPECT:
        return first.width, first.height
    return max(1, round(first.width * aspect)), first.height
