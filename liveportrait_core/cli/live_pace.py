"""Whether a machine keeps up with what comes live, and what to change where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..sessions.loop import LiveRate

SETTLED: Final = 2
"""Pictures after which it counts: the first ones take longer."""
LOOKED_AT_S: Final = 5.0
SLOW_SHARE: Final = 0.25
"""Share of the frames that come; where more are left out it is said."""
USUAL_PX: Final = 720
"""Longest side of a picture from which pasting and showing it take a part of the time."""


@dataclass(slots=True, kw_only=True)
class Pace:
    """Looks at the first seconds: `if pace.is_slow(rate, now_s): say(pace.text(...))`."""

    pastes: bool
    """Whether the face is pasted into its picture."""
    has_rate: bool
    """Whether `--fps` counts: how often the screen is read, or OUT is shown."""
    _pictures: int = 0
    _dropped: int = 0
    _start_s: float = 0.0
    _is_over: bool = False

    def is_slow(self, rate: LiveRate, now_s: float) -> bool:
        """Take one picture; whether it shows, for the first time, that many frames are left out.

        Args:
            rate: How live it is; `num_dropped` counts since the beginning.
            now_s: By any clock.
        """
        self._pictures += 1
        if self._pictures <= SETTLED:
            self._dropped, self._start_s = rate.num_dropped, now_s
        if self._is_over or now_s - self._start_s < LOOKED_AT_S:
            return False
        self._is_over = True
        return self._left_out(rate) > SLOW_SHARE * self._came(rate)

    def text(self, rate: LiveRate, now_s: float, longest_px: int) -> str:
        """What is the matter, and what to change.

        Args:
            rate: How live it is.
            now_s: By the same clock.
            longest_px: Longest side of the portrait.
        """
        coming_fps = self._came(rate) / (now_s - self._start_s)
        changes = [f"--fps {max(1, round(rate.fps))}"] if self.has_rate else []
        if self.pastes and longest_px > USUAL_PX:
            changes += [f"a portrait of {USUAL_PX} pixels at most", "--no-paste-back"]
        changes += ["--dtype auto", "fewer programs beside this one"]
        return (
            f"About {coming_fps:.0f} frames a second come and {rate.fps:.1f} are drawn: the newest "
            f"is, the others are left out. What helps: {', '.join(changes)}."
        )

    def _left_out(self, rate: LiveRate) -> int:
        return rate.num_dropped - self._dropped

    def _came(self, rate: LiveRate) -> int:
        return self._pictures - SETTLED + self._left_out(rate)
