"""Keys in the text of a timeline: a control and its number, and what is wrong with what is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .control_options import NAMES, TURNS
from .timeline import control_spec

NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)")
_OF_DEGREES: Final = re.compile(r"\s*(?:\u00b0|deg|degrees?|\u5ea6)$")
"""What may follow a number of degrees: the sign, words, the Chinese word."""


def read_key(words: Sequence[str]) -> tuple[str, float] | None:
    """The name of a control and the number after it; None where the words are no key.

    `read_key(["yaw", "10", "degrees"])`

    Convention:
        - a turn of the head may have its unit; all other controls have none
    """
    *turned, degrees = _OF_DEGREES.sub("", " ".join(words).lower()).split() or [""]
    turn = "_".join(turned)
    if not (turn in NAMES and set(NAMES[turn]) <= set(TURNS)):
        turn, degrees = "_".join(words[:-1]).lower(), words[-1]
    return (turn, float(degrees)) if turn in NAMES and NUMBER.fullmatch(degrees) else None


def after_key(words: Sequence[str]) -> str:
    """What stands behind a control and its number; empty where nothing does."""
    for count in range(2, len(words)):
        if (key := read_key(words[:count])) is not None:
            has_unit = read_key(words[: count + 1]) == key
            return " ".join(words[count + has_unit :])
    return ""


def without_number(words: Sequence[str], *, alone: bool) -> tuple[str, str] | None:
    """Of a control that has no number: the words that stand there, and what is expected.

    Args:
        words: Of an item that is no key.
        alone: Whether a name of usual words is a control, too, where nothing is behind it.
    """
    name, first = "_".join(words).lower(), words[0].lower()
    if name in NAMES and (alone or "_" in first):
        return " ".join(words), f"a number is expected after it ({_range(name)})"
    if "_" in first and first in NAMES and not NUMBER.fullmatch(words[1]):
        return " ".join(words[1:]), f"a number is expected after '{words[0]}' ({_range(first)})"
    return None


def _range(name: str) -> str:
    spec = control_spec(NAMES[name][0])
    return f"{spec.minimum:g} to {spec.maximum:g}"
