"""Configs of the training commands: from FILE.toml and KEY=VALUE arguments to a dataclass.

The options themselves stand beside their owners (`liveportrait_core.config.fields`).
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from liveportrait_core.config.fields import build, specs_of, values_of
from liveportrait_core.config.spec import OptionError, OptionSpec, default_text
from liveportrait_core.errors import os_error_text

Config = TypeVar("Config")
CONFIG_NAME: Final = "config.json"
"""In the folder of a run: what it was started with."""
NAMED: Final = ("default", "human", "animal", "drawn")
"""What may stand in place of a file or folder: models and data with a name."""
WIDTH: Final = 88
"""Columns of the help."""
RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "judges_lr": "discriminator_lr",
        "strip_every": "grid_every",
        "animal_share": "animal_fraction",
        "clip_share": "clip_fraction",
        "final_lr_share": "final_lr_fraction",
        "image_share": "image_fraction",
        "own_keypoints_share": "own_keypoints_fraction",
        "same_pose_share": "same_pose_fraction",
        "turned_share": "turned_fraction",
        "reader": "landmark_model",
        "picture_weights.painted": "picture_weights.generated",
    }
)
"""Keys of earlier versions, and what they are called now."""
_HELP, _DRY_RUN, _FLAG = ("-h", "--help"), "--dry-run", "--"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Arguments of a training command, read but not checked."""

    values: Mapping[str, str]
    """By key, as `{"steps": "100", "weights.lip": "2"}`."""
    help: bool
    dry_run: bool


def parse(
    kind: type[Config],
    arguments: Sequence[str] | Arguments,
    command: str,
    cost: Callable[[Config], str] | None = None,
    elsewhere: Callable[[Mapping[str, str]], str] | None = None,
) -> Config:
    """A config from `file.toml key=value section.key=value`; later values win.

    `--help` prints the options and exits; `--dry-run` prints the value of each option by its key,
    what a step costs and which files are missing, and exits.

    Args:
        kind: The config's class.
        arguments: Of the command line, or what `read_arguments` made of them.
        command: Its name, for the help.
        cost: Describes the cost of a step, for `--dry-run`.
        elsewhere: Is asked about values that were refused: says which other command takes them, or
            nothing.

    Raises:
        OptionError: An argument is wrong.
        SystemExit: Help or a dry run was asked for (code 0).
    """
    given = arguments if isinstance(arguments, Arguments) else read_arguments(arguments)
    if given.help:
        print(help_text(kind, command))
        raise SystemExit(0)
    _refuse_renamed(kind, given.values)
    try:
        config = build(kind, given.values)
    except OptionError:
        if elsewhere is not None and (sentence := elsewhere(given.values)):
            raise OptionError(sentence) from None
        raise
    if given.dry_run:
        print(json.dumps(_by_key(config), indent=2, default=str), flush=True)
        for line in missing_places(config) or ["all files and folders that options name are there"]:
            print(line, flush=True)
        if cost is not None:
            print("counting what a step takes ...", file=sys.stderr, flush=True)
            print(cost(config))
        raise SystemExit(0)
    return config


def parse_part(kind: type[Config], given: Arguments) -> Config:
    """A config of some of the given keys: what has to be known before the others are checked.

    Raises:
        OptionError: One of its values is wrong.
    """
    keys = {spec.key for spec in specs_of(kind)}
    return build(kind, {key: value for key, value in given.values.items() if key in keys})


def read_arguments(arguments: Sequence[str]) -> Arguments:
    """Split arguments into values by key, help and dry run.

    `--key-name VALUE` and `--key-name=VALUE` are other spellings of `key_name=VALUE`.

    Raises:
        OptionError: One is neither of these nor a TOML file that can be read.
    """
    values: dict[str, str] = {}
    given: set[str] = set()
    rest = iter(arguments)
    for argument in rest:
        if argument in (*_HELP, _DRY_RUN):
            given.add(argument)
        elif argument.endswith(".toml") and "=" not in argument:
            values |= _flat(_read_toml(argument), "")
        else:
            key, value = _pair(argument, rest)
            values[key] = value
    return Arguments(values=values, help=not given.isdisjoint(_HELP), dry_run=_DRY_RUN in given)


def _pair(argument: str, following: Iterator[str]) -> tuple[str, str]:
    """Key and value of an argument, the value perhaps of the one that follows."""
    key, equals, value = argument.partition("=")
    if key.startswith(_FLAG):
        key = key.removeprefix(_FLAG).replace("-", "_")
        value = value if equals else next(following, None)
        if value is None:
            raise OptionError(f"'{argument}' has no value; give {argument} VALUE, or {key}=VALUE.")
        return key, value
    if not equals:
        raise OptionError(f"'{argument}' is neither KEY=VALUE nor a .toml file; see --help.")
    return key, value


def to_json(config: Any) -> str:
    """The config as indented JSON, as kept beside a run."""
    return json.dumps(values_of(config), indent=2, default=str)


def changed_settings(config: Any, run: Path) -> list[str]:
    """A line where a run's folder was left with other settings; one without settings has none."""
    try:
        before: Any = json.loads((run / CONFIG_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    now = json.loads(to_json(config))
    changed = [
        f"{key} {before[key]} -> {value}"
        for key, value in now.items()
        if isinstance(before, dict) and key in before and before[key] != value
    ]
    return [f"other settings than before: {', '.join(changed)}"] if changed else []


def _by_key(config: Any) -> dict[str, Any]:
    """The value of every option by its key, as the command line takes it."""
    return {spec.key: reduce(getattr, spec.path, config) for spec in specs_of(type(config))}


def missing_places(config: Any) -> list[str]:
    """A line for each file or folder of an option that is not there; URLs are not asked."""
    values = _by_key(config)
    return [
        f"missing: {place} ({spec.key})"
        for spec in specs_of(type(config))
        if spec.place and values[spec.key]
        for place in str(values[spec.key]).split(",")
        if place not in NAMED and "://" not in place and not Path(place).exists()
    ]


def _refuse_renamed(kind: type[Any], keys: Iterable[str]) -> None:
    """Say what a key of an earlier version is called now.

    Raises:
        OptionError: There is one, and the config has it by its new name.
    """
    known = {spec.key for spec in specs_of(kind)}
    for key in keys:
        if key not in known and (name := RENAMED.get(key)) in known:
            raise OptionError(f"'{key}' is called '{name}' now. Give {name}=VALUE.")


def help_text(kind: type[Any], command: str) -> str:
    """Every option with default, meaning and range; those for experts come last."""
    lines = [f"usage: {command} [FILE.toml] [--dry-run] KEY=VALUE ...", ""]
    lines += ["FILE.toml holds the same keys, a [table] for each prefix; later values win."]
    lines += ["--key-name VALUE is another spelling of key_name=VALUE.", ""]
    lines += [" ".join((kind.__doc__ or "").split()), ""]
    specs = specs_of(kind)
    for spec in (spec for spec in specs if not spec.more):
        lines += _described(spec)
    if any(spec.more for spec in specs):
        lines += ["", "more:"]
    for spec in (spec for spec in specs if spec.more):
        lines += _described(spec)
    return "\n".join(lines)


def _described(spec: OptionSpec) -> list[str]:
    text = f"{spec.help} ({spec.range})" if spec.range else spec.help
    indent = " " * 6
    return [
        f"  {spec.key} = {'(required)' if spec.required else default_text(spec)}",
        *textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent),
    ]


def _read_toml(path: str) -> dict[str, Any]:
    try:
        tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError as error:
        raise OptionError(
            "Reading .toml on Python 3.10 needs the package tomli. Run pip install tomli, or give "
            "KEY=VALUE."
        ) from error
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(os_error_text(error)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{path} cannot be read as TOML: {error}.") from error


def _flat(tables: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Nested tables by keys with dots."""
    values: dict[str, str] = {}
    for key, value in tables.items():
        if isinstance(value, dict):
            values |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            values[prefix + key] = ",".join(str(entry) for entry in value)
        else:
            values[prefix + key] = str(value)
    return values
