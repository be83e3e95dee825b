"""A long time in a real server: runs, cancels, other models and previews; memory goes back.

`LIVEPORTRAIT_SOAK_MINUTES=60` says how long; without it this is skipped.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
import urllib.error
from pathlib import Path

import pytest

from tests.comfyui_real.prompts import Graph, animate_video
from tests.comfyui_real.server import ROOT

MINUTES = float(os.environ.get("LIVEPORTRAIT_SOAK_MINUTES", "0"))
ROUND_S = 60
"""After so many seconds all is unloaded, and memory is looked at."""
SETTLED = 3
"""Rounds until all code and caches are in use."""
GROWTH = 1.1
"""What the memory of later rounds may be of that of the first settled ones."""
OTHER = "other.safetensors"
MODEL_WIDGETS = ("model_name", "precision", "face_finder")
"""Of Load Model, what previews are asked with."""
DEFAULT = ROOT / "liveportrait_core" / "assets" / "weights" / "default.safetensors"

pytestmark = pytest.mark.skipif(not MINUTES, reason="LIVEPORTRAIT_SOAK_MINUTES is not set")


@pytest.fixture
def server(new_server):
    made = new_server()
    made.add_pack("liveportrait-suite", copy=True)
    folder = made.base / "models" / "liveportrait"
    folder.mkdir(parents=True)
    shutil.copyfile(DEFAULT, folder / OTHER)
    return made.start()


def resident_mib(server):
    status = Path(f"/proc/{server.process_id}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


class Users:
    """What several people do at once, by a seed."""

    def __init__(self, server, seed=0):
        self._server, self._random = server, random.Random(seed)  # noqa: S311 - which of us does what
        self._info = server.object_info()
        offered = self._info["LPS_LoadModel"]["input"]["required"]["model_name"][1]["options"]
        self._models = [name for name in offered if name in ("default", OTHER)]
        assert len(self._models) == 2
        self.done = {"runs": 0, "cancels": 0, "previews": 0, "refusals": 0}

    def act(self):
        chance = self._random.random()
        if chance < 0.3:
            self._run()
        elif chance < 0.4:
            self._cancel()
        elif chance < 0.95:
            self._preview()
        else:
            self._refused()

    def _graph(self):
        graph = Graph(self._info)
        model = graph.add("LPS_LoadModel", model_name=self._random.choice(self._models))
        gain = round(self._random.uniform(0.5, 1.5), 3)
        if self._random.random() < 0.5:
            animate_video(graph, model=model, gain=gain)
        else:
            made = graph.add(
                "LPS_ExpressionEditor",
                model=model,
                source=graph.add("LoadImage", image="portrait.png"),
                jaw_open=gain / 2,
            )
            graph.add("PreviewImage", images=made)
        return graph

    def _run(self):
        self._server.queue(self._graph().prompt).ok()
        self.done["runs"] += 1

    def _cancel(self):
        graph = Graph(self._info)
        model = graph.add("LPS_LoadModel", model_name=self._random.choice(self._models))
        animate_video(graph, model=model, gain=round(self._random.uniform(0.5, 1.5), 3))
        queued = self._server.submit(graph.prompt)
        time.sleep(self._random.uniform(0, 2))
        self._server.interrupt()
        assert self._server.wait(queued).state in ("interrupted", "success")
        self.done["cancels"] += 1

    def _preview(self):
        picture = self._ask("preview/expression", "portrait.png")
        assert picture.startswith(b"\xff\xd8") or not picture  # none where a newer one came
        self.done["previews"] += 1

    def _refused(self):
        with pytest.raises(urllib.error.HTTPError) as refused:
            self._ask("preview/expression", "../portrait.png")
        assert json.loads(refused.value.read())["error"]
        self.done["refusals"] += 1

    def _ask(self, route, file):
        model = self._random.choice(self._models)
        loader = Graph(self._info)
        loader.add("LPS_LoadModel", model_name=model)
        widgets = loader.prompt["LPS_LoadModel"]["inputs"]
        asked = {name: widgets[name] for name in MODEL_WIDGETS}
        source = {"file": file, "model": asked, "face_index": 0}
        values = {"jaw_open": self._random.random(), "yaw_deg": self._random.uniform(-20, 20)}
        body = {"sender": str(self._random.randrange(4)), "source": source, "values": values}
        body |= {"view": self._random.choice(("face", "picture", "before")), "side_px": 256}
        return self._server.content_of_post(f"/liveportrait/v1/{route}", body)


def test_memory_goes_back(server):
    users, rounds = Users(server), []
    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        round_end = time.monotonic() + ROUND_S
        while time.monotonic() < round_end:
            users.act()
        server.free()
        time.sleep(2)
        rounds.append(resident_mib(server))
        print(f"{len(rounds)}: {rounds[-1]:.0f} MiB, {users.done}", flush=True)  # noqa: T201 - as it runs for long
    assert "Traceback" not in server.log
    assert all(users.done.values())
    settled, later = rounds[SETTLED : 2 * SETTLED], rounds[2 * SETTLED :]
    assert later, "LIVEPORTRAIT_SOAK_MINUTES is too short; 10 or more are expected"
    assert min(later[-SETTLED:]) < GROWTH * max(settled), rounds
