"""Frames that come in real time: of a camera, of the screen, or of a film that is played."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

import cv2
import numpy as np

from ..config.boxes import Box
from ..errors import MediaError
from ..imaging.tensors import Pixels
from .clips import Clip

Clock = Callable[[], float]
"""Seconds that go on, from anywhere."""
Sleep = Callable[[float], None]

FAILED_READS: Final = 30
"""Reads in a row that give nothing, after which a camera has gone."""
RETRY_S: Final = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFrame:
    """A frame, and when it was."""

    picture: Pixels
    time_s: float
    """In the time of what is shown: of a film since its beginning."""
    taken_s: float
    """By the clock that measures how late a picture is."""


def camera_feed(
    number: int, *, clock: Clock = time.monotonic, sleep: Sleep = time.sleep
) -> Iterator[FeedFrame]:
    """The frames of a camera, as OpenCV counts cameras, until it is gone.

    Raises:
        MediaError: It cannot be opened, or gives nothing any more.
    """
    camera = cv2.VideoCapture(number)
    try:
        if not camera.isOpened():
            raise MediaError(
                f"Camera {number} cannot be opened; a camera that no other program uses is "
                "expected. Close other programs, or name another one (0, 1, ...)."
            )
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # old frames are of no use
        yield from _frames_of(camera, number, clock, sleep)
    finally:
        camera.release()


def _frames_of(
    camera: cv2.VideoCapture, number: int, clock: Clock, sleep: Sleep
) -> Iterator[FeedFrame]:
    failed = 0
    while failed < FAILED_READS:
        is_there, frame = camera.read()
        if not is_there:
            failed += 1
            sleep(RETRY_S)
            continue
        failed = 0
        taken_s = clock()
        rgb = cast(Pixels, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        yield FeedFrame(picture=rgb, time_s=taken_s, taken_s=taken_s)
    raise MediaError(
        f"Camera {number} gives no frames any more; one that is connected is expected. Connect it "
        "again, and start anew."
    )


def screen_feed(
    region: Box, fps: Fraction, *, clock: Clock = time.monotonic, sleep: Sleep = time.sleep
) -> Iterator[FeedFrame]:
    """A part of the screen, so many times a second.

    Args:
        region: x, y, width, height in pixels of the screen.
        fps: Pictures per second at most.
        clock: What measures time.
        sleep: What waits.

    Raises:
        MediaError: The screen cannot be read.
    """
    from PIL import ImageGrab  # noqa: PLC0415 - it loads what a screen needs

    x, y, width, height = (round(number) for number in region)
    due_s = clock()
    while True:
        sleep(max(0.0, due_s - clock()))
        taken_s = clock()
        try:
            grabbed = ImageGrab.grab(bbox=(x, y, x + width, y + height))
        except (OSError, ValueError) as error:
            raise MediaError(
                f"The screen cannot be read ({error}); a desktop of Windows, macOS or X11 is "
                "expected, and a part that lies on it. Give another part, or a camera or film."
            ) from error
        picture = np.ascontiguousarray(np.asarray(grabbed.convert("RGB"), np.uint8))
        yield FeedFrame(picture=picture, time_s=taken_s, taken_s=taken_s)
        due_s = max(due_s + float(1 / fps), clock())


def film_feed(
    clip: Clip,
    *,
    loops: bool = False,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Iterator[FeedFrame]:
    """A film played in real time: each frame comes when it is due.

    Args:
        clip: The film.
        loops: Play it again and again.
        clock: What measures time.
        sleep: What waits.
    """
    start_s, number = clock(), 0
    while True:
        began = number
        for picture in clip:
            time_s = float(number / clip.fps)
            sleep(max(0.0, start_s + time_s - clock()))
            yield FeedFrame(picture=picture, time_s=time_s, taken_s=start_s + time_s)
            number += 1
        if not loops or number == began:
            return
