"""Every workflow on the canvas of the real front end, in Chromium: dropped, run, seen.

COMFYUI_SCREENSHOTS names a folder that keeps the pictures; a person should look at them.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.comfyui_real.browser import HTML_NODES
from tests.comfyui_real.conftest import NUM_FRAMES
from tests.comfyui_real.conftest import WORKFLOW_PACK_FOLDER as FOLDER
from tests.comfyui_real.layouts import faults
from tests.comfyui_real.prompts import BYPASSED, prompt_of
from tests.comfyui_real.server import ROOT
from tests.comfyui_real.test_workflows import WORKFLOWS, named
from tests.comfyui_real.videos import DEMO, read_video

PORTRAIT = ROOT / "workflows" / "Portrait from a clip.json"
ANIMAL = ROOT / "workflows" / "Animal portrait.json"
STATUS = "$$node-text-preview"
"""The front end's name of the widget that shows what a node says."""
MINIMAP = "Comfy.Minimap.Visible"
SAVED_VIDEO = "SaveVideo"
CARD = """
    const named = (one) => one.innerText?.trim() === argument;
    const title = [...document.querySelectorAll("*")].filter(named).at(-1);
    let card = title;
    while (!card.querySelector("img")) card = card.parentElement;
"""
"""JavaScript: the card of the template browser with the title `argument`."""
NOT_SENT = ("video-preview", "audioUI", "$$canvas-image-preview", "upload")
"""Widgets of the front end that it puts into the prompt, and the server does not know."""


@pytest.fixture(scope="module")
def server(workflow_server):
    return workflow_server


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    chosen = os.environ.get("COMFYUI_SCREENSHOTS")
    return Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")


def ours(messages):
    """Errors on the page that come from our pack."""
    wrong = [one for one in messages if one["kind"] in {"error", "exception", "status"}]
    marks = ("LPS_", "LivePortrait", "liveportrait")
    return [one for one in wrong if any(mark in one["text"] + one["url"] for mark in marks)]


def sent(prompt):
    """A prompt without what differs between front ends and means nothing to the server."""
    return {
        node_id: (
            node["class_type"],
            {key: value for key, value in node["inputs"].items() if key not in NOT_SENT},
        )
        for node_id, node in prompt.items()
    }


@pytest.mark.parametrize("file", named(WORKFLOWS))
@pytest.mark.parametrize("html_nodes", [False, True], ids=["canvas", "html"])
def test_a_workflow_is_dropped_run_and_seen(server, browser, pictures, file, html_nodes):
    version = browser.open(server.url, {HTML_NODES: html_nodes, MINIMAP: False})
    if html_nodes and version.startswith("1.27."):
        pytest.skip("this front end's HTML nodes are an early experiment")
    browser.drop(file)
    browser.settle(2)
    picture = f"{version}-{'html' if html_nodes else 'canvas'}-{file.stem}"
    browser.screenshot(pictures / f"{picture}-1-opened.png")
    unknown = [node["type"] for node in browser.nodes() if not node["known"]]
    assert not unknown
    assert faults(browser.layout()) == []
    assert browser.complaints() == {"dialogs": [], "toasts": []}
    wanted = prompt_of(json.loads(file.read_text("ascii")), server.object_info())
    assert sent(browser.prompt()) == sent(wanted)

    assert browser.run(timeout_s=600)["kind"] == "execution_success"
    browser.settle(2)
    browser.screenshot(pictures / f"{picture}-2-run.png")
    assert faults(browser.layout()) == []
    nodes = browser.nodes()
    videos = [video for video in browser.videos() if "type=output" in video["source"]]
    assert len(videos) == sum(node["type"] == SAVED_VIDEO for node in nodes)
    assert all(video["visible"] and video["width"] and video["seconds"] > 0.3 for video in videos)
    seen = [node for node in nodes if node["type"] in {"PreviewImage", "SaveImage"}]
    assert videos or seen
    assert all(node["pictures"] for node in seen)
    if not html_nodes:
        working = [node for node in nodes if node["type"].startswith("LPS_Animate")]
        assert all(node["pictures"] for node in working), "no live preview on the node"
    assert not ours(browser.messages())


@pytest.mark.parametrize("html_nodes", [False, True], ids=["canvas", "html"])
def test_what_a_node_says_goes_when_it_runs_again(server, browser, html_nodes):
    version = browser.open(server.url, {HTML_NODES: html_nodes, MINIMAP: False})
    if html_nodes and version.startswith("1.27."):
        pytest.skip("this front end's HTML nodes are an early experiment")
    server.free()  # a node whose result is there says nothing
    browser.drop(ANIMAL)
    (finder,) = [node["id"] for node in browser.nodes() if node["type"] == "LPS_FindFaces"]

    def said():
        return browser.node(finder)["widgets"].get(STATUS)

    assert said() is None
    for _ in range(2):  # the second run finds all results there
        assert browser.run(timeout_s=600)["kind"] == "execution_success"
        assert said().startswith("1 face in 1 frame of ")
    version = browser.open(server.url, {HTML_NODES: html_nodes, MINIMAP: False})
    browser.drop(ANIMAL)
    assert said() is None
    assert browser.run(timeout_s=600)["kind"] == "execution_success"
    if not version.startswith("1.27."):  # that version's server says nothing of a kept result
        assert said().startswith("1 face in 1 frame of ")
    browser.set(finder, box="1, 2, 3")
    assert browser.run()["kind"] == "execution_error"
    assert said() is None
    assert not ours(browser.messages())


def test_a_newcomer_drops_a_photo_and_a_clip_and_sees_the_portrait_move(
    server, browser, pictures, tmp_path
):
    version = browser.open(server.url, {HTML_NODES: False})
    photo, clip = tmp_path / "me.jpg", tmp_path / "dance.mp4"
    photo.write_bytes((DEMO / "portrait.jpg").read_bytes())
    clip.write_bytes((server.base / "input" / "lps_person.mp4").read_bytes())
    browser.drop(PORTRAIT)
    browser.fit()
    loaders = {node["type"]: node["id"] for node in browser.nodes()}
    browser.drop(photo, node=loaders["LoadImage"])
    browser.drop(clip, node=loaders["LoadVideo"])
    assert browser.node(loaders["LoadImage"])["widgets"]["image"] == "me.jpg"
    assert browser.node(loaders["LoadVideo"])["widgets"]["file"] == "dance.mp4"
    assert browser.run(timeout_s=600)["kind"] == "execution_success"
    browser.screenshot(pictures / f"{version}-newcomer.png")
    (video,) = [video for video in browser.videos() if "type=output" in video["source"]]
    assert video["visible"]
    assert video["seconds"] == pytest.approx(NUM_FRAMES / 25, abs=0.1)


def test_the_help_of_a_node_is_shown_beside_it(server, browser, pictures):
    version = browser.open(server.url, {HTML_NODES: False})
    browser.drop(PORTRAIT)
    browser.fit()
    (loader,) = [node["id"] for node in browser.nodes() if node["type"] == "LPS_LoadModel"]
    browser.select(loader)
    browser.click('[data-testid="info-button"]')
    browser.settle(2)
    browser.screenshot(pictures / f"{version}-help.png")
    page = (ROOT / "web" / "docs" / "LPS_LoadModel.md").read_text("ascii")
    sentence = re.split(r"[`.:]", page)[0].replace("\n", " ")
    assert sentence in " ".join(browser.text().split())


def test_the_template_browser_shows_our_workflows_with_their_pictures(server, browser, pictures):
    version = browser.open(server.url, {HTML_NODES: False})
    browser.command("Comfy.BrowseTemplates")
    browser.evaluate(
        '[...document.querySelectorAll(\'button, [role="menuitem"], [role="option"], li, span\')]'
        ".filter((one) => one.innerText?.trim().toLowerCase() === argument).at(-1)?.click()",
        FOLDER,
    )
    browser.settle(2)
    browser.screenshot(pictures / f"{version}-templates.png")
    text = browser.text()
    assert not [file.stem for file in WORKFLOWS if file.stem not in text]
    for file in WORKFLOWS:
        browser.evaluate(f"{CARD} title.scrollIntoView({{ block: 'center' }})", file.stem)
        browser.settle(1)  # front end 1.27 holds the pictures that are in sight, and no others
        source, width = browser.evaluate(
            f"{CARD} const {{ src, naturalWidth }} = card.querySelector('img');"
            "return [src, naturalWidth]",
            file.stem,
        )
        assert width == 512, file.stem
        # a front end that caches pictures shows them as blobs
        assert f"workflow_templates/{FOLDER}" in source or source.startswith("blob:")


@pytest.mark.parametrize("html_nodes", [False, True], ids=["canvas", "html"])
@pytest.mark.parametrize(
    ("name", "title", "num_frames"),
    [
        ("Portrait from a clip", "Animate Portrait (video file)", 1),
        ("Edit a video with a clip", "Animate Portrait (video file)", NUM_FRAMES),
        ("Several people", "Animate the right one", NUM_FRAMES),
        ("Several people", "Animate the left one", NUM_FRAMES),
    ],
)
def test_a_bypassed_node_gives_what_it_would_paint_into(
    server, browser, name, title, num_frames, html_nodes
):
    version = browser.open(server.url, {HTML_NODES: html_nodes})
    if html_nodes and version.startswith("1.27."):
        pytest.skip("this front end's HTML nodes are an early experiment")
    browser.drop(ROOT / "workflows" / f"{name}.json")
    node_id = browser.node(title)["id"]
    browser.select(node_id)
    browser.command("Comfy.Canvas.ToggleSelectedNodes.Bypass")
    mode = f"return app.graph._nodes.find((one) => String(one.id) === '{node_id}').mode"
    assert browser.evaluate(mode) == BYPASSED
    sent = browser.prompt()[node_id]["inputs"]
    assert not {"driving", "faces", "options"} & set(sent)
    assert browser.run(timeout_s=600)["kind"] == "execution_success"
    assert browser.evaluate(mode) == BYPASSED
    run = server.get("/history")
    files = [file for one in run.values() for file in _saved(one)]
    saved = read_video(server.path(files[-1]))
    assert len(saved.frames) == num_frames
    kept = next(node for node in browser.workflow()["nodes"] if str(node["id"]) == node_id)
    assert kept["mode"] == BYPASSED
    assert not ours(browser.messages())


def _saved(entry):
    outputs = entry["outputs"].values()
    shown = [file for output in outputs for files in output.values() for file in files]
    return [file for file in shown if isinstance(file, dict) and file.get("type") == "output"]
