"""What the server refuses in a prompt, by the facts that /object_info tells alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .widgets import Spec, choices_of, expand, inputs_of, options_of, type_of

Prompt = dict[str, dict[str, Any]]
"""The API format: a node for each id, with `class_type` and `inputs`."""
ObjectInfo = Mapping[str, Mapping[str, Any]]
CASTS = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one node; `kind` is the server's name for it."""

    node_id: str
    class_type: str
    kind: str
    details: str

    def __str__(self) -> str:
        return f"{self.class_type} (node {self.node_id}): {self.kind}: {self.details}"


def is_link(value: Any) -> bool:
    """Whether an input of a prompt is a link, `[node id, output]`."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int | float)
    )


def types_meet(given: Any, wanted: Any) -> bool:
    """Whether a socket takes what another gives; both may be unions, as in `IMAGE,MASK`."""
    if given == wanted or "*" in (given, wanted):
        return True
    if not isinstance(given, str) or not isinstance(wanted, str):
        return False
    return bool({t.strip() for t in given.split(",")} & {t.strip() for t in wanted.split(",")})


def unwrapped(value: Any) -> Any:
    """A list that the front end has wrapped, so that it is not taken for a link."""
    return value["__value__"] if isinstance(value, dict) and "__value__" in value else value


def check_structure(prompt: Prompt, info: ObjectInfo) -> list[Problem]:
    """Nodes that do not exist, links that lead nowhere, and nothing to run for."""
    problems = []
    for node_id, node in prompt.items():
        kind = node.get("class_type", "")
        if kind not in info:
            problems.append(Problem(node_id, str(kind), "missing_node_type", "no such node"))
            continue
        for name, value in node["inputs"].items():
            if is_link(value) and (wrong := bad_link(value, prompt, info)):
                problems.append(Problem(node_id, kind, "bad_linked_input", f"{name}: {wrong}"))
    if not problems and not any(
        info[node["class_type"]]["output_node"] for node in prompt.values()
    ):
        problems.append(Problem("", "", "prompt_no_outputs", "no node saves or shows anything"))
    return problems


def bad_link(link: list[Any], prompt: Prompt, info: ObjectInfo) -> str:
    """What is wrong with where a link comes from; nothing when it is fine."""
    origin = prompt.get(link[0])
    if origin is None:
        return f"there is no node {link[0]}"
    count = len(info.get(origin["class_type"], {"output": []})["output"])
    return "" if 0 <= link[1] < count else f"{origin['class_type']} has no output {link[1]}"


def check_node(
    node_id: str,
    prompt: Prompt,
    info: ObjectInfo,
    *,
    unchecked: Collection[str] = (),
) -> list[Problem]:
    """What the server refuses in one node whose links lead somewhere.

    Values become the type of their input, as on the server: `prompt` is changed.
    `unchecked` inputs may have any value: those that the node's own check asks for.
    """
    node = prompt[node_id]
    inputs, kind = node["inputs"], node["class_type"]
    own = info[kind]
    specs = expand(inputs_of(own), inputs)
    found = [
        ("required_input_missing", name)
        for name, spec in own["input"].get("required", {}).items()
        if name not in inputs
    ]
    for name, value in inputs.items():
        if name not in specs:
            found.append(("unknown_input", f"{name} (the node has {', '.join(specs) or 'none'})"))
        elif is_link(value):
            given = info[prompt[value[0]]["class_type"]]["output"][int(value[1])]
            if not types_meet(given, specs[name][0]):
                details = f"{name}, received_type({given}) mismatch input_type({specs[name][0]})"
                found.append(("return_type_mismatch", details))
        else:
            found += check_value(name, specs[name], inputs, check=name not in unchecked)
    return [Problem(node_id, kind, *each) for each in found]


def check_value(
    name: str, spec: Spec, inputs: dict[str, Any], *, check: bool
) -> Iterator[tuple[str, str]]:
    """What is wrong with the value of a widget; casts it in place."""
    value = inputs[name] = unwrapped(inputs[name])
    options, kind = options_of(spec), type_of(spec)
    if isinstance(value, list) and not options.get("multiselect"):
        yield "bad_linked_input", f"{name}: {value} is no link"
        return
    if kind in CASTS:
        try:
            value = inputs[name] = CASTS[kind](value)
        except (TypeError, ValueError) as error:
            yield "invalid_input_type", f"{name}, {value}, {error}"
            return
    if not check:
        return
    if "min" in options and value < options["min"]:
        yield "value_smaller_than_min", f"{name}: {value} < {options['min']}"
    if "max" in options and value > options["max"]:
        yield "value_bigger_than_max", f"{name}: {value} > {options['max']}"
    choices = choices_of(spec)
    if choices is not None:
        wrong = [
            each for each in (value if isinstance(value, list) else [value]) if each not in choices
        ]
        if wrong:
            yield "value_not_in_list", f"{name}: {wrong} not in {choices}"
