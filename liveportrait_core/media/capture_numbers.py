"""Numbers in files of face capture."""

from __future__ import annotations

import math
from typing import Final

from ..errors import MediaError

MAX_WEIGHT: Final = 10.0
"""A shape is 1 when it is whole, and captures go somewhat beyond; more is of another unit."""


def number_of(text: str, where: str) -> float:
    """The finite number that a file names.

    Args:
        text: As it stands in the file.
        where: It, for messages, as "Line 3 of take.csv".

    Raises:
        MediaError: It is none.
    """
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = repr(text.strip()[:20]) if text.strip() else "an empty cell"
        raise MediaError(
            f"{where} has {shown} where a finite number is expected. Record or export it again, or "
            "leave that frame out."
        )
    return value


def weight_of(value: float, shape: str, where: str, whole: float = 1.0) -> float:
    """A weight of a shape, 1 for the whole shape.

    Args:
        value: The weight.
        shape: Whose it is.
        where: It stands, for messages, as "Line 3 of take.csv".
        whole: What the file has for the whole shape.

    Raises:
        MediaError: It is of another unit.
    """
    if not abs(value) <= MAX_WEIGHT * whole:
        raise MediaError(
            f"{where} has {value:g} as {shape}; 0 to {whole:g} is expected, at most "
            f"{MAX_WEIGHT * whole:g}. Bring the file's weights to that unit, or record it again."
        )
    return value / whole
