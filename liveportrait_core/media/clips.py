"""Clips: frames that can be iterated more than once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, repeat
from numbers import Rational
from typing import Final, Protocol, cast

import numpy as np

from ..face.faces import Box
from ..imaging.tensors import BATCH_AXES, RGB, Pixels, limit_pixels, limited_size
from ..motion.tool_options import Extension

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is; 0 when that is not known."""
SOURCE_SIDE_PX: Final = 1280
"""Longest side of a source in the published program."""
SOURCE_DIVISOR: Final = 2
"""Its sides are multiples of this there, as video coders want it."""


class Clip(Protocol):
    """Frames that can be iterated more than once, and how fast they are shown.

    `animate(model, clip, driving)` with a `VideoReader`, `Frames`, or a class of yours
    """

    @property
    def fps(self) -> Fraction:
        """Frames per second, exact."""
        ...

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning, each (H, W, 3) uint8."""
        ...


REVERSED_BYTES: Final = 2**28
"""Of frames that are held at once to be shown backwards."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames that are held already, as a clip.

    `Frames([picture, picture], Fraction(25))`
    """

    frames: Sequence[Pixels]
    fps: Fraction = Fraction(25)

    def __post_init__(self) -> None:
        _check_rate(self.fps)
        for number, frame in enumerate(self.frames):
            check_picture(frame, f"frame {number}")

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning."""
        return iter(self.frames)

    @property
    def num_frames(self) -> int:
        """How many there are."""
        return len(self.frames)

    @property
    def fingerprint(self) -> str:
        """What identifies these frames and their rate."""
        digest = hashlib.blake2b(repr((self.fps, [one.shape for one in self.frames])).encode())
        for frame in self.frames:
            digest.update(np.ascontiguousarray(frame).data)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class LimitedClip:
    """A clip whose frames are no larger than the published program takes a source.

    Convention:
        - a longer side above `SOURCE_SIDE_PX` becomes that; the right and bottom edges are cut,
          so that both sides are multiples of `SOURCE_DIVISOR`
    """

    clip: Clip

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning."""
        return map(limited_pixels, self.clip)

    @property
    def fps(self) -> Fraction:
        """The clip's."""
        return self.clip.fps

    @property
    def num_frames(self) -> int | None:
        """The clip's, where it knows."""
        return getattr(self.clip, "num_frames", None)

    @property
    def fingerprint(self) -> str | None:
        """From the clip's, where it has one."""
        own: str | None = getattr(self.clip, "fingerprint", None)
        return own and f"limited {own}"


@dataclass(frozen=True, slots=True)
class ExtendedClip:
    """A clip that goes on after its end, as `motion.edit.extend` has it.

    `ExtendedClip(VideoReader("me.mp4"), 100, 250, "bounce")`

    Convention:
        - no more than `REVERSED_BYTES` of frames are held to play backwards; the clip is then
          decoded again and again, from its beginning
    """

    clip: Clip
    length: int
    """Frames of the clip."""
    num_frames: int
    """Of the result, at least `length`."""
    how: Extension

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning."""
        rest = self._held() if self.how == "hold" or self.length == 1 else self._going_on()
        return islice(rest, self.num_frames)

    @property
    def fps(self) -> Fraction:
        """The clip's."""
        return self.clip.fps

    def _held(self) -> Iterator[Pixels]:
        frame = None
        for frame in self.clip:
            yield frame
        if frame is not None:
            yield from repeat(frame)

    def _going_on(self) -> Iterator[Pixels]:
        yield from self.clip
        while True:
            if self.how == "bounce":
                yield from self._backwards()
            yield from islice(self.clip, int(self.how == "bounce"), None)

    def _backwards(self) -> Iterator[Pixels]:
        """The frames from the last but one to the first."""
        stop = self.length - 1
        height, width = frame_size(self.clip)
        most = max(1, REVERSED_BYTES // max(1, 3 * height * width))
        while stop > 0:
            start = max(0, stop - most)
            yield from reversed(list(islice(self.clip, start, stop)))
            stop = start


def _check_rate(fps: object) -> None:
    if not isinstance(fps, Rational) or fps <= 0:
        raise ValueError(
            f"fps is {fps!r}; a Fraction above 0 is expected. Give Fraction(25) or "
            "Fraction(30000, 1001), say."
        )


def check_picture(given: object, name: str) -> None:
    """Refuse what is no picture.

    Args:
        given: What came.
        name: What it is, for the message.

    Raises:
        TypeError: It is no array.
        ValueError: It is no picture of uint8 RGB.
    """
    expected = "a numpy array (H, W, 3) of uint8, RGB, is expected"
    if not isinstance(given, np.ndarray):
        raise TypeError(
            f"The {name} is of type {type(given).__name__}; {expected}. Open a file with "
            "read_image(path).rgb."
        )
    array = cast("np.ndarray[tuple[int, ...], np.dtype[np.generic]]", given)
    if array.dtype != np.uint8 or array.shape[2:] != (RGB,) or not array.size:
        is_stack = array.ndim == BATCH_AXES and array.shape[3] == RGB
        todo = "Make a clip of the stack with Frames(stack)" if is_stack else "Convert it first"
        raise ValueError(f"The {name} is {array.dtype} of shape {array.shape}; {expected}. {todo}.")


def clip_of(given: object, name: str, *, also: str = "") -> Clip:
    """An image as a clip of one frame; a clip as it is.

    Args:
        given: What came.
        name: What it is, for the message.
        also: What else is taken in its place, for the message.

    Raises:
        TypeError: It is neither.
        ValueError: It is an array, but no picture, or `Frames` of none.
    """
    if isinstance(given, Frames) and not given.num_frames:
        raise ValueError(f"The {name} has 0 frames; 1 or more are expected. Check the list.")
    if isinstance(given, np.ndarray):
        check_picture(cast(Pixels, given), name)
        return Frames((cast(Pixels, given),))
    if not (hasattr(given, "fps") and hasattr(given, "__iter__")):
        raise TypeError(
            f"The {name} is of type {type(given).__name__}; an image (H, W, 3) of uint8{also} or a "
            "clip is expected. Open a file with read_image(path).rgb or VideoReader(path), and "
            "make frames a clip with Frames(frames)."
        )
    return cast(Clip, given)


def limited_pixels(pixels: Pixels) -> Pixels:
    """A frame, or its (H, W) transparency, as `LimitedClip` gives it."""
    limited = limit_pixels(pixels, max_side=SOURCE_SIDE_PX, divisor=SOURCE_DIVISOR)
    return limited if limited.shape == pixels.shape else limited.copy()  # whole rows in memory


def limited_box(box: Box, height: int, width: int) -> Box:
    """Where a box of a picture lies once a `LimitedClip` made the picture smaller.

    Args:
        box: x, y, width, height in pixels.
        height: Of the picture, before.
        width: Likewise.
    """
    limited = limited_size(height, width, max_side=SOURCE_SIDE_PX)
    across, down = limited[1] / width, limited[0] / height
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def frame_size(clip: Clip) -> tuple[int, int]:
    """Height and width of a clip's frames; (0, 0) where it has none."""
    height, width = (getattr(clip, name, None) for name in ("height", "width"))
    if isinstance(height, int) and isinstance(width, int):
        return height, width
    first = next(iter(clip), None)
    return (first.shape[0], first.shape[1]) if first is not None else (0, 0)


class CountedClip:
    """A clip whose frames are counted for the progress, over all passes of it."""

    def __init__(self, clip: Clip, progress: Progress | None) -> None:
        self._clip, self._progress = clip, progress
        self._done = 0
        self.num_passes = 1

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning."""
        expected: int | None = getattr(self._clip, "num_frames", None)
        total = (expected or 0) * self.num_passes
        for frame in self._clip:
            yield frame
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, max(total, self._done) if total else 0)

    @property
    def fps(self) -> Fraction:
        """The clip's."""
        return self._clip.fps
