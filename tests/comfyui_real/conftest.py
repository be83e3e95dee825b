"""Servers and a browser, started once; skipped by name where there is none."""

from __future__ import annotations

import os
from fractions import Fraction

import pytest
from PIL import Image

from tests.comfyui_real.browser import Browser, tools
from tests.comfyui_real.prompts import Graph
from tests.comfyui_real.server import ComfyServer
from tests.comfyui_real.videos import DEMO, part_of

PACK_FOLDER = "LivePortrait Suite"
WORKFLOW_PACK_FOLDER = "liveportrait-suite"
"""With a space in it ComfyUI finds the nodes, but neither templates nor help pages."""
NUM_FRAMES = 16
"""Of the clips that workflows load."""
NTSC = Fraction(30000, 1001)
WORKFLOW_FPS = Fraction(25)


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory):
    """16 frames of the demo's driver that blink and turn, at 30000/1001 frames/s, with a tone."""
    path = tmp_path_factory.mktemp("clips") / "short.mp4"
    return part_of(path, DEMO / "driving.mp4", slice(0, 48, 3), NTSC, sound_s=0.5)


@pytest.fixture(scope="session")
def portrait(tmp_path_factory):
    """The demo's portrait as .png: the newer ComfyUI reads a .jpg a level or two off Pillow's."""
    path = tmp_path_factory.mktemp("pictures") / "portrait.png"
    with Image.open(DEMO / "portrait.jpg") as picture:
        picture.save(path)
    return path


@pytest.fixture(scope="session")
def new_server(tmp_path_factory, portrait, short_clip):
    """Gives servers with folders of their own that are not started; all are stopped at the end."""
    if not os.environ.get("COMFYUI_DIR"):
        pytest.skip("COMFYUI_DIR is not set: no real ComfyUI")
    made = []

    def new(**options) -> ComfyServer:
        server = ComfyServer(tmp_path_factory.mktemp("comfyui"), **options)
        made.append(server)
        for file in (portrait, DEMO / "portrait.jpg", DEMO / "driving.mp4", short_clip):
            server.add_input(file)
        return server

    yield new
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def pack_server(new_server):
    """A running server with our pack, for all tests that leave it as it was."""
    server = new_server()
    server.add_pack(PACK_FOLDER, copy=True)
    return server.start()


@pytest.fixture(scope="module")
def workflow_server(new_server):
    """A running server with our pack; the clips that workflows load are cut short, for speed."""
    server = new_server()
    server.add_pack(WORKFLOW_PACK_FOLDER, copy=True)
    for name, step, sound_s in (("driving", 7, None), ("person", 4, NUM_FRAMES / 25)):
        place = server.base / "input" / f"lps_{name}.mp4"
        frames = slice(0, NUM_FRAMES * step, step)
        part_of(place, DEMO / f"{name}.mp4", frames, WORKFLOW_FPS, sound_s)
    return server.start()


@pytest.fixture(scope="session")
def object_info(pack_server):
    return pack_server.object_info()


@pytest.fixture
def graph(object_info):
    """An empty prompt for `pack_server`."""
    return Graph(object_info)


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests; each opens a page of its own."""
    if not os.environ.get("COMFYUI_DIR"):
        pytest.skip("COMFYUI_DIR is not set: no real ComfyUI")
    if tools() is None:
        pytest.skip("no node, Chromium or playwright-core (PLAYWRIGHT_DIR)")
    with Browser() as started:
        yield started
