"""Calling a node class as the server does: on a frozen, throw-away copy of the class."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any


def own_method(node: Any, name: str, old_name: str) -> Any:
    """The node's own check or fingerprint, in the new or the old style; None without one."""
    if not is_new_style(node):
        return getattr(node, old_name, None)
    from comfy_api.latest import _nodes  # noqa: PLC0415  (the stand-in must be active)

    return _nodes.overrides(node, name)


def is_new_style(node: Any) -> bool:
    """Whether the node has a schema."""
    return hasattr(node, "GET_SCHEMA")


def frozen_copy(node: Any, hidden: Mapping[Any, Any] | None) -> Any:
    """A copy of the class that keeps the hidden values, and nothing that is set on it."""
    from comfy_api.latest import io  # noqa: PLC0415

    class Frozen(type(node)):
        def __setattr__(cls, name: str, value: Any) -> None:
            raise AttributeError(
                f"Cannot modify class attribute '{name}' on locked class '{cls.__name__}'"
            )

    asked = node.FINALIZE_SCHEMA().hidden or []
    values = {member: (hidden or {}).get(member.value) for member in asked}
    return Frozen(f"{node.__name__}Clone", (node,), {"hidden": io.HiddenHolder.from_dict(values)})


def call(node: Any, name: str, inputs: Mapping[str, Any], hidden: Any = None) -> Any:
    """One call of a classmethod of a node; coroutines are run to their end."""
    if not is_new_style(node):
        return getattr(node, name)(**inputs)
    function = getattr(node, name).__func__
    result = function(frozen_copy(node, hidden), **inputs)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def execute(node: Any, inputs: Mapping[str, Any], hidden: Any = None) -> tuple[tuple, dict]:
    """Runs a node once: its outputs, as many as it declares, and what it shows.

    Raises:
        TypeError: it gave something else than outputs, or not as many as it declares.
    """
    if is_new_style(node):
        node.VALIDATE_CLASS()
        outputs, shown = normalized(node, call(node, "execute", inputs, hidden))
    else:
        asked = node.INPUT_TYPES().get("hidden", {})
        given = {name: (hidden or {}).get(kind) for name, kind in asked.items()}
        result = getattr(node(), node.FUNCTION)(**inputs, **given)
        result = result if isinstance(result, dict) else {"result": result}
        outputs, shown = tuple(result.get("result", ())), result.get("ui", {})
    if len(outputs) != len(node.RETURN_TYPES):
        raise TypeError(
            f"{node.__name__} gave {len(outputs)} outputs, its schema has {len(node.RETURN_TYPES)}."
        )
    return outputs, shown


def normalized(node: Any, result: Any) -> tuple[tuple, dict]:
    """Outputs and what is shown, of what `execute` of a new-style node gave."""
    from comfy_api.latest import io  # noqa: PLC0415

    if result is None:
        result = io.NodeOutput()
    elif isinstance(result, tuple):
        result = io.NodeOutput(*result)
    elif not isinstance(result, io.NodeOutput):
        raise TypeError(f"Invalid return type from node {node.__name__}: {type(result)}")
    if result.expand is not None or result.block_execution is not None:
        raise NotImplementedError(f"{node.__name__} expands or blocks; the stand-in does not.")
    shown = result.ui or {}
    return result.args, shown if isinstance(shown, dict) else shown.as_dict()
