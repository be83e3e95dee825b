"""Bytes that are nearly right."""

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

ODD = (
    b"", b"0", b"-1", b"1e309", b"-1e-320", b"nan", b"inf", b"9" * 30, b"0.5", b"null", b"true",
    b"[]", b"{}", b'""', b"\"'", b"\n", b"\r\n", b"\t", b" ", b",", b";", b":", b"#", b"=", b"\\",
    b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe7\x9c\xa8", b"\x80" * 8, b"\xff" * 8,
    b"\x00\x00\x00\x01", b"\x7f\xff\xff\xff", b"../", b"%s", b"A" * 300,
)  # fmt: skip
"""What formats stumble over."""
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_LARGEST = 1 << 16
"""Places are drawn up to here, and counted from the start again where there are fewer bytes."""
_MOST_REPEATS = 40


def _flip(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << value % 8)]) + data[place + 1 :]


def _overwrite(data: bytes, place: int, value: int) -> bytes:
    odd = ODD[value % len(ODD)]
    return data[:place] + odd + data[place + len(odd) :]


def _insert(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + ODD[value % len(ODD)] + data[place:]


def _delete(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + data[place + 1 + value % 64 :]


def _repeat(data: bytes, place: int, value: int) -> bytes:
    piece = data[place : place + 1 + value % 97]
    return data[:place] + piece * (1 + value % _MOST_REPEATS) + data[place:]


def _cut(data: bytes, place: int, value: int) -> bytes:
    return data[:place]


def _number(data: bytes, place: int, value: int) -> bytes:
    """Another number in place of one of the first that are written in digits."""
    found = list(_NUMBER.finditer(data, 0, _LARGEST))
    if not found:
        return _overwrite(data, place, value)
    start, end = found[place % len(found)].span()
    return data[:start] + ODD[value % len(ODD)] + data[end:]


_EDITS: tuple[Callable[[bytes, int, int], bytes], ...] = (
    _flip, _overwrite, _insert, _delete, _repeat, _cut, _number, _number,
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A seed's number, and what became of it."""

    seed: int
    data: bytes = field(repr=False)


@st.composite
def mutants(draw: st.DrawFn, seeds: Sequence[bytes]) -> Mutant:
    """A seed with one to six edits, one in ten with another's end."""
    number = draw(st.integers(0, len(seeds) - 1))
    data = seeds[number]
    if draw(st.integers(0, 9)) == 0:
        other = seeds[draw(st.integers(0, len(seeds) - 1))]
        data = data[: draw(st.integers(0, len(data)))] + other[draw(st.integers(0, len(other))) :]
    one = st.tuples(st.integers(0, 255), st.integers(0, _LARGEST), st.integers(0, _LARGEST))
    for kind, place, value in draw(st.lists(one, min_size=1, max_size=6)):
        if data:
            edit = _EDITS[kind % len(_EDITS)]
            near_start = len(data) if kind >= 128 else min(len(data), 512)  # headers break most
            data = edit(data, place % near_start, value)
    return Mutant(number, data)


ODD_VALUES = (
    None, True, False, 0, -1, 0.5, 10**30, 1e300, "", "a" * 300, "../../etc/passwd", "C:\\con",
    "photo.png", "\u770b", "\ud800", [], [1], {}, {"a": 1}, [[[[]]]],
)  # fmt: skip


@st.composite
def mutant_json(draw: st.DrawFn, seeds: Sequence[object]) -> str:
    """JSON of a seed with one to four of its values changed, added or taken out."""
    root = [copy.deepcopy(draw(st.sampled_from(seeds)))]
    for _ in range(draw(st.integers(1, 4))):
        holder, key = draw(st.sampled_from(list(_places(root))))
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))  # it may be changed too
    return json.dumps(root[0])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder in a JSON value with each of its keys or numbers."""
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in list(entries):
            yield value, key
            yield from _places(inner)
