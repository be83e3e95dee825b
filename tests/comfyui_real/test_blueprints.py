"""Subgraph blueprints: listed, placed on the canvas, and run there as one node."""

from __future__ import annotations

import pytest

from tests.comfyui_real.browser import HTML_NODES
from tests.comfyui_real.test_canvas import MINIMAP, ours
from tools.blueprints import BLUEPRINTS, FOLDER

FILES = {
    "source": ("LoadImage", "image", "lps_portrait.jpg"),
    "driving": ("LoadVideo", "file", "lps_driving.mp4"),
    "audio": ("LoadAudio", "audio", "lps_speech.mp3"),
}
"""What an input of each name is given: a loader, its widget, and a file."""
SAVED = {"images": "PreviewImage", "video": "SaveVideo"}
CONNECT = """
    const [files, saved] = argument;
    const [node] = app.graph._nodes;
    const add = (type) => {
        const made = LiteGraph.createNode(type);
        app.graph.add(made);
        return made;
    };
    node.inputs.forEach((slot, index) => {
        if (!files[slot.name]) return;
        const [type, widget, file] = files[slot.name];
        const loader = add(type);
        loader.widgets.find((one) => one.name === widget).value = file;
        loader.connect(0, node, index);
    });
    node.connect(0, add(saved[node.outputs[0].name]), 0);
    return node.inputs.filter((slot) => slot.link != null).map((slot) => slot.name);
"""


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda one: one.name)
def test_a_blueprint_is_listed_placed_and_run(workflow_server, browser, blueprint):
    listed = workflow_server.get("/global_subgraphs") if _lists(workflow_server) else None
    version = browser.open(workflow_server.url, {HTML_NODES: False, MINIMAP: False})
    if listed is None:
        pytest.skip(f"ComfyUI of front end {version} lists no blueprints")
    assert blueprint.name in {entry["name"] for entry in listed.values()}
    browser.drop(FOLDER / f"{blueprint.name}.json")
    (node,) = browser.nodes()
    assert node["title"] == blueprint.name
    assert node["widgets"].keys() >= {name for _, name in blueprint.shown}
    ends = blueprint.made()["nodes"][0]["inputs"]
    wanted = [end["name"] for end in ends if end["name"] in FILES]
    taken = browser.evaluate(CONNECT, [FILES, SAVED])
    assert [name for name in taken if name in FILES] == wanted
    assert browser.run(timeout_s=600)["kind"] == "execution_success"
    assert not ours(browser.messages())


def _lists(server):
    info = server.get("/system_stats")["system"]["comfyui_version"]
    return tuple(int(part) for part in info.split(".")[:2]) >= (0, 33)
