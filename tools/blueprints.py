"""Makes the subgraph blueprints: our nodes of a workflow as one node, without its files.

python -m tools.blueprints

writes `subgraphs/<name>.json`, which newer front ends list under Subgraph Blueprints.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.comfyui.stand_in import ROOT

FOLDER = ROOT / "subgraphs"
OWN = "LPS_"
IN, OUT = -10, -20
"""Ids of a subgraph's own two ends; the front end's."""
EDGE = 200
"""Between its ends and its nodes, pixels."""
ROW = 20
SIZE = (280, 200)
Workflow = dict[str, Any]


@dataclass(frozen=True)
class Blueprint:
    """What becomes of a workflow."""

    name: str
    workflow: str
    description: str
    shown: Sequence[tuple[str, str]]
    """Widgets that the one node has: the class of the inner node, and the widget's name."""
    values: Mapping[str, object] = field(default_factory=dict)
    """Of widgets that the workflow has other values of."""

    def made(self) -> Workflow:
        """A workflow of the one node."""
        file = ROOT / "workflows" / f"{self.workflow}.json"
        return wrapped(json.loads(file.read_text("ascii")), self)


BLUEPRINTS = (
    Blueprint(
        "LivePortrait from a clip",
        "Portrait from a clip",
        "Moves a portrait as the person in a clip moves.",
        [
            *(("LPS_AnimateVideo", name) for name in ("region", "motion_mode", "gain")),
            *(("LPS_AnimateVideo", name) for name in ("face_index", "sound")),
            ("LPS_LoadModel", "model_name"),
        ],
    ),
    Blueprint(
        "LivePortrait expression",
        "Expression editor",
        "Changes the expression of a face by a preset, by words and by sliders.",
        [
            *(("LPS_ExpressionEditor", name) for name in ("preset", "words", "face_index")),
            *(("LPS_ExpressionEditor", name) for name in ("pitch_deg", "yaw_deg", "roll_deg")),
            ("LPS_LoadModel", "model_name"),
        ],
        {"smile_left": 0, "smile_right": 0, "yaw_deg": 0},
    ),
    Blueprint(
        "LivePortrait talking",
        "Talking portrait with sound",
        "Makes a portrait say what is heard.",
        [
            *(("LPS_SpeechToMotion", name) for name in ("amount", "life", "seed")),
            ("LPS_AnimateVideo", "face_index"),
            ("LPS_LoadModel", "model_name"),
        ],
    ),
)


def wrapped(workflow: Workflow, blueprint: Blueprint) -> Workflow:
    """Our nodes of a workflow as one node; what they got from others are its inputs."""
    nodes = {node["id"]: node for node in workflow["nodes"] if node["type"].startswith(OWN)}
    links = workflow["links"]
    inner = [_link(*link) for link in links if link[1] in nodes and link[3] in nodes]
    number = max(link[0] for link in links)
    inputs: dict[tuple[int, int], dict[str, Any]] = {}
    outputs: list[dict[str, Any]] = []
    for _, source, output, target, slot, kind in links:
        if target in nodes and source not in nodes:
            taken = nodes[target]["inputs"][slot]
            end = inputs.setdefault(
                (source, output), _end(blueprint, "in", taken["name"], taken["type"])
            )
            place = list(inputs).index((source, output))
            link = _link(number := number + 1, IN, place, target, slot, end["type"])
        elif source in nodes and target not in nodes:
            end = _end(blueprint, "out", nodes[source]["outputs"][output]["name"], kind)
            outputs.append(end)
            link = _link(number := number + 1, source, output, OUT, len(outputs) - 1, kind)
        else:
            continue
        end["linkIds"].append(link["id"])
        inner.append(link)
    part = _subgraph(blueprint, list(nodes.values()), inner, list(inputs.values()), outputs)
    return {
        "id": _id(blueprint, "workflow"),
        "revision": 0,
        "last_node_id": 1,
        "last_link_id": 0,
        "nodes": [_node(part, blueprint, nodes.values())],
        "links": [],
        "groups": [],
        "definitions": {"subgraphs": [part]},
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _subgraph(
    blueprint: Blueprint,
    nodes: Sequence[Workflow],
    links: Sequence[Workflow],
    inputs: Sequence[Workflow],
    outputs: Sequence[Workflow],
) -> Workflow:
    left = min(node["pos"][0] for node in nodes) - EDGE
    right = max(node["pos"][0] + node["size"][0] for node in nodes) + EDGE / 2
    top = min(node["pos"][1] for node in nodes)
    for ends, x in ((inputs, left + 100), (outputs, right + ROW)):
        for index, end in enumerate(ends):
            end["pos"] = [x, top + ROW * (index + 1)]
    return {
        "id": _id(blueprint, "subgraph"),
        "version": 1,
        "state": {
            "lastGroupId": 0,
            "lastNodeId": max(node["id"] for node in nodes),
            "lastLinkId": max(link["id"] for link in links),
            "lastRerouteId": 0,
        },
        "revision": 0,
        "config": {},
        "name": blueprint.name,
        "inputNode": {"id": IN, "bounding": [left, top, 120, ROW * (len(inputs) + 2)]},
        "outputNode": {"id": OUT, "bounding": [right, top, 120, ROW * (len(outputs) + 2)]},
        "inputs": list(inputs),
        "outputs": list(outputs),
        "widgets": [],
        "nodes": [_relinked(node, links, blueprint.values) for node in nodes],
        "groups": [],
        "links": list(links),
        "extra": {},
        "category": "LivePortrait",
        "description": blueprint.description,
    }


def _node(part: Workflow, blueprint: Blueprint, nodes: Any) -> Workflow:
    """The one node."""
    by_kind = {node["type"]: str(node["id"]) for node in nodes}
    keys = ("name", "type", "localized_name")
    return {
        "id": 1,
        "type": part["id"],
        "pos": [0, 0],
        "size": list(SIZE),
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [{**{key: end[key] for key in keys}, "link": None} for end in part["inputs"]],
        "outputs": [{**{key: end[key] for key in keys}, "links": []} for end in part["outputs"]],
        "title": blueprint.name,
        "properties": {"proxyWidgets": [[by_kind[kind], name] for kind, name in blueprint.shown]},
        "widgets_values": [],
    }


def _relinked(
    node: Workflow, links: Sequence[Mapping[str, Any]], values: Mapping[str, object]
) -> Workflow:
    """A node with the links of its slots in the subgraph, and with other values."""
    made = json.loads(json.dumps(node))
    for way, slots in (("target", made.get("inputs", ())), ("origin", made.get("outputs", ()))):
        for index, slot in enumerate(slots):
            place = (node["id"], index)
            found = [one["id"] for one in links if (one[f"{way}_id"], one[f"{way}_slot"]) == place]
            if way == "target":
                slot["link"] = found[0] if found else None
            else:
                slot["links"] = found
    made.pop("widgets_values_named", None)  # newer front ends alone write it
    names = [slot["widget"]["name"] for slot in made.get("inputs", ()) if "widget" in slot]
    if values.keys() & names:
        made["widgets_values"] = [
            values.get(name, value)
            for name, value in zip(names, made["widgets_values"], strict=True)
        ]
    return made


def _link(number: int, source: int, output: int, target: int, slot: int, kind: str) -> Workflow:
    ends = {"origin_id": source, "origin_slot": output, "target_id": target, "target_slot": slot}
    return {"id": number, **ends, "type": kind}


def _end(blueprint: Blueprint, way: str, name: str, kind: str) -> Workflow:
    """An input or an output of a subgraph."""
    about = {"id": _id(blueprint, f"{way} {name}"), "name": name, "type": kind}
    return {**about, "linkIds": [], "localized_name": name, "label": name}


def _id(blueprint: Blueprint, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{blueprint.name}: {what}"))


def written(blueprint: Blueprint) -> str:
    """The content of a file."""
    return json.dumps(blueprint.made(), indent=1, ensure_ascii=True) + "\n"


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for blueprint in BLUEPRINTS:
        file = FOLDER / f"{blueprint.name}.json"
        file.write_text(written(blueprint), "ascii")
        print(file)


if __name__ == "__main__":
    main()
