"""The pack loads wherever it lies and whatever lies beside it, and costs little at the start."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from tests.comfyui_real.prompts import Graph, animate_video
from tests.comfyui_real.server import ROOT

FAILURES = ("IMPORT FAILED", "Error while calling comfy_entrypoint", "Traceback")
COMPUTING = ("networks", "model", "stages", "animation", "pipeline", "viz")
"""Rooms of the library that are imported when a node first runs."""
SHADOWS = ("nodes", "train", "utils", "liveportrait_core")
MOST_NEW_PACKAGES = 3

TELLS_MODULES = """
import sys
from aiohttp import web
from server import PromptServer

NODE_CLASS_MAPPINGS = {}

@PromptServer.instance.routes.get("/modules")
async def modules(request):
    return web.json_response(sorted(sys.modules))
"""
SHADOWING = (
    "import sys, os\nsys.path.insert(0, os.path.dirname(__file__))\nNODE_CLASS_MAPPINGS = {}"
)


def add_made_up_pack(server, name, files):
    place = server.base / "custom_nodes" / name
    place.mkdir()
    for file, text in files.items():
        (place / file).write_text(text)


def our_nodes(server):
    return {kind for kind in server.object_info() if kind.startswith("LPS_")}


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("liveportrait-suite", True),
        ("ComfyUI-LivePortrait Suite (my copy)", True),
        ("train", False),
    ],
)
def test_the_pack_loads_from_a_folder_of_any_name(new_server, name, copy):
    server = new_server()
    server.add_pack(name, copy=copy)
    with server:
        assert len(our_nodes(server)) > 10
        assert not [failure for failure in FAILURES if failure in server.log]


def test_the_pack_works_beside_one_that_shadows_its_modules(new_server):
    server = new_server()
    raising = "raise ImportError('a module of another pack')"
    files = {f"{name}.py": raising for name in SHADOWS}
    for name in ("aaa-shadow", "zzz-shadow"):  # loaded in the order of the folder, whichever it is
        add_made_up_pack(server, name, {"__init__.py": SHADOWING, **files})
    server.add_pack("liveportrait-suite", copy=True)
    with server:
        graph = Graph(server.object_info())
        saved = animate_video(graph)
        assert server.queue(graph.prompt).ok().files(saved[0])
        assert not [failure for failure in FAILURES if failure in server.log]


def test_starting_up_loads_no_networks_and_no_library(new_server):
    server = new_server()
    add_made_up_pack(server, "tells-modules", {"__init__.py": TELLS_MODULES})
    with server:
        before = set(server.get("/modules"))
    server.add_pack("liveportrait-suite", copy=True)
    with server:
        added = set(server.get("/modules")) - before
    assert not [name for name in added if "liveportrait-suite" not in name]
    ours = {name.partition("liveportrait-suite.")[2] for name in added}
    assert "nodes.menu" in ours
    assert not {f"liveportrait_core.{room}" for room in COMPUTING} & ours
    assert re.search(r"[\d.]+ seconds: .*liveportrait-suite", server.log)


def test_installing_the_requirements_adds_three_packages_at_most_and_changes_none():
    python = os.environ.get("COMFYUI_FRESH_PYTHON") or os.environ.get("COMFYUI_PYTHON")
    if not python:
        pytest.skip("neither COMFYUI_FRESH_PYTHON nor COMFYUI_PYTHON is set: nothing to install to")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    wish = ["install", "-q", "--dry-run", "--report", "-", "-r", str(ROOT / "requirements.txt")]
    report, listed = (
        json.loads(subprocess.run([*pip, *words], capture_output=True, check=True).stdout)
        for words in (wish, ["list", "--format", "json"])
    )
    there = {_plain(package["name"]) for package in listed}
    wanted = [_plain(package["metadata"]["name"]) for package in report["install"]]
    if not wanted:
        pytest.skip("all is installed already; COMFYUI_FRESH_PYTHON may name a fresh environment")
    assert len(wanted) <= MOST_NEW_PACKAGES, wanted
    assert not there & set(wanted)


def _plain(name):
    return re.sub("[-_.]+", "-", name).lower()
