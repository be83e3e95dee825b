"""What the installed libraries can read and write."""

from __future__ import annotations

from typing import Final

import av
import av.codec
from PIL import features

from .pillow_images import can_read_heif
from .video_formats import missing_encoders

_DECODERS: Final = {
    "H.264": ("h264",),
    "HEVC": ("hevc",),
    "AV1": ("libdav1d", "libaom-av1", "av1"),
    "VP8": ("vp8",),
    "VP9": ("vp9",),
    "ProRes": ("prores",),
    "AAC": ("aac",),
    "Opus": ("opus", "libopus"),
}
"""Decoders of FFmpeg by the name of what they read; one of them is enough."""


def readable_formats() -> dict[str, bool]:
    """Codecs of video and sound, and formats of pictures, that can be read or not."""
    there = av.codec.codecs_available
    found = {name: not there.isdisjoint(decoders) for name, decoders in _DECODERS.items()}
    return {**found, "AVIF": bool(features.check("avif")), "HEIC": can_read_heif()}


def writable_formats() -> dict[str, bool]:
    """Endings of videos that can be written or not."""
    return {suffix: not missing for suffix, missing in missing_encoders().items()}


def ffmpeg_versions() -> dict[str, str]:
    """The libraries of FFmpeg that PyAV brings, with their versions."""
    return {
        name: ".".join(map(str, version)) for name, version in sorted(av.library_versions.items())
    }
