"""Idle motion: what a face at rest is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..config.fields import check_options, option

MIN_DURATION_S: Final = 0.1
MAX_DURATION_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleOptions:
    """How a face lives while it does nothing: `IdleOptions(duration=20, amount=0.6)`."""

    duration: float = option(
        10.0,
        "seconds that it lasts; its end goes on with its beginning",
        minimum=MIN_DURATION_S,
        maximum=MAX_DURATION_S,
        step=0.1,
        metavar="S",
    )
    amount: float = option(
        1.0,
        "how much the face moves: 0 not at all, 1 as a calm person, 2 twice as far",
        minimum=0,
        maximum=2,
        step=0.05,
    )
    blinks: float = option(
        17.0, "blinks a minute; people who talk have about 26", minimum=0, maximum=60, step=1
    )
    seed: int = option(0, "another number gives another motion", minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        check_options(self)
