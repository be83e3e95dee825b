"""Options of a live session."""

from __future__ import annotations

from dataclasses import dataclass

from ..config.fields import check_options, option, shared
from ..motion.tool_options import OneEuroOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """How a live driver moves a portrait: `LiveOptions(strength=1.3)`."""

    strength: float = option(
        1.0, "how far the portrait moves", minimum=0, maximum=2, step=0.05, group="live"
    )
    smoothing: bool = option(True, "smooth the motion", group="live")
    one_euro: OneEuroOptions = shared(OneEuroOptions)
    hold: float = option(
        0.5,
        "how long a lost face is held before the portrait goes to rest",
        minimum=0,
        maximum=60,
        step=0.1,
        unit="s",
        metavar="S",
        group="live",
        more=True,
    )
    rest: float = option(
        1.0,
        "how long it takes to go to rest",
        minimum=0,
        maximum=60,
        step=0.1,
        unit="s",
        metavar="S",
        group="live",
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)
