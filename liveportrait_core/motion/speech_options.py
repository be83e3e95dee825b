"""Speech to motion: how much, in which style."""

from __future__ import annotations

from dataclasses import dataclass

from ..config.fields import check_options, option, shared
from .speech_style import SpeechStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechOptions:
    """How a face says what is heard: `SpeechOptions(amount=1.2)`."""

    amount: float = option(
        1.0,
        "how far the mouth moves: 0 not at all, 1 as it was taught; shut lips stay shut",
        minimum=0,
        maximum=2,
        step=0.05,
    )
    guidance: float = option(
        1.0,
        "how much the style counts: 0 not at all, 1 as it was taught, 2 twice as much",
        minimum=0,
        maximum=3,
        step=0.1,
        more=True,
    )
    style: SpeechStyle = shared(SpeechStyle)

    def __post_init__(self) -> None:
        check_options(self)
