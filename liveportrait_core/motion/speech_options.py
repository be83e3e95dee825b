"""Speech to motion: how much, in which style, and how alive the rest of the face is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..config.fields import check_options, option, shared
from .speech_style import SpeechStyle

TALKING_BLINKS: Final = 26.0
"""Blinks a minute of people who talk."""
TALKING_OPENING: Final = 1.25
"""The median of the voices that the network learned from: people who talk open wider than those
who read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechOptions:
    """How a face says what is heard: `SpeechOptions(amount=1.2)`."""

    amount: float = option(
        1.0,
        "how far the mouth moves to a sound: 0 not at all, 1 as people's; shut lips stay shut",
        minimum=0,
        maximum=2,
        step=0.05,
    )
    life: float = option(
        1.0,
        "how much a speaker blinks, glances and moves the head besides: 0 not at all",
        minimum=0,
        maximum=2,
        step=0.05,
    )
    seed: int = option(
        0, "another number gives other blinks and glances", minimum=0, maximum=2**31 - 1
    )
    guidance: float = option(
        1.0,
        "how much the style counts: 0 not at all, 1 as it was taught, 2 twice as much",
        minimum=0,
        maximum=3,
        step=0.1,
        more=True,
    )
    style: SpeechStyle = shared(SpeechStyle, opening=TALKING_OPENING)

    def __post_init__(self) -> None:
        check_options(self)
