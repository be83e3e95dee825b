"""Prompts in the API format: built node by node, or from a workflow of the canvas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.comfyui_real.server import Prompt
from tests.support.object_info import (
    DYNAMIC,
    Spec,
    default_of,
    has_widget,
    inputs_of,
    options_of,
    type_of,
    types_meet,
)

Reference = list[Any]
"""[node id, number of the output]."""
ObjectInfo = Mapping[str, Mapping[str, Any]]
MUTED, BYPASSED = 2, 4
"""Modes of a node on the canvas."""
VIRTUAL = ("Reroute", "PrimitiveNode", "Note", "MarkdownNote")
"""Nodes of the front end, which the server never sees."""


class Graph:
    """A prompt that grows; widgets that are not given get the defaults of /object_info."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        """Start empty."""
        self._info = info
        self.prompt: Prompt = {}

    def add(self, kind: str, node_id: str | None = None, /, **inputs: object) -> Reference:
        """Put a node; gives its first output. Its id is its kind unless given."""
        node_id = node_id or kind
        assert node_id not in self.prompt
        values = {**self._defaults(kind), **inputs}
        self.prompt[node_id] = {
            "class_type": kind,
            "inputs": values,
            "_meta": {"title": node_id},
        }
        return [node_id, 0]

    def _defaults(self, kind: str) -> dict[str, Any]:
        entry = self._info[kind]
        specs = {name: spec for name, spec in inputs_of(entry).items() if has_widget(spec)}
        required = entry["input"].get("required", {})
        return {
            name: default_of(spec)
            for name, spec in specs.items()
            if name in required or "default" in options_of(spec)
        }


def output(reference: Reference, number: int) -> Reference:
    """Another output of the same node."""
    return [reference[0], number]


def animate_video(graph: Graph, **inputs: object) -> Reference:
    """Load Model, Load Image, Load Video, Animate Portrait (video file), Save Video.

    Args:
        graph: gets the nodes.
        inputs: of the animating node, besides model, source and driving, or instead of them.
    """
    if "model" not in inputs:
        inputs["model"] = graph.add("LPS_LoadModel")
    if "source" not in inputs:
        inputs["source"] = graph.add("LoadImage", image="portrait.png")
    if "driving" not in inputs:
        inputs["driving"] = graph.add("LoadVideo", file="short.mp4")
    made = graph.add("LPS_AnimateVideo", **inputs)
    return graph.add("SaveVideo", video=made, filename_prefix="video", format="auto", codec="auto")


def prompt_of(workflow: Mapping[str, Any], info: ObjectInfo) -> Prompt:
    """The prompt that a front end makes of a workflow of the canvas (format 0.4)."""
    canvas = _Canvas(workflow)
    prompt: Prompt = {}
    for node in canvas.nodes.values():
        if not canvas.is_run(node):
            continue
        entry = info[node["type"]]
        inputs = dict(_sent(entry, list(node.get("widgets_values") or [])))
        for slot in node.get("inputs") or []:
            if slot.get("link") is not None:
                origin = canvas.origin(slot["link"], slot.get("type", "*"))
                inputs.pop(slot["name"], None)
                inputs |= {} if origin is None else {slot["name"]: origin}
        title = node.get("title") or entry["display_name"] or node["type"]
        made = {"inputs": inputs, "class_type": node["type"], "_meta": {"title": title}}
        prompt[str(node["id"])] = made
    return prompt


def _sent(entry: Mapping[str, Any], rest: list[Any]) -> Iterator[tuple[str, Any]]:
    """The widgets of a node that the server gets; takes their values off `rest`."""
    for name, spec in inputs_of(entry).items():
        if has_widget(spec):
            yield from _sent_by_one(name, spec, rest)


def _sent_by_one(name: str, spec: Spec, rest: list[Any]) -> Iterator[tuple[str, Any]]:
    value = rest.pop(0) if rest else default_of(spec)
    yield name, {"__value__": value} if isinstance(value, list) else value
    options = options_of(spec)
    is_seed = type_of(spec) == "INT" and name in ("seed", "noise_seed")
    if options.get("control_after_generate", is_seed):
        del rest[: 2 if type_of(spec) == "COMBO" else 1]  # the control, and a combo's filter
    if spec[0] == DYNAMIC:
        chosen = next((one for one in options["options"] if one["key"] == value), {"inputs": {}})
        for inner, inner_spec in inputs_of({"input": chosen["inputs"]}).items():
            yield from _sent_by_one(f"{name}.{inner}", inner_spec, rest)


class _Canvas:
    """A workflow while it is read."""

    def __init__(self, workflow: Mapping[str, Any]) -> None:
        self.nodes = {node["id"]: node for node in workflow["nodes"]}
        self.links = {link[0]: link for link in workflow["links"]}

    def is_run(self, node: Mapping[str, Any]) -> bool:
        """Whether the server gets this node."""
        return node["type"] not in VIRTUAL and node.get("mode", 0) not in (MUTED, BYPASSED)

    def origin(self, link_id: int, taken: str) -> Any:
        """Where a link comes from: `[node id, output]`, a primitive's value, or None.

        Reroutes and bypassed nodes pass on what comes in; muted nodes give nothing.
        """
        _, node_id, slot, *_ = self.links[link_id]
        node = self.nodes[node_id]
        if node["type"] == "PrimitiveNode":
            return node["widgets_values"][0]
        if node["type"] == "Reroute":
            return self._behind(node, 0, taken)
        if node.get("mode", 0) == BYPASSED:
            index = passed_on(node, slot, taken)
            return None if index is None else self._behind(node, index, taken)
        return [str(node_id), slot] if self.is_run(node) else None

    def _behind(self, node: Mapping[str, Any], slot: int, taken: str) -> Any:
        link = node["inputs"][slot].get("link")
        return None if link is None else self.origin(link, taken)


def passed_on(node: Mapping[str, Any], slot: int, taken: str) -> int | None:
    """The input that a bypassed node passes on: the one opposite, or the first of the type."""
    types: Sequence[str] = [entry["type"] for entry in node.get("inputs") or []]
    given = node["outputs"][slot]["type"]
    fits = [types_meet(each, given) and types_meet(each, taken) for each in types]
    if slot < len(types) and fits[slot]:
        return slot
    if taken in types:
        return types.index(taken)
    return fits.index(True) if True in fits else None
