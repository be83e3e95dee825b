"""Which faces of a clip are found. Nothing here imports numpy or torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .fields import check_options, option

FaceOrder = Literal[
    "large-small", "small-large", "left-right", "right-left", "top-bottom", "bottom-top", "score"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """How many faces of a clip are found, and how they are numbered.

    `FaceTrackers(model).find_all(clip, options=FindOptions(order="left-right"))`
    """

    max_faces: int = option(8, "how many faces are tracked at most", minimum=1, maximum=64)
    order: FaceOrder = option(
        "large-small", "how faces are numbered from 0, by the first frame that shows them"
    )

    def __post_init__(self) -> None:
        check_options(self)
