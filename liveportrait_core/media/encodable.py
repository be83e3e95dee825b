"""Pictures as encoders take them, made anew only where they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ..imaging.tensors import Part
from .containers import EXACT_COLOUR
from .pillow_images import paletted
from .video_formats import VideoFormat

BT709: Final = 1
"""FFmpeg's number for BT.709 (matrix, primaries, transfer)."""
LIMITED_RANGE: Final = 1
REACH_PX: Final = 16
"""Pixels around a change within which the converted picture may change: chroma is averaged."""

_Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Given:
    """A copy of a picture, or of the part of it that changed with what is around it."""

    pixels: NDArray[np.uint8]
    """(h, w, 3 or 4) RGB."""
    place: Part | None
    """Rows and columns of the picture with even sides that they are; None: they are all of it."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Rows or columns of a part, and how many the picture has."""

    start: int
    stop: int
    side: int

    def inner(self, step: int, origin: int = 0) -> slice:
        """Those without `REACH_PX` at each end that is not the picture's, of every `step`-th."""
        start = self.start + (REACH_PX if self.start > 0 else 0)
        stop = self.stop - (REACH_PX if self.stop < self.side else 0)
        return slice((start - origin) // step, (stop - origin) // step)


class EncodablePictures:
    """Makes pictures of RGB frames in an encoder's own format.

    Convention:
        - yuv420p has even sides: the last column or row is repeated
        - a part that changed gives the bits of the whole picture: it is converted with twice
          `REACH_PX` around it, and taken with once
    """

    def __init__(self, form: VideoFormat) -> None:
        """Nothing was given yet."""
        self._format = form
        self._last: NDArray[np.uint8] | None = None  # Y, U and V of the last picture
        self._size = (0, 0)

    def given(self, frame: NDArray[np.uint8], changed: Part | None) -> Given:
        """What `made` needs of a frame, copied; `changed` as `VideoWriter.write` has it."""
        if changed is None or self._format.pix_fmt != "yuv420p":
            return Given(self._with_even_sides(frame.copy()), None)
        rows, columns = (
            slice(max(0, span.start - 2 * REACH_PX) // 2 * 2, (span.stop + 2 * REACH_PX) // 2 * 2)
            for span in changed
        )
        pixels = self._with_even_sides(frame[rows, columns].copy())
        height, width = pixels.shape[:2]
        place = slice(rows.start, rows.start + height), slice(columns.start, columns.start + width)
        return Given(pixels, place)

    def made(self, given: Given) -> VideoFrame:
        """A picture; those that were given are made in their order."""
        if self._format.pix_fmt != "yuv420p":
            return self._converted(given.pixels)
        if given.place is None:
            self._size = given.pixels.shape[0], given.pixels.shape[1]
            whole = self._converted(given.pixels)
            self._last = _array(whole)
            return whole
        self._change(_array(self._converted(given.pixels)), given.place)
        assert self._last is not None
        return VideoFrame.from_ndarray(self._last, format="yuv420p")

    def _change(self, patch: NDArray[np.uint8], place: Part) -> None:
        """Put a converted part into the last picture, without what is around it for its edges."""
        assert self._last is not None
        rows, columns = (
            _Span(span.start, span.stop, side) for span, side in zip(place, self._size, strict=True)
        )
        size = rows.stop - rows.start, columns.stop - columns.start
        planes = zip(_planes(self._last, self._size), _planes(patch, size), (1, 2, 2), strict=True)
        for whole, part, step in planes:
            inner = rows.inner(step, rows.start), columns.inner(step, columns.start)
            whole[rows.inner(step), columns.inner(step)] = part[inner]

    def _with_even_sides(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        if not self._format.needs_even_sides or not (height % 2 or width % 2):
            return pixels
        return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")

    def _converted(self, pixels: NDArray[np.uint8]) -> VideoFrame:
        form = self._format.pix_fmt
        if form == "pal8":
            pair = cast(NDArray[np.uint8], paletted(pixels))  # what PyAV takes for this format
            return VideoFrame.from_ndarray(pair, format="pal8")
        given = "rgba" if pixels.shape[2] > 3 else "rgb24"  # noqa: PLR2004 - RGB
        picture = VideoFrame.from_ndarray(pixels, format=given)
        if not self._format.is_yuv:
            return picture.reformat(format=form)
        return picture.reformat(
            format=form,
            dst_colorspace=BT709,
            dst_color_range=LIMITED_RANGE,
            interpolation=EXACT_COLOUR,
        )


def _array(picture: VideoFrame) -> NDArray[np.uint8]:
    """(3 H / 2, W) of a yuv420p picture, a copy."""
    return cast(NDArray[np.uint8], picture.to_ndarray())


def _planes(picture: NDArray[np.uint8], size: tuple[int, int]) -> _Planes:
    """Y (H, W), U and V (H / 2, W / 2) of a yuv420p picture as PyAV gives it, as views."""
    height, width = size
    flat, luma, chroma = picture.reshape(-1), height * width, height * width // 4
    half = (height // 2, width // 2)
    return (
        flat[:luma].reshape(size),
        flat[luma : luma + chroma].reshape(half),
        flat[luma + chroma :].reshape(half),
    )
