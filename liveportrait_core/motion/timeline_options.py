"""Timelines: how a part of a motion lies on one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from ..config.fields import check_options, option
from ..constants import Region
from ..errors import about
from .curves import DECIMALS
from .tool_options import Extension

MAX_LENGTH_S: Final = 3600.0
MAX_SPEED: Final = 100.0
MAX_MOTIONS: Final = 100


def _seconds(default: float | None, help: str, **more: Any) -> Any:
    limits = {"minimum": 0, "maximum": MAX_LENGTH_S, "step": 0.1}
    return option(default, help, **limits, metavar="S", **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a motion beneath the keys: `Segment(motion=1, at_s=2, from_s=0.5, to_s=3)`."""

    motion: int = option(
        help="its number among the motions; 0 is a face at rest", minimum=0, maximum=MAX_MOTIONS
    )
    at_s: float = _seconds(0.0, "second of the timeline where it begins")
    from_s: float = _seconds(0.0, "second of the motion where the part begins", flag="from")
    to_s: float | None = _seconds(
        None, "second of the motion where the part ends", unset="at its end", flag="to"
    )
    lasts_s: float | None = _seconds(
        None,
        "seconds that it stays on the timeline",
        unset="as long as the part, one frame to the timeline's end",
        flag="for",
    )
    speed: float = option(
        1.0, "how many times as fast as the motion", above=0, maximum=MAX_SPEED, step=0.1
    )
    blend_s: float = _seconds(
        0.0,
        "seconds over which it comes in, and goes out where it ends before the timeline",
        flag="blend",
    )
    region: Region = option("all", "what of the face it moves; the rest stays as it is beneath")
    when_shorter: Extension = option(
        "hold", "how it goes on where the part is shorter than it lasts", flag="then"
    )

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, float):
                object.__setattr__(self, entry.name, round(value, DECIMALS))
        check_options(self)
        if self.to_s is not None and self.to_s <= self.from_s:
            with about("to"):
                raise ValueError(
                    f"The part of the motion is from {self.from_s:g} s to {self.to_s:g} s; an end "
                    "after its beginning is expected. Choose a later end."
                )
        if self.lasts_s == 0:
            with about("for"):
                raise ValueError(
                    "The motion stays 0 s on the timeline; a time above 0 is expected. Choose a "
                    "longer time, or leave it out."
                )
