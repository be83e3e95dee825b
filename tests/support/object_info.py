"""Reading what ComfyUI answers to /object_info: inputs, and which of them have a widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Spec = Sequence[Any]
"""An input: its type, and its options where it has any."""

DYNAMIC = "COMFY_DYNAMICCOMBO_V3"
"""A combo whose choice brings inputs of its own; our nodes have none, ComfyUI's have."""
DEFAULTS = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}
WIDGET_TYPES = {*DEFAULTS, "COMBO", DYNAMIC, "COLOR", "BOUNDING_BOX"}


def inputs_of(entry: Mapping[str, Any]) -> dict[str, Spec]:
    """All inputs of a node but the hidden ones, in their order."""
    groups = (entry["input"].get(group, {}) for group in ("required", "optional"))
    return {name: spec for group in groups for name, spec in group.items()}


def options_of(spec: Spec) -> Mapping[str, Any]:
    """The options of an input."""
    return spec[1] if len(spec) > 1 else {}


def choices_of(spec: Spec) -> list[Any] | None:
    """What a combo offers, in the old or the new form; None for other inputs."""
    if isinstance(spec[0], list):
        return spec[0]
    if spec[0] == DYNAMIC:
        return [option["key"] for option in options_of(spec)["options"]]
    return options_of(spec).get("options", []) if spec[0] == "COMBO" else None


def type_of(spec: Spec) -> str:
    """The type of the input's widget."""
    kind = options_of(spec).get("widgetType", spec[0])
    return "COMBO" if isinstance(kind, list) else kind


def has_widget(spec: Spec) -> bool:
    """Whether the input has a widget at all."""
    return type_of(spec) in WIDGET_TYPES and not options_of(spec).get("forceInput")


def default_of(spec: Spec) -> Any:
    """What a new node has there."""
    default = options_of(spec).get("default")
    if default is not None:
        return default
    choices = choices_of(spec)
    return DEFAULTS.get(type_of(spec)) if choices is None else next(iter(choices), None)


def types_meet(given: str, taken: str) -> bool:
    """Whether a socket takes what another gives; both may be unions, as in `IMAGE,MASK`."""
    return "*" in (given, taken) or bool(set(given.split(",")) & set(taken.split(",")))
