"""Whether the methods of a node take what its schema promises to give them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any


def signature_problems(node: Any) -> list[str]:
    """What is wrong with `execute`, `validate_inputs` and `fingerprint_inputs` of a node.

    ComfyUI calls them by name with the inputs that are connected or have a value: `execute` and
    `fingerprint_inputs` with all of them, `validate_inputs` with those that it asks for. A
    fingerprint that cannot be called makes the node run again each time, and nothing says so.
    """
    inputs = node.GET_SCHEMA().inputs or []
    optional = {each.id: bool(each.optional) for each in inputs}
    found = list(problems_of(node.execute, optional, takes_all=True))
    if (own := getattr(node, "fingerprint_inputs", None)) is not None:
        found += problems_of(own, optional, takes_all=True)
    if (own := getattr(node, "validate_inputs", None)) is not None:
        found += problems_of(own, {**optional, "input_types": False}, takes_all=False)
    return [f"{node.__name__}.{problem}" for problem in found]


def problems_of(
    method: Callable[..., Any], optional: dict[str, bool], *, takes_all: bool
) -> Iterator[str]:
    """What is wrong with one method; `optional` tells it of each input."""
    parameters = inspect.signature(method).parameters
    named = {
        name: one
        for name, one in parameters.items()
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    name = method.__name__
    for unknown in named.keys() - optional.keys():
        yield f"{name} takes {unknown}, which is no input"
    if takes_all and not takes_any:
        for missing in optional.keys() - named.keys():
            yield f"{name} does not take the input {missing}"
    for given, one in named.items():
        if optional.get(given) and one.default is one.empty:
            yield f"{name} has no default for the optional input {given}"
