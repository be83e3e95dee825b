"""Which way up a video's pictures are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pictures become upright: first transposed, then mirrored."""

    transposed: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of a stored picture of that size once it is upright."""
        return (height, width) if self.transposed else (width, height)

    def upright(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The stored picture (H, W, 3) turned upright, contiguous."""
        if self.transposed:
            pixels = pixels.transpose(1, 0, 2)
        if self.mirrored_x:
            pixels = pixels[:, ::-1]
        if self.mirrored_y:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)


_BY_ROTATE_TAG = {
    "90": Orientation(transposed=True, mirrored_x=True),
    "180": Orientation(mirrored_x=True, mirrored_y=True),
    "270": Orientation(transposed=True, mirrored_y=True),
}
"""The tag of older files: degrees to turn clockwise."""


def orientation_of(picture: VideoFrame, stream: VideoStream) -> Orientation:
    """How the pictures of a stream are turned upright.

    Convention:
        - the display matrix (a, b, u, c, d, v, x, y, w) takes a stored pixel at (p right,
          q down) to (a p + c q, b p + d q); it is rounded to quarter turns and mirrorings
        - beside side data that PyAV does not know, the matrix's turn alone counts
        - the `rotate` tag counts only where there is no matrix
    """
    try:
        side_data = cast(Mapping[SideDataType, SideData], picture.side_data)
        matrix = side_data.get(SideDataType.DISPLAYMATRIX)
    except ValueError:  # PyAV does not know all types of side data that FFmpeg gives
        return _BY_ROTATE_TAG.get(str(-picture.rotation % 360), Orientation())
    if matrix is not None:
        a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
        if abs(b) + abs(c) > abs(a) + abs(d):
            return Orientation(transposed=True, mirrored_x=c < 0, mirrored_y=b < 0)
        return Orientation(mirrored_x=a < 0, mirrored_y=d < 0)
    return _BY_ROTATE_TAG.get(stream.metadata.get("rotate", ""), Orientation())
