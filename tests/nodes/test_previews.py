"""Previews without a run: the routes, as a page asks them."""

import base64
import io
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from liveportrait_core.media.video import VideoWriter
from tests.nodes.suite import MODEL_FILE, STILL, batch, pixels, video, walk
from tests.support.blobs import face_frame

NAN = float("nan")
MODEL = {"model_name": MODEL_FILE, "precision": "auto", "face_finder": "ours"}
TWO = face_frame((20, 30, 40), (100, 30, 50))
"""Two people; the right one is larger."""


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


def nearest(picture, frames):
    return min(range(len(frames)), key=lambda index: difference(picture, frames[index]))


def test_any_frame_of_a_film_can_be_shown(suite, ask):
    frames, name = walk(40, step=2), "film.mp4"
    with VideoWriter(suite.comfyui.input / name, Fraction(25)) as writer:
        for frame in frames:
            writer.write(frame)
    film = suite.module("nodes.server.films").file_of(suite.comfyui.input / name)
    asked = [0, 30, 4, 28, 29, 39, 38]
    assert [nearest(film.at(index), frames) for index in asked] == asked
    shown = [ask(body(name, at_s=at_s))[0] for at_s in (0, 1.2, 9)]
    assert [status for status, *_ in shown] == [200] * 3
    assert [about["film"] for *_, about in shown] == [{"frames": 40, "fps": 25}] * 3
    assert len({picture.tobytes() for _, picture, _ in shown}) == 3
    ((status, answer, _),) = ask(body(name, at_s=-1))
    assert status == 422
    assert answer["error"].startswith("In the request source.at_s is -1")


def test_frames_of_a_batch_can_be_shown_after_a_run(suite, ask):
    frames = walk(5)
    films = suite.module("nodes.server.films")
    clips = suite.module("nodes.adapt.clips")
    kept = films.pictures_of(clips.clip_of(batch(*frames), "source", Fraction(25)))
    assert [nearest(kept.at(index), frames) for index in range(5)] == list(range(5))
    many = films.pictures_of(clips.clip_of(batch(*walk(40, step=1)), "source", Fraction(25)))
    assert (len(many.frames), many.num_frames) == (films.MOST_SAMPLES, 40)
    made = suite.ask("LPS_ExpressionEditor", model=suite.model(), source=batch(*frames)).check()
    (seen,) = made.ui["lps_seen"]
    ((_, one, about),) = ask(body(seen=seen, at_s=0.12))
    assert about["film"] == {"frames": 5, "fps": 25}
    assert not np.array_equal(one, ask(body(seen=seen))[0][1])


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
        ({"file": "photo.png", "model": {**MODEL, "precision": "fp12"}}, "precision is 'fp12'"),
        ({"file": "photo.png", "model": {**MODEL, "face_finder": "x"}}, "face_finder is 'x'"),
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
        ({"model": 5}, "In the request source.model is 5; an object of JSON"),
        ({"file": 5}, "In the request source.file is 5; a text is expected"),
        ({"file": "photo.png", "face_index": True}, "source.face_index is True; a whole number"),
        ({"file": "photo.png", "values": {"words": 5}}, "values.words is 5; a text is expected"),
        ({"file": "photo.png", "values": {"preset": None}}, "values.preset is None; a text"),
        ({"file": "photo.png", "values": {"mirror": "yes"}}, "a field of values is 'mirror'; one"),
        ({"file": "photo.png", "values": {"jaw_opne": 1}}, "'jaw_opne'; 'jaw_open' is expected"),
        ({"file": "photo.png", "values": {"zoom": True}}, "values.zoom is True; a number from"),
        ({"file": "photo.png", "values": {"like_strength": NAN}}, "values.like_strength is nan;"),
        (
            {"file": "photo.png", "values": {"like_parts": "ears"}},
            "values.like_parts is 'ears'; one",
        ),
        ({"file": "photo.png", "values": []}, "In the request values is []; an object of JSON"),
        ({"file": "photo.png", "sender": 1}, "In the request sender is 1; a text is expected"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(ask, photo, given, said):
    photo()
    photo(face_frame(), "nobody.png")
    ((status, answer, _),) = ask(body(**given))
    assert status == 422
    assert said in answer["error"]
    assert answer["error"].endswith((".", "?"))
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


def test_a_model_whose_name_no_file_can_have_is_a_sentence(ask, photo):
    asked = body(photo())
    asked["source"]["model"] = MODEL | {"model_name": "a" * 300}
    ((status, answer, _),) = ask(asked)
    assert status == 422
    assert answer["error"].startswith("There is no model aaa")


def test_models_of_comfyui_are_left_to_its_own_thread(suite, ask, photo, monkeypatch):
    runtime = suite.module("nodes.runtime")

    def moving(*_, **__):
        raise TypeError("'NoneType' object is not callable")  # as its list says while it changes

    monkeypatch.setattr(runtime.management, "load_models_gpu", moving)
    assert ask(body(photo()))[0][0] == 200
    monkeypatch.setattr(runtime, "on_device", moving)
    away = SimpleNamespace(device=torch.device("cpu"))
    loaded = SimpleNamespace(model=away, patcher=SimpleNamespace(load_device=torch.device("cuda")))
    with pytest.raises(ValueError, match="Previews go on after it"):
        runtime.beside_a_run(loaded)


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
