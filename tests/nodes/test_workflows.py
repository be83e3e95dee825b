"""Every workflow that ships fits the nodes; tests/comfyui_real runs them in ComfyUI."""

from __future__ import annotations

import json

import pytest

from tests.support.comfyui.stand_in import ROOT, comfyui, on_both_versions
from tests.support.object_info import (
    choices_of,
    has_widget,
    inputs_of,
    options_of,
    types_meet,
)
from tools.blueprints import BLUEPRINTS, FOLDER, written

__all__ = ["comfyui"]

FOLDERS = (ROOT / "workflows", ROOT / "docs" / "migration")
WORKFLOWS = sorted(file for folder in FOLDERS for file in folder.glob("*.json"))
OWN = "LPS_"
AFTER_RUN = "control_after_generate"
OWN_TYPES = ("LIVEPORTRAIT_", "IMAGE", "MASK", "VIDEO", "AUDIO", "BOUNDING_BOX")


def test_there_are_workflows():
    assert len(list(FOLDERS[0].glob("*.json"))) == 13


@pytest.fixture
def info(comfyui):
    comfyui.import_pack()
    return comfyui.object_info()


def our_nodes(workflow):
    return [node for node in workflow["nodes"] if node["type"].startswith(OWN)]


def saved_names(widgets):
    """What a saved workflow has values of; front ends put one of their own after a seed."""
    return [each for name in widgets for each in ([name, AFTER_RUN] if name == "seed" else [name])]


def allowed(spec, value):
    """Whether the server takes the value of a widget."""
    options, choices = options_of(spec), choices_of(spec)
    if choices is not None:
        return value in choices
    if "min" in options:
        return options["min"] <= value <= options["max"]
    return isinstance(value, bool if spec[0] == "BOOLEAN" else str)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
@on_both_versions
def test_the_nodes_of_a_workflow_are_ours_as_they_are(info, file):
    nodes = our_nodes(json.loads(file.read_text("utf-8")))
    assert nodes
    for node in nodes:
        entry = info[node["type"]]
        specs = inputs_of(entry)
        widgets = {name: spec for name, spec in specs.items() if has_widget(spec)}
        values = dict(zip(saved_names(widgets), node.get("widgets_values", ()), strict=True))
        assert values.pop(AFTER_RUN, "fixed") == "fixed", "each run would render all anew"
        wrong = {name: value for name, value in values.items() if not allowed(specs[name], value)}
        assert not wrong, node["type"]
        for slot in node["inputs"]:
            assert slot["type"] == specs[slot["name"]][0], (node["type"], slot)
        outputs = [(slot["name"], slot["type"]) for slot in node["outputs"]]
        assert outputs == list(zip(entry["output_name"], entry["output"], strict=True))
        required = entry["input"]["required"].keys() - widgets.keys()
        linked = {slot["name"] for slot in node["inputs"] if slot["link"] is not None}
        assert required <= linked, node["type"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_the_links_of_a_workflow_are_those_of_its_nodes(file):
    workflow = json.loads(file.read_text("utf-8"))
    nodes = {node["id"]: node for node in workflow["nodes"]}
    links = {link[0]: link[1:] for link in workflow["links"]}
    assert len(nodes) == len(workflow["nodes"])
    assert len(links) == len(workflow["links"])
    for link, (origin, output, target, slot, _) in links.items():
        gives, takes = nodes[origin]["outputs"][output], nodes[target]["inputs"][slot]
        assert link in gives["links"]
        assert takes["link"] == link
        assert types_meet(gives["type"], takes["type"]), (gives, takes)
    ends = [slot["link"] for node in nodes.values() for slot in node.get("inputs", ())]
    assert {link for link in ends if link is not None} == links.keys()


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda one: one.name)
def test_a_blueprint_is_made_of_its_workflow(blueprint):
    file = FOLDER / f"{blueprint.name}.json"
    assert file.read_text("ascii") == written(blueprint), "run python -m tools.blueprints"


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda one: one.name)
@on_both_versions
def test_a_blueprint_shows_widgets_that_its_nodes_have(info, blueprint):
    made = blueprint.made()
    (part,) = made["definitions"]["subgraphs"]
    kinds = {str(node["id"]): node["type"] for node in part["nodes"]}
    for node, name in made["nodes"][0]["properties"]["proxyWidgets"]:
        assert has_widget(inputs_of(info[kinds[node]])[name])
    ends = {(link["target_id"], link["target_slot"]) for link in part["links"]}
    assert len(ends) == len(part["links"])
