"""A timeline: keys of controls, and parts of other motions beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from torch import Tensor

from ..config.fields import spec_of, specs_of
from ..config.spec import OptionSpec
from ..errors import about
from .control_options import Controls, no_control
from .curves import DECIMALS, Key, curve_values
from .timeline_options import MAX_LENGTH_S, Segment

TIMELINE_FPS: Final = Fraction(25)
"""Frames per second where neither the timeline nor a motion beneath says another."""
CONTROL_NAMES: Final = tuple(spec.name for spec in specs_of(Controls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What a face does when: `Timeline(lanes={"smile_left": (Key(0.8, 0.7),)}, length_s=4)`.

    Convention:
        - each control rests at time 0 unless a key stands there, and stays at its last key
        - a loop goes on from the last keys to the beginning, so that its end meets its start
    """

    lanes: Mapping[str, tuple[Key, ...]] = field(default_factory=dict[str, tuple[Key, ...]])
    """Keys of each control in the order of their times."""
    segments: tuple[Segment, ...] = ()
    """Later ones lie over earlier ones."""
    length_s: float | None = None
    """None: as long as what is on it."""
    fps: Fraction | None = None
    """None: that of the first motion beneath, else 25."""
    loop: bool = False

    def __post_init__(self) -> None:
        lanes = {
            name: tuple(sorted(self.lanes[name], key=lambda key: key.time_s))
            for name in CONTROL_NAMES
            if self.lanes.get(name)
        }
        with about("timeline"):
            for name in self.lanes:
                if name not in CONTROL_NAMES:
                    raise ValueError(no_control(name))
            for name, keys in lanes.items():
                self._check_lane(name, keys)
            self._check_ends(lanes)
        object.__setattr__(self, "lanes", MappingProxyType(lanes))

    def _check_lane(self, name: str, keys: Sequence[Key]) -> None:
        spec = control_spec(name)
        for key, following in zip(keys, [*keys[1:], None], strict=True):
            spec.check(key.value, name)
            if following is not None and following.time_s == key.time_s:
                raise ValueError(
                    f"{name} has two keys at {key.time_s:g} s; one is expected. Move one of them."
                )
            if not 0 <= key.time_s <= MAX_LENGTH_S:
                raise ValueError(
                    f"{name} has a key at {key.time_s:g} s; a time from 0 to {MAX_LENGTH_S:g} s is "
                    "expected. Move it."
                )

    def _check_ends(self, lanes: Mapping[str, tuple[Key, ...]]) -> None:
        if self.length_s is None:
            return
        object.__setattr__(self, "length_s", round(self.length_s, DECIMALS))
        if not 0 < self.length_s <= MAX_LENGTH_S:
            raise ValueError(
                f"The timeline is {self.length_s:g} s long; a length above 0 up to "
                f"{MAX_LENGTH_S:g} s is expected. Choose another length."
            )
        last_s = max((keys[-1].time_s for keys in lanes.values()), default=0.0)
        if last_s > self.length_s or (self.loop and last_s == self.length_s):
            place = "before its end, where a loop begins again" if self.loop else "on it"
            raise ValueError(
                f"A key stands at {last_s:g} s and the timeline is {self.length_s:g} s long; all "
                f"keys are expected {place}. Move the key, or make the timeline longer."
            )
        for segment in self.segments:
            if segment.at_s >= self.length_s:
                raise ValueError(
                    f"Motion {segment.motion} begins at {segment.at_s:g} s and the timeline is "
                    f"{self.length_s:g} s long; an earlier time is expected. Move it, or make the "
                    "timeline longer."
                )

    @property
    def last_key_s(self) -> float:
        """Time of the last key; 0 without any."""
        return max((keys[-1].time_s for keys in self.lanes.values()), default=0.0)


def control_spec(name: str) -> OptionSpec:
    """Range, default and help of a control."""
    return spec_of(Controls, name)


def lane_values(
    name: str, keys: Sequence[Key], times_s: Tensor, period_s: float | None = None
) -> Tensor:
    """(N,) the values of one control over time, within its range.

    Convention:
        - at time 0 the control rests, unless a key stands there

    Args:
        name: The control.
        keys: Its keys in the order of their times.
        times_s: (N,) seconds.
        period_s: Length of a loop.
    """
    spec = control_spec(name)
    if not keys or keys[0].time_s > 0:
        keys = (Key(0.0, spec.default), *keys)
    return curve_values(keys, times_s, period_s).clamp(spec.minimum, spec.maximum)


def timeline_values(timeline: Timeline, times_s: Tensor, length_s: float) -> dict[str, Tensor]:
    """(N,) the values of every control that has keys.

    Args:
        timeline: The timeline.
        times_s: (N,) seconds.
        length_s: How long it is, for a loop.
    """
    period_s = length_s if timeline.loop else None
    return {
        name: lane_values(name, keys, times_s, period_s) for name, keys in timeline.lanes.items()
    }
