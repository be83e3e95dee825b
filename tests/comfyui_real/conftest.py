"""Servers and a browser, started once; skipped by name where there is none."""

from __future__ import annotations

import os

import pytest

from tests.support.author import DEMO
from tests.support.browser import Browser, tools
from tests.support.comfyui_server import ComfyServer


@pytest.fixture(scope="session")
def new_server(tmp_path_factory):
    """Gives servers with folders of their own that are not started; all are stopped at the end."""
    if not os.environ.get("COMFYUI_DIR"):
        pytest.skip("COMFYUI_DIR is not set: no real ComfyUI")
    made = []

    def new(**options) -> ComfyServer:
        server = ComfyServer(tmp_path_factory.mktemp("comfyui"), **options)
        made.append(server)
        for file in (DEMO / "portrait.jpg", DEMO / "driving.mp4"):
            server.add_input(file)
        return server

    yield new
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests; each opens a page of its own."""
    if not os.environ.get("COMFYUI_DIR"):
        pytest.skip("COMFYUI_DIR is not set: no real ComfyUI")
    if tools() is None:
        pytest.skip("no node, Chromium or playwright-core (PLAYWRIGHT_DIR)")
    with Browser() as started:
        yield started
