"""The frames of a video that a part of it, given in seconds, holds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

_HALF = Fraction(1, 2)
# Of a tick: a time that was computed in floats may lie a hair before its tick.
_FLOAT_ERROR = Fraction(1, 1000)


def slot_at(time_s: Fraction, fps: Fraction) -> int:
    """The frame of the even grid that a picture shown `time_s` after the first one is."""
    return floor(time_s * fps + _HALF)


@dataclass(frozen=True, slots=True)
class Window:
    """Frames `first` and on, before `stop`, counted on the whole video's even grid of time."""

    first: int = 0
    stop: int | None = None
    """None is the video's end."""

    def cut(self, frame: int) -> int:
        """`frame`, or `stop` where that comes first."""
        return frame if self.stop is None else min(frame, self.stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoClock:
    """How a video's frames lie on the clock that players show."""

    fps: Fraction
    tick_s: Fraction
    """What its timestamps are rounded to."""
    lead_s: Fraction = Fraction(0)
    """When the first picture is shown; above 0 where the sound begins before it."""

    def window(self, start_s: Fraction, duration_s: Fraction | None) -> Window:
        """The frames that are due from `start_s` on, for `duration_s` or to the end.

        Convention:
            - frame k is in it when start <= its timestamp < end, start and end being cut to whole
              ticks, as ComfyUI does with its trimmed videos
        """
        first = self._first_from(start_s)
        return Window(first, None if duration_s is None else self._first_from(start_s + duration_s))

    def _first_from(self, time_s: Fraction) -> int:
        """The first frame whose timestamp, rounded to ticks, is not before `time_s`."""
        earliest_s = (floor(time_s / self.tick_s + _FLOAT_ERROR) - _HALF) * self.tick_s
        return max(0, ceil((earliest_s - self.lead_s) * self.fps))
