"""The suite, once for each module: loading it takes a third of a second."""

import asyncio
import io
import json

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from liveportrait_core.model import save_model
from tests.nodes.suite import STILL, TINY, loaded
from tests.support.comfyui.stand_in import OLDEST, comfyui
from tests.support.tiny import tiny_compact_model

__all__ = ["comfyui"]


@pytest.fixture(scope="session")
def model_file(tmp_path_factory):
    """A tiny model in a file of ours."""
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(tiny_compact_model(TINY), path)
    return path


@pytest.fixture(scope="module")
def suite(request, tmp_path_factory, model_file):
    """Our nodes in ComfyUI 0.3.64, or in the version that a module's mark names."""
    base = tmp_path_factory.mktemp("comfyui") / "ComfyUI"
    with loaded(base, getattr(request, "param", OLDEST), model_file) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_kept(request):
    """No test sees what another one read."""
    if "suite" in request.fixturenames:
        request.getfixturevalue("suite").forget()


@pytest.fixture
def model(suite):
    """The tiny model, as Load Model gives it."""
    return suite.model()


@pytest.fixture
def ask(suite):
    """Asks a route; gives the status, and the picture with what is known of it, or the JSON."""
    routes = web.RouteTableDef()
    suite.module("nodes.server.routes").add_routes(routes)

    async def answers(bodies, route):
        application = web.Application()
        application.add_routes(routes)
        async with TestClient(TestServer(application)) as client:
            sent = [body if isinstance(body, bytes) else json.dumps(body) for body in bodies]
            asked = [client.post(f"/liveportrait/v1/{route}", data=each) for each in sent]
            return [await read(answer) for answer in await asyncio.gather(*asked)]

    async def read(answer):
        if answer.status in (204, 404):
            return answer.status, None, None
        if answer.content_type != "image/jpeg":
            return answer.status, await answer.json(), None
        picture = np.asarray(Image.open(io.BytesIO(await answer.read())))
        return answer.status, picture, json.loads(answer.headers["X-LivePortrait"])

    def run(*bodies, route="preview/expression"):
        return asyncio.run(answers(bodies, route))

    return run


@pytest.fixture
def photo(suite):
    """Gives the name of a picture in the input folder."""

    def put(frame=STILL, name="photo.png"):
        Image.fromarray(frame).save(suite.comfyui.input / name)
        return name

    return put
