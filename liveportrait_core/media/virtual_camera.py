"""A virtual camera of Linux, as the module v4l2loopback makes one: other programs see a webcam."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final

import av
import av.error
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import MediaError
from ..imaging.tensors import Pixels

FORMAT: Final = "v4l2"
PIXELS: Final = "yuv420p"
"""What programs that take a webcam's pictures know."""
EVEN: Final = 2


class VirtualCamera:
    """Shows pictures as a webcam does: `with VirtualCamera("/dev/video10") as camera`.

    Convention:
        - the size is that of the first picture; an odd side loses a pixel, and others are scaled
    """

    def __init__(self, path: str | Path) -> None:
        """Nothing is opened before the first picture.

        Raises:
            MediaError: There is no such device.
        """
        self._path = Path(path)
        self._opened: tuple[OutputContainer, VideoStream] | None = None
        if not self._path.is_char_device():
            raise MediaError(
                f"{path} is no video device; a virtual camera of Linux is expected, as "
                "'modprobe v4l2loopback' makes one. Elsewhere show the page in OBS, whose "
                "virtual camera other programs see."
            )

    def __enter__(self) -> VirtualCamera:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened[0].close()

    def show(self, picture: Pixels) -> None:
        """Show a picture, (H, W, 3) uint8.

        Raises:
            MediaError: The device does not take it.
        """
        try:
            if self._opened is None:
                self._opened = self._open(picture)
            container, stream = self._opened
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            shown = frame.reformat(width=stream.width, height=stream.height, format=PIXELS)
            container.mux(stream.encode(shown))
        except (OSError, av.error.FFmpegError) as error:
            raise MediaError(
                f"{self._path} takes no pictures ({error}); a virtual camera that nothing else "
                "writes to is expected. Free it, or make another one."
            ) from error

    def _open(self, picture: Pixels) -> tuple[OutputContainer, VideoStream]:
        container = av.open(str(self._path), "w", format=FORMAT)
        stream = container.add_stream("rawvideo", rate=Fraction(25))
        height, width = (side - side % EVEN for side in picture.shape[:2])
        stream.width, stream.height, stream.pix_fmt = width, height, PIXELS
        return container, stream
