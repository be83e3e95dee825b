"""One V3 schema for every ComfyUI from 0.3.64 up: what an older one does not know is left out."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from comfy_api.latest import io

NAME: Final = "LivePortrait"
_SCHEMA_FIELDS: Final = frozenset(entry.name for entry in fields(io.Schema))


def schema(
    *,
    node_id: str,
    display_name: str,
    description: str,
    stage: str,
    inputs: Sequence[io.Input],
    outputs: Sequence[io.Output],
    first: bool = False,
    **values: object,
) -> io.Schema:
    """A node's schema.

    Args:
        node_id: Frozen from the first release on.
        display_name: What the node is called on the canvas; `NAME` is added.
        description: What the node does, in a sentence.
        stage: Submenu of `NAME`.
        inputs: In the order in which workflows store their values.
        outputs: In the order in which workflows count them.
        first: Whether a search for `NAME` lists it before the others: front ends put names that
            begin with what was typed first, then the shortest.
        **values: Further fields of `io.Schema` of any version.
    """
    return io.Schema(
        node_id=node_id,
        display_name=f"{NAME}: {display_name}" if first else f"{display_name} ({NAME})",
        category=f"{NAME}/{stage}",
        description=description,
        inputs=list(inputs),
        outputs=list(outputs),
        **{name: value for name, value in values.items() if name in _SCHEMA_FIELDS},
    )


def title_of(schema: io.Schema) -> str:
    """What a node is called among ours: its display name without `NAME`."""
    return schema.display_name.removeprefix(f"{NAME}: ").removesuffix(f" ({NAME})")


def field(
    kind: type[io.ComfyType], name: str, *, tooltip: str, advanced: bool = False, **values: object
) -> io.Input:
    """An input of a node.

    Args:
        kind: A type of `comfy_api`'s `io`, or a socket.
        name: Its id, frozen from the first release on.
        tooltip: What it does, in sentences.
        advanced: Hidden until asked for, where the front end knows how.
        **values: Further arguments of `kind.Input` of any version.
    """
    values |= {"tooltip": tooltip, **({"advanced": True} if advanced else {})}
    known = inspect.signature(kind.Input.__init__).parameters
    return kind.Input(name, **{key: value for key, value in values.items() if key in known})
