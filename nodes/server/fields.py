"""Requests read field by field: names, types and ranges, each refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from ...liveportrait_core.errors import nearest, shortened

Reader: TypeAlias = Callable[[object, str], object]
"""Gives the value that a field of JSON stands for, or a ValueError; it is told the field's name."""
_NEEDED: Final = object()


class Field:
    """A field of an object: how it is read, and what it is where it is left out."""

    def __init__(self, read: Reader, default: object = _NEEDED) -> None:
        """Without a default the field is needed; of one whose default is None null is none."""
        self.read = read
        self.default = default

    @property
    def is_needed(self) -> bool:
        """Whether a request has to name it."""
        return self.default is _NEEDED


Fields: TypeAlias = Mapping[str, Field]


def read_object(value: object, name: str, fields: Fields) -> dict[str, object]:
    """The fields of an object of JSON, checked; `name` is empty for the whole request.

    Raises:
        ValueError: It is none, or a field is unknown, missing, or of another type or range.
    """
    given = mapping(value, name or "the JSON")
    for key in given:
        if key not in fields:
            near = nearest(str(key), fields)
            expected = f"'{near}'" if near else f"one of {', '.join(fields)}"
            raise ValueError(wrong(f"a field of {name or 'the JSON'}", key, expected))
    found: dict[str, object] = {}
    for key, field in fields.items():
        place = f"{name}.{key}" if name else key
        came = given.get(key, None if field.is_needed else field.default)
        is_left_out = not field.is_needed and (key not in given or came is field.default)
        found[key] = field.default if is_left_out else field.read(came, place)
    return found


def mapping(value: object, name: str) -> Mapping[str, object]:
    """An object of JSON."""
    if not isinstance(value, Mapping):
        raise ValueError(wrong(name, value, "an object of JSON"))
    return cast("Mapping[str, object]", value)


def text(value: object, name: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(wrong(name, value, "a text"))
    return value


def number(low: float, high: float) -> Reader:
    """Reads a number of a range."""

    def read(value: object, name: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise ValueError(wrong(name, value, f"a number from {low:g} to {high:g}"))

    return read


def whole(low: int, high: int) -> Reader:
    """Reads a whole number of a range."""

    def read(value: object, name: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(wrong(name, value, f"a whole number from {low} to {high}"))

    return read


def one_of(choices: Iterable[str]) -> Reader:
    """Reads one of a few words."""
    known = tuple(choices)

    def read(value: object, name: str) -> str:
        if isinstance(value, str) and value in known:
            return value
        raise ValueError(wrong(name, value, f"one of {', '.join(known)}"))

    return read


def objects(read_one: Reader, most: int) -> Reader:
    """Reads a list of at most so many objects."""

    def read(value: object, name: str) -> tuple[object, ...]:
        if not isinstance(value, list) or len(cast("Sequence[object]", value)) > most:
            raise ValueError(wrong(name, value, f"a list of at most {most}"))
        entries = enumerate(cast("Sequence[object]", value))
        return tuple(read_one(entry, f"{name}[{place}]") for place, entry in entries)

    return read


def object_of(fields: Fields, made: Callable[[dict[str, object]], object] = dict) -> Reader:
    """Reads an object with these fields; `made` makes something of their values."""

    def read(value: object, name: str) -> object:
        return made(read_object(value, name, fields))

    return read


def wrong(name: str, value: object, expected: str) -> str:
    """What is said of a field that is not as the front end writes it."""
    return (
        f"In the request {name} is {shortened(repr(value))}; {expected} is expected. Reload the "
        "page: it may be of another version than the nodes."
    )
