"""Every workflow that ships runs in the real server, and is offered in the template browser."""

from __future__ import annotations

import json
import urllib.parse
from functools import cache

import numpy as np
import pytest
from PIL import Image

from tests.comfyui_real.conftest import NUM_FRAMES, WORKFLOW_FPS
from tests.comfyui_real.conftest import WORKFLOW_PACK_FOLDER as FOLDER
from tests.comfyui_real.prompts import prompt_of
from tests.comfyui_real.server import ROOT
from tests.comfyui_real.videos import change, read_video
from tools.workflows import drawings

WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
REBUILT = sorted((ROOT / "docs" / "migration").glob("*.json"))
"""Examples of older packs; not offered as templates."""
SOUND_S = {
    "Edit a video with a clip": NUM_FRAMES / WORKFLOW_FPS,
    "KJ video to video": NUM_FRAMES / WORKFLOW_FPS,
    "Speech over the motion of a clip": NUM_FRAMES / WORKFLOW_FPS,
    "Talking portrait with sound": 4.16,  # of the file, in whole frames
}
"""Seconds of sound in what a workflow saves; the others are silent."""


@pytest.fixture(scope="module")
def server(workflow_server):
    return workflow_server


@pytest.fixture(scope="module")
def info(server):
    return server.object_info()


def named(workflows):
    return [pytest.param(file, id=file.stem) for file in workflows]


@pytest.fixture(scope="module")
def run_of(server, info):
    """Gives the prompt and the run of a workflow; each is run once."""

    @cache
    def run(file):
        prompt = prompt_of(json.loads(file.read_text("ascii")), info)
        return prompt, server.queue(prompt, timeout_s=600).ok()

    return run


@pytest.mark.parametrize("file", named(WORKFLOWS + REBUILT))
def test_a_workflow_runs_and_what_it_saves_moves(server, run_of, file):
    files = run_of(file)[1].files()
    assert files
    for path in map(server.path, files):
        if path.suffix == ".mp4":
            frames = read_video(path).frames
            assert len(frames) > 1
            assert change(frames).mean() > 0.02, "a video that stands still"
        elif path.suffix == ".png":
            assert np.asarray(Image.open(path)).std() > 1, "an empty picture"


@pytest.mark.parametrize("file", named(WORKFLOWS + REBUILT))
def test_videos_keep_rate_length_and_sound_of_what_drives_them(server, run_of, file):
    prompt, run = run_of(file)
    loaded = {
        name
        for node in prompt.values()
        if node["class_type"] == "LoadVideo"
        for name in node["inputs"].values()
    }
    for one in run.files():
        if not one["filename"].endswith(".mp4"):
            continue
        video = read_video(server.path(one))
        assert video.fps == WORKFLOW_FPS
        if loaded & {"lps_driving.mp4", "lps_person.mp4"}:
            assert len(video.frames) == NUM_FRAMES
        if file.stem not in SOUND_S:
            assert video.sound is None
            continue
        assert np.abs(video.sound).max() > 0.1
        seconds = video.sound.shape[1] / video.sample_rate_hz
        assert seconds == pytest.approx(SOUND_S[file.stem], abs=0.05)  # 2 packets of AAC


def test_a_fresh_comfyui_takes_every_template_as_opened(new_server):
    fresh = new_server()
    fresh.add_pack(FOLDER, copy=True)
    with fresh:
        info = fresh.object_info()
        for file in WORKFLOWS:
            queued = fresh.submit(prompt_of(json.loads(file.read_text("ascii")), info))
            assert isinstance(queued, str), (file.stem, queued.errors)
            fresh.interrupt()
            fresh.wait(queued)


def test_the_template_browser_offers_every_workflow(server):
    offered = server.get("/workflow_templates")[FOLDER]
    assert sorted(offered) == [file.stem for file in WORKFLOWS]


@pytest.mark.parametrize("file", named(WORKFLOWS))
def test_the_template_browser_gets_the_workflow_and_its_picture(server, file):
    place = f"/api/workflow_templates/{FOLDER}/{urllib.parse.quote(file.stem)}"
    assert server.get(f"{place}.json") == json.loads(file.read_text("ascii"))
    picture = file.with_suffix(".jpg")
    assert server.content(f"{place}.jpg") == picture.read_bytes()
    with Image.open(picture) as image:
        assert image.format == "JPEG"


def test_every_workflow_has_a_drawing_and_every_drawing_a_workflow():
    assert sorted(canvas.name for canvas in drawings()) == [file.stem for file in WORKFLOWS]


def test_every_node_has_its_help_page(server, info):
    for kind in (name for name in info if name.startswith("LPS_")):
        page = server.content(f"/extensions/{FOLDER}/docs/{kind}.md").decode("ascii")
        groups = info[kind]["input"]
        inputs = [*groups.get("required", {}), *groups.get("optional", {})]
        told = page.replace("<wbr>", "")
        assert not [name for name in inputs if f"**{name}**" not in told], kind


def test_every_node_is_named_in_english_and_another_language(server, info):
    told = server.get("/i18n")
    languages = [name for name in told if told[name].get("nodeDefs")]
    assert "en" in languages
    assert len(languages) > 1
    kinds = {name for name in info if name.startswith("LPS_")}
    for language in languages:
        assert kinds <= set(told[language]["nodeDefs"])
