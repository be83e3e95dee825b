"""One V3 schema for every ComfyUI from 0.3.64 up: what an older one does not know is left out."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

from comfy_api.latest import io

CATEGORY = "LivePortrait"
_SCHEMA_FIELDS = frozenset(entry.name for entry in fields(io.Schema))


def schema(*, stage: str = "", **values: Any) -> io.Schema:
    """A node's schema.

    Args:
        stage: Submenu of `CATEGORY`.
        **values: Fields of `io.Schema` of any version.
    """
    values.setdefault("category", f"{CATEGORY}/{stage}" if stage else CATEGORY)
    return io.Schema(**{name: value for name, value in values.items() if name in _SCHEMA_FIELDS})


def field(kind: Any, name: str, *, advanced: bool = False, **values: Any) -> Any:
    """An input of a node.

    Args:
        kind: A type of `comfy_api`'s `io`, or a socket.
        name: Its id, frozen from the first release on.
        advanced: Hidden until asked for, where the front end knows how.
        **values: Arguments of `kind.Input`.
    """
    known = inspect.signature(kind.Input.__init__).parameters
    if advanced:
        values["advanced"] = True
    return kind.Input(name, **{key: value for key, value in values.items() if key in known})
