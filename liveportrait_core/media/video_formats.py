"""Formats that a video can be written in, by the ending of its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import av
import av.codec

from ..errors import MediaError

_MAX_VP9_CRF: Final = 63
_GIF_FPS: Final = 50
"""Its clock has ticks of 1/100 s, and browsers show a picture of one tick for ten."""
MAX_CRF: Final = 51
"""The largest of x264; other encoders' scales are stretched to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFormat:
    """How the pictures and the sound of one kind of file are encoded."""

    container: str
    codec: str
    pix_fmt: str
    audio_codec: str | None
    """None where the format holds no sound."""
    max_crf: int | None = None
    """The worst quality of the encoder's scale; None where it has no such scale."""
    max_fps: int | None = None
    """Players show a faster one as slow as they like; None where there is no such limit."""
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further settings of the encoder."""

    @property
    def needs_even_sides(self) -> bool:
        """Whether width and height must be even."""
        return "420" in self.pix_fmt

    @property
    def is_yuv(self) -> bool:
        """Whether the pictures have a matrix and a range, which the file names."""
        return self.pix_fmt.startswith("yuv")

    def settings(self, crf: int) -> dict[str, object]:
        """The encoder's settings for a quality from 0 (best) to `MAX_CRF`."""
        if self.max_crf is None:
            return dict(self.fixed)
        return {"crf": str(round(crf * self.max_crf / MAX_CRF)), **self.fixed}


def _h264(container: str) -> VideoFormat:
    return VideoFormat(
        container=container,
        codec="libx264",
        pix_fmt="yuv420p",
        audio_codec="aac",
        max_crf=MAX_CRF,
    )


def _vp9(pix_fmt: str, **fixed: str) -> VideoFormat:
    return VideoFormat(
        container="webm",
        codec="libvpx-vp9",
        pix_fmt=pix_fmt,
        audio_codec="libopus",
        max_crf=_MAX_VP9_CRF,
        fixed={"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", **fixed},
    )


_WEBP: Final = VideoFormat(
    container="webp",
    codec="libwebp_anim",
    pix_fmt="bgra",
    audio_codec=None,
    fixed={"quality": "90", "loop": "0"},
)
_OPAQUE: Final = {
    ".mp4": _h264("mp4"),
    ".m4v": _h264("mp4"),
    ".mov": _h264("mov"),
    ".mkv": _h264("matroska"),
    ".webm": _vp9("yuv420p"),
    ".gif": VideoFormat(
        container="gif", codec="gif", pix_fmt="pal8", audio_codec=None, max_fps=_GIF_FPS
    ),
    ".webp": _WEBP,
}
_TRANSPARENT: Final = {
    ".mov": VideoFormat(
        container="mov",
        codec="prores_ks",
        pix_fmt="yuva444p10le",
        audio_codec="aac",
        fixed={"profile": "4444"},
    ),
    ".webm": _vp9("yuva420p", **{"auto-alt-ref": "0"}),
    ".webp": _WEBP,
}
WRITABLE_SUFFIXES: Final = tuple(_OPAQUE)
"""Endings that a video can be written with."""


def missing_encoders() -> dict[str, list[str]]:
    """The encoders that this PyAV lacks, for each ending that a video can be written with."""
    return {
        suffix: [
            form.codec
            for formats in (_OPAQUE, _TRANSPARENT)
            if (form := formats.get(suffix)) and form.codec not in av.codec.codecs_available
        ]
        for suffix in WRITABLE_SUFFIXES
    }


def video_format(path: Path, *, transparent: bool = False) -> VideoFormat:
    """The format of a name's ending.

    Raises:
        MediaError: The ending names none, or its encoder is missing.
    """
    formats = _TRANSPARENT if transparent else _OPAQUE
    form = formats.get(path.suffix.lower())
    if form is None:
        kind = "transparent video" if transparent else "video"
        raise MediaError(
            f"Cannot write a {kind} as {path}: its ending '{path.suffix}' is not "
            f"one of {', '.join(formats)}. Name it {next(iter(formats))}."
        )
    if form.codec not in av.codec.codecs_available:
        raise MediaError(
            f"This PyAV {av.__version__} lacks the {form.codec} encoder that '{path.suffix}' is "
            "written with. Install PyAV from PyPI: pip install av."
        )
    return form
