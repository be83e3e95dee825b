"""Numbers in words: "thirty five", "point two", Chinese numerals and fractions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

NUMERAL: Final = "number:"
"""What a token begins with that stands for a numeral by its value: `number:20`."""
POINT: Final = "point"
"""Token between whole numbers and decimals."""
OVER: Final = "over"
"""Token between the lower and the upper number of a fraction, as Chinese says them: of 100 30."""
_POWERS: Final = (10, 100)
_ONES: Final = 10
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class Said:
    """A token, or a number, and the word that it came from."""

    token: str
    word: str
    number: float | None = None


def with_numbers(said: Sequence[Said]) -> list[Said]:
    """What was said, with each run of numerals as one number; a fraction is a share in percent.

    Convention:
        - numerals before 10 and 100 multiply them, others are added: 3 10 5 is 35, 20 5 is 25
    """
    made: list[Said] = []
    place = 0
    while place < len(said):
        number, end = _number(said, place)
        if end == place:
            made.append(said[place])
            place += 1
            continue
        upper, upper_end = (0.0, end)
        if end < len(said) and said[end].token == OVER:
            upper, upper_end = _number(said, end + 1)
        if upper_end > end + 1 and number:
            word = joined(said[place:upper_end])
            made += [Said("number", word, _WHOLE * upper / number), Said("percent", "")]
            place = upper_end
        else:
            made.append(Said("number", joined(said[place:end]), number))
            place = end
    return made


def _number(said: Sequence[Said], start: int) -> tuple[float, int]:
    """The number that begins at a place, and the place behind it; the same place for none."""
    if start < len(said) and said[start].number is not None:
        return said[start].number or 0.0, start + 1
    end = _end_of_numerals(said, start)
    number = _folded(_values(said[start:end]))
    if end < len(said) and said[end].token == POINT:
        decimals_end = _end_of_numerals(said, end + 1)
        decimals = [value for value in _values(said[end + 1 : decimals_end]) if value < _ONES]
        if decimals:
            return number + float("0." + "".join(map(str, decimals))), decimals_end
    return number, end


def _end_of_numerals(said: Sequence[Said], start: int) -> int:
    end = start
    while end < len(said) and said[end].token.startswith(NUMERAL):
        end += 1
    return end


def _values(said: Iterable[Said]) -> list[int]:
    return [int(one.token.removeprefix(NUMERAL)) for one in said]


def _folded(values: Iterable[int]) -> float:
    total = ones = 0
    for value in values:
        if value in _POWERS:
            total, ones = total + (ones or 1) * value, 0
        else:
            total, ones = total + ones, value
    return float(total + ones)


def joined(said: Sequence[Said]) -> str:
    """The words as they were written; Chinese ones without spaces."""
    words = [one.word for one in said if one.word]
    return (" " if "".join(words).isascii() else "").join(words)
