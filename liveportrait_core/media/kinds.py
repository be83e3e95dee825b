"""Picture or video: decided by what a file holds, not by the ending of its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import av.error
from av.stream import Disposition

from ..errors import MediaError
from .atomic import check_readable
from .containers import open_container
from .images import heif_brand, is_image
from .pillow_images import is_animated, opened

MediaKind = Literal["picture", "video"]

VIDEO_SUFFIXES: Final = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"),
        *(".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".gif"),
    }
)
"""Endings that name a video; what a file is, `media_kind` decides by its content."""

_PROBE_BYTES: Final = 1024


def media_kind(path: str | Path) -> MediaKind | None:
    """Whether a file holds a picture or a video; None where it holds neither.

    Convention:
        - GIF, WebP and PNG are videos where they are animated, and pictures otherwise
        - AVIF and HEIC are pictures, and their image sequences videos
        - the ending counts only where the content says nothing, as in a damaged file: a reader
          then says what is wrong with it

    Raises:
        MediaError: The file is missing, empty or unreadable.
    """
    check_readable(path, "picture or video")
    with Path(path).open("rb") as stream:
        start = stream.read(_PROBE_BYTES)
        brand = heif_brand(start)
        if brand is not None:
            return "video" if brand == "sequence" else "picture"
        stream.seek(0)
        with opened(stream, path) as image:
            if image is not None:
                return "video" if is_animated(image) else "picture"
    by_name = _kind_by_name(path)
    return by_name if by_name or _is_text(start) else _kind_by_streams(path)


def is_sound(path: str | Path) -> bool:
    """Whether a file holds sound without moving pictures; the cover of a song is none.

    Raises:
        MediaError: The file is missing, empty or unreadable.
    """
    if media_kind(path) == "picture":
        return False
    try:
        with open_container(path, "sound") as container:
            pictures = [
                stream
                for stream in container.streams.video
                if not stream.disposition & Disposition.attached_pic
            ]
            return bool(container.streams.audio) and not pictures
    except MediaError as error:
        if isinstance(error.__cause__, av.error.FFmpegError):
            return False  # a file, but nothing that can be played
        raise


def _kind_by_name(path: str | Path) -> MediaKind | None:
    if is_image(path):
        return "picture"
    return "video" if Path(path).suffix.lower() in VIDEO_SUFFIXES else None


def _kind_by_streams(path: str | Path) -> MediaKind | None:
    try:
        with open_container(path, "video") as container:
            if not container.streams.video:
                return None
            # FFmpeg opens a picture as a video of one frame, by formats such as png_pipe.
            is_picture = container.format.name.endswith(("_pipe", "image2"))
            return "picture" if is_picture else "video"
    except MediaError as error:
        if isinstance(error.__cause__, av.error.FFmpegError):
            return None  # a file, but no video
        raise


def _is_text(start: bytes) -> bool:
    """FFmpeg would take any text for a video of letters."""
    return b"\0" not in start and start.isascii()
