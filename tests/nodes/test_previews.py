"""Previews without a run: the routes, as a page asks them."""

import asyncio
import base64
import io
import json

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from tests.nodes.suite import MODEL_FILE, STILL, batch, pixels, video, walk
from tests.support.blobs import face_frame

MODEL = {"model_name": MODEL_FILE, "precision": "auto", "face_finder": "ours"}
TWO = face_frame((20, 30, 40), (100, 30, 50))
"""Two people; the right one is larger."""


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


def body(file=None, view="picture", side_px=160, sender="a", face_index=0, **given):
    values = given.pop("values", {})
    source = {"file": file, "model": MODEL, "face_index": face_index, **given}
    return {"sender": sender, "source": source, "values": values, "view": view, "side_px": side_px}


def difference(one, two):
    return np.abs(one.astype(float) - two.astype(float)).mean()


def test_a_preview_is_what_the_node_gives(suite, ask, photo):
    values = {"jaw_open": 1.0, "yaw_deg": 10.0}
    ((status, picture, about),) = ask(body(photo(), values=values))
    assert status == 200
    images, *_ = suite("LPS_ExpressionEditor", model=suite.model(), source=batch(STILL), **values)
    assert picture.shape == STILL.shape
    assert difference(picture, pixels(images)[0]) < 2
    assert difference(STILL, pixels(images)[0]) > 3
    assert about["handles"] == {}


def test_a_close_up_says_where_what_can_be_dragged_lies(ask, photo):
    ((_, picture, about),) = ask(body(photo(), view="face", side_px=128))
    assert picture.shape == (128, 128, 3)
    assert about["handles"].keys() == {
        *("brow_left", "brow_right", "iris_left", "iris_right", "smile_left", "smile_right", "jaw")
    }
    assert all(len(place) == 2 for place in about["handles"].values())


def test_before_is_the_source_whatever_the_values(ask, photo):
    name = photo()
    first, second = ask(
        body(name, view="before", sender="a"),
        body(name, view="before", sender="b", values={"jaw_open": 1.0, "roll_deg": 20.0}),
    )
    assert np.array_equal(first[1], second[1])


def test_of_a_sender_the_newest_counts(ask, photo):
    name = photo()
    many = [body(name, values={"jaw_open": step / 10}) for step in range(10)]
    statuses = [status for status, *_ in ask(*many)]
    assert statuses[-1] == 200
    assert set(statuses) == {200, 204}
    others = [body(name, sender=str(index)) for index in range(3)]
    assert [status for status, *_ in ask(*others)] == [200] * 3


def test_the_model_is_that_of_load_model(suite, ask, photo):
    held = suite("LPS_LoadModel", **MODEL)
    assert ask(body(photo()))[0][0] == 200
    assert suite("LPS_LoadModel", **MODEL) is held


def test_what_a_node_saw_can_be_named_by_its_key(suite, ask):
    given = {"model": suite.model(), "source": batch(STILL)}
    made = suite.ask("LPS_ExpressionEditor", **given).check()
    (seen,) = made.ui["lps_seen"]
    ((status, picture, _),) = ask(body(seen=seen, model=None))
    assert status == 200
    assert difference(picture, pixels(made.outputs[0])[0]) < 2
    assert suite.ask("LPS_ExpressionEditor", **given).check().ui["lps_seen"] == [seen]
    other = suite.ask("LPS_ExpressionEditor", **given | {"source": video(suite, walk(3))}).check()
    assert other.ui["lps_seen"] != [seen]


def test_the_expression_of_a_photo_is_added(suite, ask, photo):
    other = face_frame((30, 20, 70))
    like = {"file": photo(other, "like.png"), "model": MODEL}
    asked = body(photo(), values={"like_strength": 1.5})
    ((_, plain, _),) = ask(asked)
    ((_, picture, _),) = ask(asked | {"like": like})
    given = {"model": suite.model(), "source": batch(STILL), "like": batch(other)}
    images, *_ = suite("LPS_ExpressionEditor", **given, like_strength=1.5)
    assert difference(picture, pixels(images)[0]) < 2
    assert not np.array_equal(picture, plain)
    seen = suite.ask("LPS_ExpressionEditor", **given).check().ui["lps_seen"]
    assert len(seen) == 2
    ((_, again, _),) = ask(asked | {"like": {"seen": seen[1]}})
    assert np.array_equal(again, picture)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"file": "nowhere.png"}, "There is no file 'nowhere.png'"),
        ({"file": "../photo.png"}, "There is no file '../photo.png'"),
        ({"file": "/etc/hostname"}, "There is no file '/etc/hostname'"),
        ({"file": "photo.png", "model": {**MODEL, "model_name": "x.safetensors"}}, "no model x"),
        ({"file": "photo.png", "model": None}, "Run the graph once"),
        ({"seen": "0123"}, "Run the graph once"),
        ({"file": "photo.png", "face_index": 7}, "The face index is 7"),
        ({"file": "photo.png", "values": {"jaw_open": 3}}, "jaw_open is 3"),
        ({"file": "photo.png", "values": {"jaw_open": "wide"}}, "jaw_open is"),
        ({"file": "photo.png", "view": "all"}, "In the request view is 'all'"),
        ({"file": "photo.png", "side_px": 10**6}, "In the request side_px is 1000000"),
        ({"file": "nobody.png"}, "No face"),
        ({"file": "x" * 5000}, "There is no file 'xxx"),
        ({"file": "x\0.png"}, "There is no file 'x"),
        ({"model": 5}, "In the request model is 5; an object of JSON"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(ask, photo, given, said):
    photo()
    photo(face_frame(), "nobody.png")
    ((status, answer, _),) = ask(body(**given))
    assert status == 422
    assert said in answer["error"]
    assert answer["error"].endswith(".")
    assert ask(body("photo.png"))[0][0] == 200


def test_several_people_are_shown_and_one_is_chosen(ask, photo):
    name = photo(TWO)
    ((status, answer, _),) = ask({"file": name, "model": MODEL}, route="faces")
    assert status == 200
    sizes = [Image.open(io.BytesIO(base64.b64decode(face))).size for face in answer["faces"]]
    assert len(sizes) == 2
    ((_, _, about),) = ask(body(name))
    assert "shows 2 faces" in about["note"]
    one, other = (ask(body(name, view="before", face_index=index))[0][1] for index in (0, 1))
    assert not np.array_equal(one, other)


def test_all_who_ask_for_the_faces_at_once_get_them(ask, photo):
    asked = {"file": photo(TWO), "model": MODEL}
    answers = ask(*[asked] * 4, route="faces")
    assert [len(answer["faces"]) for _, answer, _ in answers] == [2] * 4


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff", b"[" * 100_000, b"[" + b"9" * 5000])
def test_what_is_no_json_is_said_in_a_sentence(ask, sent):
    ((status, answer, _),) = ask(sent)
    assert status == 422
    assert answer["error"].startswith("The request is no JSON that can be read;")


def test_an_unknown_kind_is_not_there(ask, photo):
    assert ask(body(photo()), route="preview/other")[0][0] == 404


def test_while_a_graph_runs_previews_are_few(suite, ask, photo, monkeypatch):
    runtime = suite.module("nodes.runtime")
    name = photo()
    assert ask(body(name))[0][0] == 200
    monkeypatch.setattr(runtime, "is_running", lambda: True)
    monkeypatch.setattr(suite.module("nodes.server.turns"), "WHILE_RUNNING_S", 0.4)
    assert ask(body(name), body(name, sender="b"))[1][0] == 200


def test_an_expression_is_saved_listed_and_taken(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEPORTRAIT_EXPRESSIONS", str(tmp_path))
    values = {"words": "smile", "yaw_deg": 4.0}
    ((status, answer, _),) = ask({"name": "mine", "values": values}, route="expressions")
    assert status == 200
    assert "mine" in answer["names"]
    ((_, listed, _),) = ask({}, route="expressions")
    assert listed == answer
    ((_, made, _),) = ask({"values": {"preset": "mine"}}, route="controls")
    assert made["controls"]["yaw_deg"] == 4
    assert made["controls"]["smile_left"] > 0.3
    ((status, answer, _),) = ask({"name": "../mine", "values": {}}, route="expressions")
    assert status == 422
    assert "letters, digits" in answer["error"]
    ((status, answer, _),) = ask({"values": {"words": "grumf"}}, route="controls")
    assert status == 422
    assert "grumf" in answer["error"]


def test_a_random_face_goes_by_its_number(ask):
    (_, one, _), (_, other, _), (_, again, _) = ask(
        {"seed": 1}, {"seed": 2}, {"seed": 1}, route="random"
    )
    assert one == again != other
    assert one["controls"]
