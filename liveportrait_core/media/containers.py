"""Open a video or sound file, with an error that says why it cannot be opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import av
import av.error
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from ..errors import MediaError
from .atomic import check_readable

if TYPE_CHECKING:
    from av.index import IndexEntry

# A playlist or other text that FFmpeg takes for a video must not reach beyond the disk.
_LOCAL_FILES_ONLY: Final = {"protocol_whitelist": "file"}
_ALWAYS_REPLACES: Final = 19
"""First PyAV that has no choice of what becomes of titles that are not UTF-8."""
# They are no reason to refuse a video.
_FOREIGN_LETTERS: Final[Mapping[str, Any]] = (
    {} if int(av.__version__.split(".")[0]) >= _ALWAYS_REPLACES else {"metadata_errors": "replace"}
)
EXACT_COLOUR: Final = 0x4 | 0x2000 | 0x4000 | 0x40000
"""swscale: bicubic, full chroma in and out, rounded. Its default darkens pictures by 1 of 255."""

_DURATION_TAG: Final = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


def file_url(path: str | Path) -> str:
    """A path as FFmpeg takes it for a file whatever its name is, also with a colon."""
    return f"file:{path}"


def keep_ffmpeg_quiet() -> None:
    """Hand none of FFmpeg's messages to Python.

    A thread that decodes would wait for the interpreter to take them, while the interpreter,
    closing the file, waits for the thread. Some versions of torchvision ask for them on import.
    """
    if av.logging.get_level() is not None:
        av.logging.set_level(None)


def open_container(path: str | Path, kind: str) -> InputContainer:
    """Open a video or sound file for reading.

    Args:
        path: The file.
        kind: What it should be, for the message: "video", "sound".

    Raises:
        MediaError: The file is missing, empty, or nothing that FFmpeg can open.
    """
    check_readable(path, kind)
    keep_ffmpeg_quiet()
    try:
        return av.open(
            file_url(path), mode="r", container_options=_LOCAL_FILES_ONLY, **_FOREIGN_LETTERS
        )
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{path} is not a {kind}, or it is damaged or cut off ({reason_of(error)}). "
            "Play it in a player to check, and copy or export it again."
        ) from error


def has_decoder(stream: Stream) -> bool:
    """Whether FFmpeg has a decoder for a stream; without one, PyAV may crash when it is decoded."""
    return getattr(stream, "codec_context", None) is not None


def video_stream(container: InputContainer, path: str | Path) -> VideoStream:
    """The video's first stream of moving pictures; the cover of a sound file is none.

    Convention:
        - a still before moving pictures is none either: an AVIF sequence begins with its cover

    Raises:
        MediaError: There is none, or none that FFmpeg has a decoder for.
    """
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    decodable = [stream for stream in streams if has_decoder(stream)]
    if decodable:
        return next((stream for stream in decodable if stream.frames != 1), decodable[0])
    if streams:
        raise MediaError(
            f"The pictures of {path} are in a codec that cannot be decoded here; H.264, HEVC, AV1, "
            "VP9 or ProRes is expected. Convert it."
        )
    if container.streams.audio:
        raise MediaError(
            f"{path} has sound but no picture; a video is expected. Choose a file with a picture."
        )
    raise MediaError(
        f"{path} has no picture: no video stream in it holds a frame. Export it again."
    )


def start_of(stream: VideoStream | AudioStream) -> Fraction:
    """When the stream begins, in seconds on its file's clock."""
    return (stream.start_time or 0) * (stream.time_base or Fraction(0))


def reason_of(error: av.error.FFmpegError | OSError) -> str:
    """FFmpeg's or the system's message, without its call and file name."""
    return (error.strerror or str(error)).rstrip(".")


def declared_end(stream: VideoStream) -> Fraction:
    """When the stream ends by its Matroska DURATION tag, in seconds on its file's clock, or 0."""
    match = _DURATION_TAG.fullmatch(stream.metadata.get("DURATION", ""))
    if match is None:
        return Fraction(0)
    hours, minutes, seconds = match.groups()
    return 3600 * Fraction(hours) + 60 * Fraction(minutes) + Fraction(seconds)


def indexed_frames(container: InputContainer, stream: VideoStream) -> tuple[int, int]:
    """Number of frames before the first that lies beyond the end of the file, and of all frames.

    MP4 and related formats list all frames; a file whose list comes first opens even when it was
    not copied whole, and FFmpeg then stops without an error. Formats without such a list give
    equal numbers.
    """
    entries = cast("Sequence[IndexEntry]", getattr(stream, "index_entries", ()))  # PyAV 16 and up
    for number, entry in enumerate(entries):
        if entry.pos + entry.size > container.size > 0:
            return number, len(entries)
    return len(entries), len(entries)
