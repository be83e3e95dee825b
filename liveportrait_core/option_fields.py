"""Options: one field says what a setting is called, may be and means; everything else reads it.

An option is a field of a frozen dataclass beside its owner:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class DrivingOptions:
        gain: float = option(1.0, "multiplies how far the keypoints travel", minimum=0, maximum=4)

        def __post_init__(self) -> None:
            check_options(self)

The type says which values there are: `bool`, `int`, `float`, `str`, `Path`; a `Literal` has
choices; `X | None` may be left unset; `float | Literal["driver"]` takes a number or a word;
`tuple[X, ...]` takes several. Command lines, widgets, KEY=VALUE arguments and the tables of the
documents are made from `specs_of`.
A config is put together from others by `shared` (same keys) and `section` (keys with a prefix).
Nothing here imports torch, so that `--help` answers at once.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

Kind = TypeVar("Kind")
MISSING: Final = dataclasses.MISSING
_KEY: Final = "liveportrait option"
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})
_TRUTH: Final[Mapping[str, bool]] = {"true": True, "false": False}


class OptionError(ValueError):
    """A value that an option does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """Everything there is to say of one option."""

    key: str
    """Its name, with the prefixes of the sections that it lies in: `weights.lip`."""
    path: tuple[str, ...]
    """Attributes that lead to it from the config."""
    kind: type[Any]
    """bool, int, float, str or Path; `object` where `read` makes the value."""
    help: str
    """One line: what it does; no default, no range."""
    default: Any = MISSING
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Words that it takes besides numbers."""
    optional: bool = False
    """Whether it may be None."""
    unset: str = ""
    """What None means, in a few words."""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """A limit that the value must exceed, where the least value is not allowed itself."""
    unit: str = ""
    step: float | None = None
    """Of a slider or a spin box."""
    group: str = ""
    """Heading that it stands under in help and tables."""
    more: bool = False
    """For experts: shown after the others."""
    flag: str = ""
    """Its name on the command line, where that is another: `yaw` for `yaw_deg`."""
    short: str = ""
    """A second name on the command line, as `-o`."""
    positional: bool = False
    """Whether it stands on the command line without a name."""
    several: bool = False
    """Whether its value is a tuple; `check` and `from_text` are about one entry of it."""
    bare: Any = None
    """Value that its name alone means on the command line."""
    metavar: str = ""
    read: Callable[[str], Any] | None = None
    """Makes a value of a text, for types of other kinds; a ValueError says what is wrong."""

    @property
    def name(self) -> str:
        """Without sections."""
        return self.path[-1]

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is MISSING

    @property
    def expected(self) -> str:
        """Which values it takes, in words: "a number from 0 to 4"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is bool:
            return "true or false"
        if self.kind in (int, float):
            number = "a whole number" if self.kind is int else "a number"
            return " or ".join([*self.words, f"{number}{self._limits}"])
        return "a path" if self.kind is Path else self.metavar or "a text"

    @property
    def range(self) -> str:
        """Its limits or choices, shortly, with the unit: "0 to 4 px"; empty without any."""
        if self.choices:
            return ", ".join(self.choices)
        limits = self._limits.strip().removeprefix("from ")
        shown = " or ".join([*self.words, *([limits] if limits or self.words else [])])
        return f"{shown} {self.unit}".strip()

    @property
    def _limits(self) -> str:
        if self.above is not None:
            top = f" up to {self.maximum:g}" if self.maximum is not None else ""
            return f" above {self.above:g}{top}"
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f" from {self.minimum:g} up"
        return f" up to {self.maximum:g}" if self.maximum is not None else ""

    def check(self, value: Any, name: str = "") -> None:
        """Refuse a value that the option does not take.

        Args:
            value: What came.
            name: What to call the option in the message; by default its key.

        Raises:
            OptionError: What came, what was expected, and the nearest right value.
        """
        if not self._takes(value):
            raise OptionError(self._refusal(value, name or self.key))

    def from_text(self, text: str, name: str = "") -> Any:
        """The value that a text of the command line stands for, checked.

        Raises:
            OptionError: It stands for none.
        """
        value: Any = text
        try:
            if self.read is not None:
                value = self.read(text)
            elif self.optional and text.lower() in ("", "none") and "none" not in self.choices:
                value = None
            elif self.kind is bool:
                value = _TRUTH[text.lower()]
            elif text not in self.words and not self.choices:
                value = self.kind(text)
        except (KeyError, ValueError):
            raise OptionError(self._refusal(text, name or self.key)) from None
        self.check(value, name)
        return value

    def _takes(self, value: Any) -> bool:
        if value is None:
            return self.optional
        if self.choices or (isinstance(value, str) and self.words):
            return value in (self.choices or self.words)
        if self.kind is bool:
            return isinstance(value, bool)
        if self.kind in (int, float):
            whole = isinstance(value, int) and not isinstance(value, bool)
            real = self.kind is float and isinstance(value, float) and math.isfinite(value)
            return (whole or real) and self._clamped(typing.cast("float", value)) == value
        return self.kind is object or isinstance(value, str if self.kind is str else (str, Path))

    def _clamped(self, value: float) -> float | None:
        """The nearest value within the limits; None where there is no nearest one."""
        if self.above is not None and value <= self.above:
            return None
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return min(max(value, low), high)

    def _refusal(self, value: Any, name: str) -> str:
        shown = f"'{value}'" if isinstance(value, str | Path) else str(value)
        return f"{name} is {shown}; {self.expected} is expected.{self._advice(value)}"

    def _advice(self, value: Any) -> str:
        known = self.choices or self.words
        if isinstance(value, str) and known:
            near = difflib.get_close_matches(value, known, 1, 0.5)
            return f" Did you mean '{near[0]}'?" if near else ""
        try:
            near_value = self._clamped(float(value))
        except (TypeError, ValueError):
            near_value = None
        if near_value is not None and near_value != value and math.isfinite(near_value):
            rounded = round(near_value) if self.kind is int else near_value
            return f" The nearest is {rounded:g}."
        default = self.default
        if default is MISSING or default is None or isinstance(default, Path) or default == "":
            return ""
        return f" The default is {str(default).lower() if self.kind is bool else default}."


def option(default: Any = MISSING, help: str = "", **about: Any) -> Any:
    """A field of a dataclass that is an option.

    Args:
        default: Its default; without one the option is required.
        help: One line on what it does, without default and range.
        **about: Fields of `OptionSpec`, as `minimum`, `maximum`, `unit`, `more`, `flag`.
    """
    return dataclasses.field(default=default, metadata={_KEY: {"help": help, **about}})


def shared(kind: type[Any], *, fixed: Mapping[str, Any] = _NONE, **defaults: Any) -> Any:
    """A field that holds another config, whose options keep their keys.

    Args:
        kind: The other config's class.
        fixed: Values by key that are no options here.
        **defaults: Where the owner has other defaults than it.
    """
    return _held(kind, defaults, fixed, prefixed=False)


def section(kind: type[Any], *, fixed: Mapping[str, Any] = _NONE, **defaults: Any) -> Any:
    """A field that holds another config, whose keys begin with the field's name and a dot."""
    return _held(kind, defaults, fixed, prefixed=True)


def _held(
    kind: type[Any], defaults: dict[str, Any], fixed: Mapping[str, Any], *, prefixed: bool
) -> Any:
    given = {**defaults, **fixed}
    about = {"kind": kind, "defaults": defaults, "fixed": fixed, "prefixed": prefixed}
    metadata = {_KEY: about}
    if any(spec.required and spec.key not in given for spec in specs_of(kind)):
        return dataclasses.field(metadata=metadata)
    factory = partial(build, kind, {}, defaults=given)
    return dataclasses.field(default_factory=factory, metadata=metadata)


@lru_cache
def specs_of(kind: type[Any]) -> tuple[OptionSpec, ...]:
    """Every option of a dataclass, and of those that it holds, in order."""
    return tuple(_walked(kind, "", (), {}))


def spec_of(kind: type[Any], key: str) -> OptionSpec:
    """One option of a dataclass, by its key."""
    return next(spec for spec in specs_of(kind) if spec.key == key)


def check_options(config: Any) -> None:
    """Refuse values that the options of a dataclass do not take: for its `__post_init__`.

    Raises:
        OptionError: What came, what was expected, and the nearest right value.
    """
    for spec in specs_of(type(config)):
        if len(spec.path) == 1:  # configs that it holds have checked themselves
            value = getattr(config, spec.name)
            for entry in value if spec.several else (value,):
                spec.check(entry)


def build(
    kind: type[Kind], values: Mapping[str, Any], *, defaults: Mapping[str, Any] | None = None
) -> Kind:
    """A config from values by their keys; texts are read, the rest is taken as it is.

    Args:
        kind: The config's class.
        values: By key, as `{"steps": "100", "weights.lip": 2.0}`.
        defaults: Values under those of `values`, likewise.

    Raises:
        OptionError: A key is unknown, a value is wrong, or a required one is missing.
    """
    specs = {spec.key: spec for spec in specs_of(kind)}
    for key in values:
        if key not in specs:
            near = difflib.get_close_matches(key, specs, 1, 0)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            raise OptionError(f"There is no option '{key}'.{meant}")
    given = {
        key: _from_text(specs[key], value) if isinstance(value, str) else value
        for key, value in values.items()
    }
    return _built(kind, {**(defaults or {}), **given}, "")


def values_of(config: Any) -> dict[str, Any]:
    """The values of a config as nested dicts, those of shared configs beside its own."""
    found: dict[str, Any] = {}
    for entry in dataclasses.fields(config):
        value, about = getattr(config, entry.name), entry.metadata.get(_KEY, {})
        if "prefixed" not in about:
            found[entry.name] = value
        elif about["prefixed"]:
            found[entry.name] = values_of(value)
        else:
            found |= values_of(value)
    return found


def option_table(kind: type[Any]) -> str:
    """The options as a Markdown table."""
    rows = ["| option | values | default | meaning |", "|---|---|---|---|"]
    for spec in specs_of(kind):
        values = spec.range or ("true, false" if spec.kind is bool else spec.unit)
        cells = (f"`{spec.key}`", values, default_text(spec), spec.help)
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def default_text(spec: OptionSpec) -> str:
    """The default of an option in words."""
    if spec.required:
        return "required"
    if spec.default is None:
        return spec.unset or "none"
    if spec.kind is bool:
        return str(spec.default).lower()
    if spec.several:
        return ",".join(str(entry) for entry in spec.default) or "none"
    return f"{spec.default:g}" if isinstance(spec.default, float) else str(spec.default) or "none"


def _from_text(spec: OptionSpec, text: str) -> Any:
    """The value of an option, of several with commas between them."""
    if not spec.several:
        return spec.from_text(text)
    return tuple(spec.from_text(part.strip()) for part in text.split(",") if part.strip())


def _walked(
    kind: type[Any], prefix: str, path: tuple[str, ...], defaults: Mapping[str, Any]
) -> Iterator[OptionSpec]:
    hints = typing.get_type_hints(kind)
    for entry in dataclasses.fields(kind):
        about = dict(entry.metadata.get(_KEY, {}))
        where = (*path, entry.name)
        if "prefixed" in about:
            inner = f"{prefix}{entry.name}." if about["prefixed"] else prefix
            outer = {
                key.removeprefix(f"{entry.name}.") if about["prefixed"] else key: value
                for key, value in defaults.items()
            }
            inside = _walked(about["kind"], inner, where, {**about["defaults"], **outer})
            fixed = {f"{inner}{key}" for key in about["fixed"]}
            yield from (spec for spec in inside if spec.key not in fixed)
        elif about:
            yield OptionSpec(
                key=prefix + entry.name,
                path=where,
                default=defaults.get(entry.name, entry.default),
                **(_of_type(hints[entry.name]) | about),
            )


def _of_type(hint: Any) -> dict[str, Any]:
    """What an annotation says of an option."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"kind": str, "choices": parts}
    if origin is tuple and parts[1:] == (...,):
        return _of_type(parts[0]) | {"several": True}
    if origin in (typing.Union, types.UnionType):
        optional = type(None) in parts
        inner = [part for part in parts if part is not type(None)]
        if len(inner) == 1:
            return _of_type(inner[0]) | {"optional": optional}
        words = [typing.get_args(part) for part in inner if typing.get_origin(part) is Literal]
        (number,) = [part for part in inner if typing.get_origin(part) is not Literal]
        return {"kind": number, "words": sum(words, ()), "optional": optional}
    return {"kind": hint if hint in (bool, int, float, str, Path) else object}


def _built(kind: type[Kind], values: Mapping[str, Any], prefix: str) -> Kind:
    arguments: dict[str, Any] = {}
    for entry in dataclasses.fields(typing.cast("Any", kind)):
        about = entry.metadata.get(_KEY, {})
        if "prefixed" in about:
            inner = f"{prefix}{entry.name}." if about["prefixed"] else prefix
            under, over = (
                {f"{inner}{key}": value for key, value in about[name].items()}
                for name in ("defaults", "fixed")
            )
            arguments[entry.name] = _built(about["kind"], {**under, **values, **over}, inner)
        elif prefix + entry.name in values:
            arguments[entry.name] = values[prefix + entry.name]
        elif entry.default is MISSING and entry.default_factory is MISSING:
            key = prefix + entry.name
            raise OptionError(f"'{key}' is missing, and it has no default. Give {key}=VALUE.")
    return kind(**arguments)
