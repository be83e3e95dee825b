"""What functions take, as data: python signatures.py NAME ... prints it for the ComfyUI here.

Standard library only, as it also runs inside the real ComfyUI.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

Signature = dict[str, str]
"""Parameters (or fields, or members of an enum) and their defaults."""


def described(names: Iterable[str]) -> dict[str, Signature | None]:
    """Each `module:dotted.name` with its signature; None where there is no such thing."""
    return {name: signature(*name.split(":")) for name in names}


def signature(module: str, dotted: str) -> Signature | None:
    """The signature of one name."""
    found: Any = importlib.import_module(module)
    for part in dotted.split("."):
        found = getattr(found, part, None)
    if found is None:
        return None
    if isinstance(found, type) and issubclass(found, Enum):
        return {one.name: plain(one.value) for one in found}
    if dataclasses.is_dataclass(found):
        return {one.name: plain(default(one)) for one in dataclasses.fields(found)}
    if isinstance(found, type):
        found = found.__init__
    listed = inspect.signature(found).parameters.values()
    return {one.name: plain(one.default) for one in listed if one.name != "self"}


def default(field: dataclasses.Field[Any]) -> Any:
    """The default of a dataclass field."""
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def plain(value: Any) -> str:
    """A default in words that are the same on both sides."""
    is_required = value is inspect.Parameter.empty or value is dataclasses.MISSING
    return "required" if is_required else repr(value.value if isinstance(value, Enum) else value)


def main() -> None:
    """Make ComfyUI importable on the CPU, in a folder of its own, and describe it."""
    base, *names = sys.argv[1:]
    here = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != here]
    sys.path.insert(0, str(Path.cwd()))
    sys.argv[1:] = ["--cpu", "--base-directory", base]
    importlib.import_module("comfy.options").enable_args_parsing()
    importlib.import_module("utils.extra_config")  # first, as in ComfyUI's own start
    print(json.dumps(described(names)))  # noqa: T201


if __name__ == "__main__":
    main()
