"""Every shipped workflow, node by node through the stand-in, on a tiny model."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from liveportrait_core.media.audio import Waveform
from liveportrait_core.media.images import write_image
from liveportrait_core.media.video import VideoWriter
from tests.nodes.suite import loaded, pixels
from tests.support.blobs import face_frame
from tests.support.comfyui.stand_in import ROOT, VERSIONS

FOLDERS = (ROOT / "workflows", ROOT / "docs" / "migration")
WORKFLOWS = sorted(file for folder in FOLDERS for file in folder.glob("*.json"))
SIZE = {"width": 400, "height": 300}
TWO = ((60, 100, 90), (230, 100, 90))
"""Squares of the pictures; a box drawn by hand in a workflow holds the second."""
NUM_FRAMES = 5
RATE_HZ = 48000
FPS = Fraction(30000, 1001)
LOADERS = {"LoadImage": "image", "LoadVideo": "file", "LoadAudio": "audio"}
RESULTS = {"SaveVideo", "PreviewImage", "SaveImage"}
TONE = np.sin(np.arange(RATE_HZ) / 20).astype(np.float32)[None] / 2


def shown(step: int = 0) -> np.ndarray:
    """A frame in which both squares walked to the right."""
    return face_frame(*((x + 2 * step, y, side) for x, y, side in TWO), **SIZE)


def write(path: Path, kind: str) -> None:
    """What a loader of a kind loads."""
    if kind == "LoadImage":
        write_image(path, shown())
        return
    waveform = Waveform(TONE, RATE_HZ)
    name = path.with_suffix(".mp4")
    with VideoWriter(name, FPS, waveform=waveform) as writer:
        for step in range(NUM_FRAMES):
            writer.write(shown(step))
    name.rename(path)


@pytest.fixture(scope="module", params=VERSIONS)
def ready(request, tmp_path_factory, model_file):
    """The suite in both versions, its default model the tiny one, every loader's file there."""
    base = tmp_path_factory.mktemp("workflows") / "ComfyUI"
    with (
        loaded(base, request.param, model_file) as suite,
        pytest.MonkeyPatch.context() as patch,
    ):
        layouts = suite.module("liveportrait_core.checkpoints.model_folders")
        patch.setattr(layouts, "DEFAULT_FILE", model_file)
        for workflow in WORKFLOWS:
            for node in json.loads(workflow.read_text("utf-8"))["nodes"]:
                if node["type"] in LOADERS:
                    write(suite.comfyui.input / node["widgets_values"][0], node["type"])
        yield suite


def test_there_are_workflows():
    assert len(list(FOLDERS[0].glob("*.json"))) == 8


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_runs_and_what_it_makes_moves(ready, file):
    workflow = json.loads(file.read_text("utf-8"))
    prompt = ready.comfyui.prompt_of(workflow)
    kinds = {node_id: node["class_type"] for node_id, node in prompt.items()}
    ours = {kind for kind in kinds.values() if kind.startswith("LPS_")}
    assert ours
    run = ready.comfyui.run(prompt, workflow=workflow).check()
    results = [node_id for node_id, kind in kinds.items() if kind in RESULTS]
    assert results
    for node_id in results:
        assert_moves(run, prompt[node_id], set(kinds.values()))


def assert_moves(run, node, kinds):
    """Frames that differ, or one picture that is not the source's."""
    name = "video" if node["class_type"] == "SaveVideo" else "images"
    maker, output = node["inputs"][name]
    made = run.outputs[maker][output]
    if not isinstance(made, torch.Tensor):
        heard = made.get_components()
        frames = pixels(heard.images)
        has_sound = bool(kinds & {"LoadVideo", "LoadAudio"})
        assert (heard.audio is not None) == has_sound
        # the clip's, or that of a shipped motion; Create Video takes it as a decimal number
        wanted = FPS if "LoadVideo" in kinds else Fraction(25)
        assert float(heard.frame_rate) == pytest.approx(float(wanted), abs=1e-6)
    else:
        frames = pixels(made)
    if len(frames) == 1:
        assert (frames[0][..., :3] != shown()).any()
        return
    changes = [int((one != two).any(-1).sum()) for one, two in pairwise(frames)]
    assert max(changes) > 0
