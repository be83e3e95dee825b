"""Style of speech: how one person's face differs from another's on the same sounds."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

from ..config.fields import check_options, option

LEAST = 0.4
MOST = 1.8


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStyle:
    """How somebody talks: `SpeechStyle(opening=1.3)`; 1 is as most people do.

    Training draws these values for each voice and tells them to the network, so that they can be
    chosen afterwards.
    """

    opening: float = option(1.0, "how wide the mouth opens", minimum=LEAST, maximum=MOST, step=0.05)
    rounding: float = option(
        1.0, "how far the lips round and spread", minimum=LEAST, maximum=MOST, step=0.05
    )
    quickness: float = option(
        1.0,
        "how quickly the mouth goes from one sound to the next",
        minimum=LEAST,
        maximum=MOST,
        step=0.05,
    )
    brows: float = option(1.0, "how far the brows move", minimum=0.0, maximum=MOST, step=0.05)
    head: float = option(1.0, "how far the head moves", minimum=0.0, maximum=MOST, step=0.05)

    def __post_init__(self) -> None:
        check_options(self)

    def values(self) -> tuple[float, ...]:
        """In the order of `STYLE_VALUES`."""
        return astuple(self)


STYLE_VALUES = tuple(field.name for field in fields(SpeechStyle))
"""Names of the values that a network is told."""
