"""Signatures, fields and members of what a module offers, as data.

Standard library only: it also runs inside the real ComfyUI, where the same names are described
and then compared.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Iterable
from enum import Enum
from types import ModuleType
from typing import Any

ABSENT = "absent"


def described(paths: Iterable[str]) -> dict[str, Any]:
    """Each `module:dotted.name` with its description; `absent` where it is not there."""
    return {path: description(*path.split(":")) for path in paths}


def description(module: str, name: str) -> Any:
    """What one name is."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        # Straight from the class where it is there: a property's value is not its description.
        found = found.__dict__[part] if part in vars(found) else getattr(found, part, ABSENT)
        if isinstance(found, str) and found == ABSENT:
            return ABSENT
    return what(found)


def what(found: Any) -> Any:
    """A function's parameters, a dataclass's fields, an enum's members, or the type's name."""
    if isinstance(found, staticmethod | classmethod):
        return {"kind": type(found).__name__, "parameters": parameters(found.__func__)}
    if isinstance(found, property):
        return {"kind": "property"}
    if isinstance(found, type) and issubclass(found, Enum):
        return {"kind": "enum", "members": {one.name: one.value for one in found}}
    if dataclasses.is_dataclass(found):
        fields = [(one.name, default(one)) for one in dataclasses.fields(found)]
        return {"kind": "dataclass", "fields": fields}
    if isinstance(found, type):
        base = "BaseException" if issubclass(found, BaseException) else "class"
        return {"kind": "Exception" if issubclass(found, Exception) else base}
    if inspect.isfunction(found):
        return {"kind": "function", "parameters": parameters(found)}
    return {"kind": "value"}


def parameters(function: Any) -> list[tuple[str, str, str]]:
    """Name, kind and default of each; `self` and its like go without a name."""
    listed = inspect.signature(function).parameters.values()
    told = [(one.name, one.kind.name, plain(one.default)) for one in listed]
    return [("self", *each[1:]) if each[0] in ("self", "cls", "s") else each for each in told]


def default(one: dataclasses.Field[Any]) -> str:
    """The default of a field."""
    made = one.default_factory
    return plain(one.default if made is dataclasses.MISSING else made())


def plain(value: Any) -> str:
    """A default in words that are the same on both sides."""
    if value in (inspect.Parameter.empty, dataclasses.MISSING):
        return "required"
    return repr(value.value if isinstance(value, Enum) else value)


def sockets(names: Iterable[str]) -> dict[str, Any]:
    """Of each socket class of `io`: its type, and how inputs and outputs are made."""
    io = importlib.import_module("comfy_api.latest").io
    return {name: socket(getattr(io, name, None)) for name in names}


def socket(found: Any) -> Any:
    """One socket class."""
    if found is None:
        return ABSENT
    output = getattr(found, "Output", None)
    return {
        "io_type": str(found.io_type),
        "input": parameters(found.Input.__init__),
        "output": output and parameters(output.__init__),
    }


def offered(module: ModuleType) -> list[str]:
    """The public names that a module of the stand-in defines, with the methods of its classes."""
    listed = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
    ]
    names = []
    for name in listed:
        value = getattr(module, name)
        if name.startswith(("_", "stand_in", "StandIn")) or isinstance(value, ModuleType):
            continue
        names.append(name)
        if isinstance(value, type) and not issubclass(value, Enum | BaseException):
            inner = [own for own in vars(value) if own == "__init__" or not own.startswith("_")]
            names += [f"{name}.{own}" for own in inner if is_public(vars(value)[own])]
    return names


def is_public(value: Any) -> bool:
    """Whether an attribute of a class is a method, a property or a class that is offered."""
    wanted = type | property | staticmethod | classmethod
    return inspect.isfunction(value) or isinstance(value, wanted)
