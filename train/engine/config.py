"""Configs: frozen dataclasses whose field docstrings are the command line's help."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import difflib
import inspect
import json
import sys
import textwrap
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

Config = TypeVar("Config")
CONFIG_NAME = "config.json"
"""In the folder of a run: what it was started with."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """What every training run shares."""

    run: Path
    """Folder of the run: checkpoints, stats.jsonl, strips. The same command resumes it."""
    steps: int
    """Optimiser steps in all."""
    seed: int = 0
    """Every random draw comes from (seed, step, place in the batch of all processes)."""
    accumulate: int = 1
    """Parts of a batch that each process takes one after the other before the optimiser steps."""
    device: str = "cpu"
    """cpu or cuda."""
    threads: int = 1
    """Threads of one process on a CPU; several processes beat several threads."""
    bfloat16: bool = True
    """Compute in bfloat16 where it is safe (autocast)."""
    warmup_steps: int = 100
    """Steps over which the learning rate rises."""
    final_lr_share: float = 0.05
    """Share of the learning rate that the cosine ends at."""
    ema_decay: float = 0.998
    """Decay of the moving average of the weights; the average is what gets shipped."""
    log_every: int = 25
    """Steps between status lines and rows of stats.jsonl."""
    save_every: int = 250
    """Steps between checkpoints."""
    strip_every: int = 500
    """Steps between sample strips; 0 for none."""

    def __post_init__(self) -> None:
        for name in ("steps", "accumulate", "threads", "log_every", "save_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay must be in [0, 1), got {self.ema_decay}.")


def parse(
    kind: type[Config],
    arguments: Sequence[str],
    command: str,
    cost: Callable[[Config], str] | None = None,
) -> Config:
    """A config from `file.toml key=value table.key=value`; later wins.

    `--help` prints the fields and leaves; `--dry-run` prints the resolved config and what a step
    will take, and leaves.

    Args:
        kind: What is wanted.
        arguments: Of the command line.
        command: Its name, for messages.
        cost: Tells what a run of a config takes, for `--dry-run`.

    Raises:
        SystemExit: Help or dry run was asked for, or an argument is wrong (code 2, one sentence).
    """
    if any(argument in ("-h", "--help") for argument in arguments):
        print(help_text(kind, command))
        raise SystemExit(0)
    try:
        values: dict[str, Any] = {}
        for argument in arguments:
            if argument != "--dry-run":
                _merge(values, _parsed_argument(argument))
        config = _built(kind, values, prefix="")
    except ValueError as error:
        print(f"{command}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    if "--dry-run" in arguments:
        print(to_json(config))
        if cost is not None:
            print(cost(config))
        raise SystemExit(0)
    return config


def given(arguments: Sequence[str], key: str) -> str | None:
    """What the arguments say of one key, unchecked: by it a command may choose its config."""
    values: dict[str, Any] = {}
    for argument in arguments:
        with contextlib.suppress(ValueError):  # `parse` says what is wrong with it
            _merge(values, _parsed_argument(argument))
    value = values.get(key)
    return None if value is None else str(value)


def to_json(config: Any) -> str:
    """The config as indented JSON, as kept beside a run."""
    return json.dumps(dataclasses.asdict(config), indent=2, default=str)


def help_text(kind: type[Any], command: str) -> str:
    """Every field with its default and its docstring."""
    lines = [f"usage: {command} [FILE.toml] [--dry-run] KEY=VALUE ...", ""]
    lines += [inspect.cleandoc(kind.__doc__ or ""), ""]
    for key, default, doc in _described(kind, ""):
        lines.append(f"  {key} = {default}")
        lines += textwrap.wrap(doc, 88, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def _described(kind: type[Any], prefix: str) -> list[tuple[str, str, str]]:
    docs, hints = _field_docs(kind), typing.get_type_hints(kind)
    rows: list[tuple[str, str, str]] = []
    for entry in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[entry.name]):
            rows += _described(hints[entry.name], f"{prefix}{entry.name}.")
        else:
            missing = entry.default is dataclasses.MISSING
            default = "(required)" if missing else str(entry.default)
            rows.append((prefix + entry.name, default, docs.get(entry.name, "")))
    return rows


def _field_docs(kind: type[Any]) -> dict[str, str]:
    """Docstrings under the fields of a dataclass and of those it inherits from."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, doc in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(doc, ast.Expr):
                name, text = ast.unparse(field.target), ast.literal_eval(doc.value)
                docs[name] = " ".join(text.split())
    return docs


def _parsed_argument(argument: str) -> dict[str, Any]:
    if argument.endswith(".toml"):
        if sys.version_info < (3, 11):
            raise ValueError("Reading .toml needs Python 3.11 or later; give KEY=VALUE instead.")
        import tomllib  # noqa: PLC0415 - only Python 3.11 and later have it

        try:
            return tomllib.loads(Path(argument).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{argument} cannot be read as TOML: {error}.") from error
    key, equals, value = argument.partition("=")
    if not equals:
        raise ValueError(f"'{argument}' is neither KEY=VALUE nor a .toml file; see --help.")
    nested: dict[str, Any] = {}
    *tables, name = key.split(".")
    place = nested
    for table in tables:
        place = place.setdefault(table, {})
    place[name] = value
    return nested


def _merge(values: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], typing.cast("dict[str, Any]", value))
        else:
            values[key] = value


def _built(kind: type[Config], values: dict[str, Any], prefix: str) -> Config:
    hints = typing.get_type_hints(kind)
    names = [entry.name for entry in dataclasses.fields(typing.cast("Any", kind))]
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1, 0)
            raise ValueError(f"There is no key '{prefix}{key}'; the nearest is '{near[0]}'.")
    built: dict[str, Any] = {}
    for entry in dataclasses.fields(typing.cast("Any", kind)):
        name, hint = entry.name, hints[entry.name]
        if dataclasses.is_dataclass(hint):
            built[name] = _built(typing.cast("type[Any]", hint), values.get(name, {}), f"{name}.")
        elif name in values:
            built[name] = _converted(values[name], hint, prefix + name)
        elif entry.default is dataclasses.MISSING:
            raise ValueError(f"'{prefix}{name}' is missing; give {prefix}{name}=VALUE.")
    return kind(**built)


def _converted(value: Any, hint: Any, key: str) -> Any:
    if not isinstance(value, str):
        value = str(value)
    if hint is bool:
        if value.lower() not in ("true", "false"):
            raise ValueError(f"{key} is '{value}'; it takes true or false.")
        return value.lower() == "true"
    try:
        return hint(value)
    except ValueError:
        raise ValueError(f"{key} is '{value}'; it takes {hint.__name__}.") from None
