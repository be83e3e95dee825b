"""From a workflow on the canvas (UI format 0.4) to the prompt that the server runs.

`prompt_of` is strict: what a front end would mend or leave out in silence is an error here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .checks import ObjectInfo, Problem, Prompt, check_node, check_structure, types_meet
from .widgets import UPLOADS, WidgetError, inputs_of, options_of, read

MUTED, BYPASSED = 2, 4
NOTES = ("Note", "MarkdownNote")
VIRTUAL = ("Reroute", "PrimitiveNode", *NOTES)
"""Nodes of the front end, which the server never sees."""


class WorkflowError(ValueError):
    """The workflow is not one that a front end would write, or the server would refuse it."""


def object_info(nodes: Mapping[str, type]) -> dict[str, dict[str, Any]]:
    """What the server answers to /object_info for these node classes, old or new style."""
    told = {name: info_of(name, node) for name, node in nodes.items()}
    return json.loads(json.dumps(told))


def info_of(name: str, node: Any) -> dict[str, Any]:
    """The entry of one node."""
    if hasattr(node, "GET_NODE_INFO_V1"):
        return node.GET_NODE_INFO_V1()
    inputs = node.INPUT_TYPES()
    return {
        "input": inputs,
        "input_order": {group: list(names) for group, names in inputs.items()},
        "output": list(node.RETURN_TYPES),
        "output_is_list": list(getattr(node, "OUTPUT_IS_LIST", [False] * len(node.RETURN_TYPES))),
        "output_name": list(getattr(node, "RETURN_NAMES", node.RETURN_TYPES)),
        "name": name,
        "display_name": getattr(node, "DISPLAY_NAME", name),
        "description": getattr(node, "DESCRIPTION", ""),
        "python_module": getattr(node, "RELATIVE_PYTHON_MODULE", "nodes"),
        "category": getattr(node, "CATEGORY", "sd"),
        "output_node": getattr(node, "OUTPUT_NODE", False),
    }


def prompt_of(workflow: Mapping[str, Any], info: ObjectInfo) -> Prompt:
    """The prompt of a workflow, checked against /object_info.

    Raises:
        WorkflowError: another format, a node or link that does not fit, or a value that the
            server would refuse. All problems are listed.
    """
    return Canvas(workflow, info).prompt()


class Canvas:
    """A workflow while it is read."""

    def __init__(self, workflow: Mapping[str, Any], info: ObjectInfo) -> None:
        if workflow.get("version") != 0.4:
            raise WorkflowError(f"The workflow's version is {workflow.get('version')}, not 0.4.")
        if workflow.get("definitions", {}).get("subgraphs"):
            raise WorkflowError("The workflow has subgraphs, which are not supported here.")
        self.info = info
        self.nodes = {node["id"]: node for node in workflow["nodes"]}
        self.links = {link[0]: link for link in workflow["links"]}
        for kind, found, listed in (
            ("nodes", self.nodes, workflow["nodes"]),
            ("links", self.links, workflow["links"]),
        ):
            if len(found) != len(listed):
                raise WorkflowError(f"Two {kind} have the same id.")

    def prompt(self) -> Prompt:
        """Reads, then checks as the server would."""
        problems = [*self.check_links(), *self.check_kinds()]
        refuse(problems)
        prompt: Prompt = {}
        for node in self.nodes.values():
            if self.is_run(node):
                try:
                    prompt[str(node["id"])] = self.read(node)
                except WidgetError as error:
                    problems.append(self.problem(node, "widgets_values", str(error)))
        refuse(problems)
        refuse(check_structure(prompt, self.info))
        for node_id, node in prompt.items():
            specs = inputs_of(self.info[node["class_type"]])
            files = [
                name
                for name, spec in specs.items()
                if any(options_of(spec).get(flag) for flag in (*UPLOADS, "audio_upload"))
            ]
            problems += check_node(node_id, prompt, self.info, unchecked=files)
        refuse(problems)
        return prompt

    def is_run(self, node: Mapping[str, Any]) -> bool:
        """Whether the server gets this node."""
        return node["type"] not in VIRTUAL and node.get("mode", 0) not in (MUTED, BYPASSED)

    def problem(self, node: Mapping[str, Any], kind: str, details: str) -> Problem:
        return Problem(str(node["id"]), node["type"], kind, details)

    def check_kinds(self) -> list[Problem]:
        """Nodes that nobody has, and inputs that the nodes do not have."""
        problems = []
        for node in self.nodes.values():
            if node["type"] in VIRTUAL:
                continue
            if node["type"] not in self.info:
                problems.append(self.problem(node, "missing_node_type", "no such node"))
                continue
            known = {*inputs_of(self.info[node["type"]]), "upload", "audioUI"}
            for slot in node.get("inputs") or []:
                name = slot["name"]
                if name.split(".")[0] not in known:
                    problems.append(self.problem(node, "unknown_input", name))
                elif slot.get("widget") and slot["widget"]["name"] != name:
                    problems.append(self.problem(node, "wrong_widget", f"{name}: {slot['widget']}"))
            outputs = len(self.info[node["type"]]["output"])
            if len(node.get("outputs") or []) > outputs:
                problems.append(self.problem(node, "unknown_output", f"it has {outputs} outputs"))
        return problems

    def check_links(self) -> list[Problem]:
        """The list of links and the slots of the nodes must tell the same."""
        told = set()
        for node in self.nodes.values():
            for slot, entry in enumerate(node.get("inputs") or []):
                if entry.get("link") is not None:
                    told.add((entry["link"], "in", node["id"], slot))
            for slot, entry in enumerate(node.get("outputs") or []):
                told |= {(link, "out", node["id"], slot) for link in entry.get("links") or []}
        listed = {(link[0], "out", link[1], link[2]) for link in self.links.values()}
        listed |= {(link[0], "in", link[3], link[4]) for link in self.links.values()}
        return [
            Problem(str(node_id), "", "link_mismatch", f"link {link}, {side}put {slot}")
            for link, side, node_id, slot in sorted(told ^ listed, key=str)
        ]

    def read(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """A node as the server gets it."""
        values = node.get("widgets_values") or []
        if not isinstance(values, list):
            raise WidgetError(f"widgets_values is a {type(values).__name__}, not a list")
        inputs: dict[str, Any] = {}
        for widget, value in read(self.info[node["type"]], values):
            if widget.is_sent:
                inputs[widget.name] = {"__value__": value} if isinstance(value, list) else value
        for slot in node.get("inputs") or []:
            if slot.get("link") is None:
                continue
            found = self.origin(slot["link"], slot.get("type", "*"))
            if found is None:
                inputs.pop(slot["name"], None)
            else:
                inputs[slot["name"]] = found
        title = node.get("title") or self.info[node["type"]]["display_name"] or node["type"]
        return {"inputs": inputs, "class_type": node["type"], "_meta": {"title": title}}

    def origin(self, link_id: int, wanted: str) -> Any:
        """Where a link comes from: `[node id, output]`, a primitive's value, or None.

        Reroutes are looked through, and so are bypassed nodes; muted nodes give nothing.
        """
        _, node_id, slot, *_ = self.links[link_id]
        node = self.nodes[node_id]
        if node["type"] == "PrimitiveNode":
            return node["widgets_values"][0]
        if node["type"] == "Reroute":
            return self.behind(node, 0, wanted)
        if node.get("mode", 0) == BYPASSED:
            index = self.bypass(node, slot, wanted)
            return None if index is None else self.behind(node, index, wanted)
        return [str(node_id), slot] if self.is_run(node) else None

    def behind(self, node: Mapping[str, Any], slot: int, wanted: str) -> Any:
        """What comes into a node that only passes on."""
        link = node["inputs"][slot].get("link")
        return None if link is None else self.origin(link, wanted)

    def bypass(self, node: Mapping[str, Any], slot: int, wanted: str) -> int | None:
        """The input that a bypassed node passes on: the one opposite, or the first of the type."""
        types = [entry["type"] for entry in node.get("inputs") or []]
        given = node["outputs"][slot]["type"]
        fits = [types_meet(each, given) and types_meet(each, wanted) for each in types]
        if slot < len(types) and fits[slot]:
            return slot
        if wanted in types:
            return types.index(wanted)
        return fits.index(True) if True in fits else None


def refuse(problems: list[Problem]) -> None:
    """Raises when there is something to tell."""
    if problems:
        raise WorkflowError("\n".join(str(problem) for problem in problems))
