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
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache, partial, reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from .spec import MISSING, OptionError, OptionSpec

Kind = TypeVar("Kind")
_KEY: Final = "liveportrait option"
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


def option(default: Any = MISSING, help: str = "", **about: Any) -> Any:
    """A field of a dataclass that is an option.

    Args:
        default: Its default; without one the option is required.
        help: One line on what it does, without default and range.
        **about: Fields of `OptionSpec`, as `minimum`, `maximum`, `unit`, `more`, `flag`.
    """
    return dataclasses.field(default=default, metadata={_KEY: {"help": help, **about}})


def shared(
    kind: type[Any],
    *,
    fixed: Mapping[str, Any] = _NONE,
    hidden: Collection[str] = (),
    about: Mapping[str, Mapping[str, Any]] = _NONE,
    **defaults: Any,
) -> Any:
    """A field that holds another config, whose options keep their keys.

    Args:
        kind: The other config's class.
        fixed: Values by key that are no options here.
        hidden: Keys that are no options here and keep their defaults.
        about: Fields of `OptionSpec` that differ here, by key: a group, a help, a narrower limit.
        **defaults: Where the owner has other defaults than it.
    """
    return _held(kind, defaults, fixed, prefixed=False, hidden=hidden, about=about)


def section(
    kind: type[Any],
    *,
    fixed: Mapping[str, Any] = _NONE,
    flags: str | None = None,
    group: str = "",
    more: bool = False,
    **defaults: Any,
) -> Any:
    """A field that holds another config, whose keys begin with the field's name and a dot.

    Args:
        kind: The other config's class.
        fixed: Values by key that are no options here.
        flags: What the names of its options begin with on the command line; by default the keys
            are their names.
        group: Heading of its options.
        more: Whether all of them are for experts.
        **defaults: Where the owner has other defaults than it.
    """
    changes = ({"group": group} if group else {}) | ({"more": True} if more else {})
    about = {spec.key: changes for spec in specs_of(kind)}
    return _held(kind, defaults, fixed, prefixed=True, flags=flags, about=about)


def _held(
    kind: type[Any],
    defaults: dict[str, Any],
    fixed: Mapping[str, Any],
    *,
    prefixed: bool,
    **more: Any,
) -> Any:
    given = {**defaults, **fixed}
    about = {"kind": kind, "defaults": defaults, "fixed": fixed, "prefixed": prefixed, **more}
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

    Values that are taken become those of the declared type (`OptionSpec.plain`).

    Raises:
        OptionError: What came, what is expected, and the nearest right value.
    """
    for entry in dataclasses.fields(config):
        held, kind = getattr(config, entry.name), entry.metadata.get(_KEY, {}).get("kind")
        if isinstance(kind, type) and not isinstance(held, kind):
            raise OptionError(
                f"{entry.name} is {held!r}; {kind.__name__} is expected. Give {kind.__name__}(...)."
            )
    for spec in specs_of(type(config)):
        value = reduce(getattr, spec.path, config)
        for entry in value if spec.several else (value,):
            spec.check(entry)  # also of configs that it holds: limits may be narrower here
        if len(spec.path) == 1:
            object.__setattr__(config, spec.name, spec.plain(value))


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
            near = difflib.get_close_matches(key, specs, 1)
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
            hidden = {f"{inner}{key}" for key in (*about["fixed"], *about.get("hidden", ()))}
            for spec in _walked(about["kind"], inner, where, {**about["defaults"], **outer}):
                if spec.key in hidden:
                    continue
                changes = dict(about["about"].get(spec.key.removeprefix(inner), _NONE))
                if about.get("flags") is not None:
                    changes["flag"] = about["flags"] + (spec.flag or spec.name.replace("_", "-"))
                yield dataclasses.replace(spec, **changes)
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
