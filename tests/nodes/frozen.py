"""The graph that saved workflows rely on, and what may change in it.

A workflow names nodes by their ids, wires and prompts name inputs by theirs, outputs are counted,
and the values of widgets are a list in the order of the widgets. So all of that only grows at its
ends. `python -m tests.nodes.frozen` writes `graph.json`; run it after something was appended.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.support.comfyui.stand_in import NEWEST, active
from tests.support.object_info import choices_of, default_of, has_widget, options_of

FILE: Final = Path(__file__).with_name("graph.json")
HOW_TO_UPDATE: Final = (
    "Old workflows would break. Give back what they rely on; append a new node, an optional input "
    "as the last one, an output as the last one, or a value at the end of a combo. Then run "
    "python -m tests.nodes.frozen."
)
FILES: Final = (
    ("LPS_LoadModel", "model_name"),
    ("LPS_LoadMotion", "motion_file"),
    ("LPS_LoadBlendshapes", "capture_file"),
    ("LPS_LoadMotion", "normalisation"),
    ("LPS_SpeechToMotion", "speech_model"),
)
"""Combos that list files: they are named in workflows, their order means nothing."""

Graph = dict[str, dict[str, Any]]


def graph_of(info: Mapping[str, Any]) -> Graph:
    """What workflows rely on, of an /object_info."""
    return {name: node_of(entry) for name, entry in info.items()}


def node_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One node: its inputs in order, and its outputs."""
    inputs: list[dict[str, Any]] = []
    widgets = 0
    for group in ("required", "optional"):
        for name, spec in entry["input"].get(group, {}).items():
            told: dict[str, Any] = {"name": name, "type": spec[0], "optional": group == "optional"}
            if has_widget(spec):
                told |= {"widget": widgets, "default": default_of(spec)}
                options = options_of(spec)
                told |= {bound: options[bound] for bound in ("min", "max") if bound in options}
                choices = choices_of(spec)
                told |= {} if choices is None else {"choices": choices}
                widgets += 1
            inputs.append(told)
    outputs = [
        {"name": name, "type": kind}
        for name, kind in zip(entry["output_name"], entry["output"], strict=True)
    ]
    return {"inputs": inputs, "outputs": outputs}


def broken(before: Graph, now: Graph) -> list[str]:
    """What in the second graph breaks workflows that were made with the first."""
    faults: list[str] = []
    for name, old in before.items():
        if name not in now:
            faults.append(f"{name} is gone")
            continue
        new = now[name]
        faults += [f"{name}.{fault}" for fault in broken_inputs(name, old["inputs"], new["inputs"])]
        faults += [
            f"{name}: output {index} was {one['name']} ({one['type']})"
            for index, one in enumerate(old["outputs"])
            if index >= len(new["outputs"]) or new["outputs"][index] != one
        ]
    first = [name for name in now if name in before]
    if list(now)[: len(first)] != first or first != [name for name in before if name in now]:
        faults.append("new nodes stand last, in the order of the menu")
    return faults


def broken_inputs(
    node: str, before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> Iterator[str]:
    """The same for the inputs of a node.

    A socket that was wanted may become optional: front ends list it later then, and connect it by
    its name. A socket may take more types.
    """
    freed = {old["name"] for old in before if not old["optional"]} & {
        new["name"] for new in now if new["optional"] and "widget" not in new
    }
    by_name = {new["name"]: new for new in now}
    order = [new["name"] for new in now if new["name"] not in freed]
    kept = [old["name"] for old in before if old["name"] not in freed]
    for old in before:
        name = old["name"]
        if name not in freed:
            index = kept.index(name)
            if index >= len(order) or order[index] != name:
                yield f"{name} is no longer input {index}"
                continue
        yield from broken_input(node, old, by_name[name], is_freed=name in freed)
    for new in now:
        if new["name"] not in {old["name"] for old in before} and not new["optional"]:
            yield f"{new['name']} is new and not optional"


def broken_input(
    node: str, old: dict[str, Any], new: dict[str, Any], *, is_freed: bool
) -> Iterator[str]:
    """The same for one input; one that is freed was wanted and is optional."""
    name = old["name"]
    for key in ("widget", "default", *(() if is_freed else ("optional",))):
        if old.get(key) != new.get(key):
            yield f"{name}: {key} was {old.get(key)} and is {new.get(key)}"
    if not set(old["type"].split(",")) <= set(new["type"].split(",")):
        yield f"{name}: type was {old['type']} and is {new['type']}"
    if "choices" in old:
        yield from broken_choices((node, name), old["choices"], new.get("choices", []))
    for bound, narrower in (("min", float.__gt__), ("max", float.__lt__)):
        if bound in new and (bound not in old or narrower(float(new[bound]), float(old[bound]))):
            yield f"{name}: {bound} was {old.get(bound)} and is {new[bound]}"


def broken_choices(place: tuple[str, str], before: list[Any], now: list[Any]) -> Iterator[str]:
    """The same for the values of a combo."""
    if place in FILES:
        lost = [value for value in before if value not in now]
        if lost:
            yield f"{place[1]} no longer offers {', '.join(map(str, lost))}"
    elif now[: len(before)] != before:
        yield f"{place[1]}: its values began with {before} and are {now}"


def written(graph: Graph) -> str:
    """The content of the file."""
    return json.dumps(graph, indent=1) + "\n"


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as base, active(Path(base), NEWEST) as comfyui:
        comfyui.import_pack()
        FILE.write_text(written(graph_of(comfyui.object_info())), "ascii")
    print(FILE)  # noqa: T201


if __name__ == "__main__":
    main()
