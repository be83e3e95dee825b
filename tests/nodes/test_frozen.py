"""Saved workflows go on working: the graph grows at its ends, and nowhere else."""

import json
from copy import deepcopy

import pytest

from tests.nodes.frozen import FILE, HOW_TO_UPDATE, broken, graph_of
from tests.support.comfyui.stand_in import on_both_versions

SAVED = json.loads(FILE.read_text("ascii"))


@on_both_versions
def test_the_graph_is_the_one_that_workflows_rely_on(comfyui):
    comfyui.import_pack()
    now = graph_of(comfyui.object_info())
    faults = broken(SAVED, now)
    assert not faults, "\n".join([*faults, HOW_TO_UPDATE])
    assert now == SAVED, "It only grew. Run python -m tests.nodes.frozen to keep what is new."


def changed(change):
    graph = deepcopy(SAVED)
    change(graph)
    return graph


def inputs(graph, node="LPS_CropFace"):
    return graph[node]["inputs"]


def named(graph, name, node="LPS_CropFace"):
    return next(one for one in inputs(graph, node) if one["name"] == name)


def renamed(graph):
    graph["LPS_Cropper"] = graph.pop("LPS_CropFace")


def moved(graph):
    """Another order of the menu."""
    last = dict(graph)
    graph.clear()
    graph.update({"LPS_MotionInfo": last.pop("LPS_MotionInfo"), **last})


WIDGET = {"name": "strength", "type": "FLOAT", "optional": True, "widget": 9, "default": 0.0}
BREAKING = {
    "a node is gone": lambda graph: graph.pop("LPS_Stitch"),
    "a node is renamed": renamed,
    "a node comes first": moved,
    "an input is gone": lambda graph: inputs(graph).pop(2),
    "the last input is gone": lambda graph: inputs(graph).pop(),
    "an input is renamed": lambda graph: named(graph, "scale").update(name="zoom"),
    "widgets change places": lambda graph: inputs(graph).insert(3, inputs(graph).pop(4)),
    "an input comes in between": lambda graph: inputs(graph).insert(3, WIDGET),
    "a socket becomes a widget": lambda graph: named(graph, "faces").update(widget=9),
    "a type changes": lambda graph: named(graph, "scale").update(type="INT"),
    "a type is taken back": lambda graph: named(graph, "images").update(type="IMAGE"),
    "a default changes": lambda graph: named(graph, "scale").update(default=1.0),
    "an optional input is wanted": lambda graph: named(graph, "faces").update(optional=False),
    "a new input is wanted": lambda graph: inputs(graph).append({**WIDGET, "optional": False}),
    "a value is gone": lambda graph: named(graph, "role")["choices"].pop(),
    "a value is renamed": lambda graph: named(graph, "role").update(choices=["source", "drive"]),
    "a value comes first": lambda graph: named(graph, "role")["choices"].insert(0, "both"),
    "a value of less": lambda graph: named(graph, "scale").update(max=4.0),
    "a least value of more": lambda graph: named(graph, "scale").update(min=0.5),
    "an output is gone": lambda graph: graph["LPS_CropFace"]["outputs"].pop(),
    "outputs change places": lambda graph: graph["LPS_CropFace"]["outputs"].reverse(),
    "an output changes its type": lambda graph: graph["LPS_CropFace"]["outputs"][0].update(
        type="MASK"
    ),
    "a shipped motion is gone": lambda graph: named(graph, "motion_file", "LPS_LoadMotion")[
        "choices"
    ].pop(0),
}


@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_a_workflow_is_found(change):
    faults = broken(SAVED, changed(BREAKING[change]))
    assert faults
    assert all(fault.startswith(("LPS_", "new nodes stand last")) for fault in faults)


GROWING = {
    "a node at the end": lambda graph: graph.update(LPS_New={"inputs": [], "outputs": []}),
    "an optional input at the end": lambda graph: inputs(graph).append(WIDGET),
    "an output at the end": lambda graph: graph["LPS_CropFace"]["outputs"].append(
        {"name": "fps", "type": "FLOAT"}
    ),
    "a value at the end": lambda graph: named(graph, "role")["choices"].append("both"),
    "wider bounds": lambda graph: named(graph, "scale").update(min=-1.0, max=9.0),
    "a motion among the shipped ones": lambda graph: named(graph, "motion_file", "LPS_LoadMotion")[
        "choices"
    ].insert(1, "kiss (shipped)"),
    "a wanted socket may be left out": lambda graph: inputs(graph).append(
        {**inputs(graph).pop(0), "optional": True}
    ),
    "a socket takes another type as well": lambda graph: named(graph, "images").update(
        type="IMAGE,VIDEO,MASK"
    ),
    "nothing": lambda graph: None,
}


@pytest.mark.parametrize("change", GROWING)
def test_growing_breaks_nothing(change):
    assert not broken(SAVED, changed(GROWING[change]))
