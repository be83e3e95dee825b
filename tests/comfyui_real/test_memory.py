"""What is kept between runs is given back when the real ComfyUI unloads the model."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.comfyui_real.prompts import Graph

ODD_PACK = Path(__file__).with_name("odd_pack.py")
FEATURES_BYTES = 3 * 2**20
"""Of a still at least; nothing else that is kept of it is as large."""
WORKER_S = 20
"""Within which the server does what /free asks for."""


@pytest.fixture
def server(new_server):
    made = new_server()
    made.add_pack("liveportrait-suite", copy=True)
    place = made.base / "custom_nodes" / "odd"
    place.mkdir()
    shutil.copyfile(ODD_PACK, place / "__init__.py")
    return made.start()


def test_features_go_when_the_model_is_unloaded_and_come_back(server):
    info = server.object_info()

    def kept(turn):
        graph = Graph(info)
        graph.add("OddKept", model=graph.add("LPS_LoadModel"), turn=turn)
        return int(server.queue(graph.prompt).ok().outputs["OddKept"]["text"][0])

    def animate(gain):
        graph = Graph(info)
        model = graph.add("LPS_LoadModel")
        made = graph.add(
            "LPS_AnimatePortrait",
            model=model,
            source=graph.add("LoadImage", image="portrait.png"),
            driving=graph.add("LPS_Expression", model=model, smile=1.0),
            gain=gain,
        )
        graph.add("PreviewImage", images=made)
        server.queue(graph.prompt).ok()

    animate(1.0)
    before = kept(1)
    assert before > FEATURES_BYTES
    server.post("/free", {"unload_models": True})
    deadline = time.monotonic() + WORKER_S
    turn = 2
    while (after := kept(turn)) == before and time.monotonic() < deadline:
        turn += 1
    assert after < before - FEATURES_BYTES
    animate(0.5)
    assert kept(turn + 1) == before
