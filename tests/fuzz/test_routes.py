"""The routes of previews answer any JSON: with what was asked for, or with a sentence."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from PIL import Image

from tests.nodes.suite import MODEL_FILE, STILL

from .mutations import mutant_json
from .test_fuzz import HOW

SOURCE = {
    "file": "photo.png",
    "model": {"model_name": MODEL_FILE, "precision": "auto", "face_finder": "ours"},
    "seen": None,
    "face_index": 0,
    "at_s": 0.4,
}
BENEATH = {
    "run": "0123",
    "audio": "photo.png",
    "motions": [{"motion_file": "nod (shipped)", "space": "as the file says", "layout": "auto"}],
}
VALUES = {
    "preset": "smile",
    "words": "look left",
    "jaw_open": 0.5,
    "like_strength": 1.0,
    "like_parts": "eyes",
}
AT_TIME = {"timeline": "1 smile 1", "time_s": 0.5}
OVER_MOTIONS = {"timeline": "1 smile 1\n0 play 1 to 0.2", "time_s": 0.5, "beneath": BENEATH}
PREVIEW = {"sender": "a", "source": SOURCE, "values": VALUES, "view": "face", "side_px": 64}
BODIES = {
    "preview/expression": [PREVIEW, PREVIEW | {"like": SOURCE}],
    "preview/timeline": [PREVIEW | {"values": AT_TIME}, PREVIEW | {"values": OVER_MOTIONS}],
    "faces": [SOURCE],
    "controls": [{"values": VALUES}],
    "timeline": [
        {"timeline": "1 smile 1\n2 play 1", "beneath": None},
        {"timeline": "# a\n1 blink\n2 rest\n3 play 1", "beneath": BENEATH},
    ],
    "random": [{"seed": 3}],
    "expressions": [{"name": "mine", "values": VALUES}, {}],
}


@pytest.mark.parametrize("route", BODIES)
def test_any_json_is_answered(suite, route, tmp_path, monkeypatch):
    kept = tmp_path / "kept" / "expressions"
    monkeypatch.setenv("LIVEPORTRAIT_EXPRESSIONS", str(kept))
    Image.fromarray(STILL).save(suite.comfyui.input / "photo.png")
    routes = web.RouteTableDef()
    suite.module("nodes.server.routes").add_routes(routes)
    application = web.Application()
    application.add_routes(routes)
    loop = asyncio.new_event_loop()

    async def answer(client, body):
        sent = await client.post(f"/liveportrait/v1/{route}", data=body)
        return sent.status, sent.content_type, await sent.read()

    async def start():
        client = TestClient(TestServer(application))
        await client.start_server()
        return client

    client = loop.run_until_complete(start())

    @HOW
    @given(mutant_json(BODIES[route]))
    def ask(body):
        status, kind, content = loop.run_until_complete(answer(client, body))
        assert status in (200, 204, 422), (body, status, content[:500])
        if status == 422:
            assert json.loads(content)["error"].strip()
        elif status == 200:
            assert kind in ("application/json", "image/jpeg")

    try:
        assert loop.run_until_complete(answer(client, json.dumps(BODIES[route][0])))[0] == 200
        ask()
    finally:
        loop.run_until_complete(client.close())
        loop.close()
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".json"}
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} <= {kept}
