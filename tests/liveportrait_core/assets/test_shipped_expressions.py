"""Presets: those that ship, and those that a user keeps."""

import json

import pytest

from liveportrait_core.assets.shipped_expressions import (
    expression_files,
    expressions_folder,
    load_preset,
    save_preset,
)
from liveportrait_core.errors import MediaError
from liveportrait_core.media.expression_file import load_expression, save_expression
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.control_tools import changed_controls

FACE = Controls(smile_left=0.5, yaw_deg=-4.5, zoom=1.1)

OURS = {"format": "liveportrait-suite/expression", "version": 1}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEPORTRAIT_EXPRESSIONS", str(tmp_path / "mine"))


def test_a_dozen_ship_and_each_does_something():
    files = expression_files()
    assert len(files) >= 12
    assert list(files) == sorted(files)
    assert all(changed_controls(load_preset(name)) for name in files)


def test_what_is_kept_comes_back_and_stands_in_for_a_shipped_one():
    path = save_preset("my_face", FACE)
    assert path == expressions_folder() / "my_face.json"
    assert load_preset("my_face") == FACE
    save_preset("surprised", FACE)
    assert load_preset("surprised") == FACE


def test_a_name_that_is_none_is_refused():
    with pytest.raises(MediaError, match=r"one of afraid, .* expected. Did you mean 'surprised'"):
        load_preset("suprised")
    for name in ("", "../out", "a b", "x" * 61, "CON", "com1"):
        with pytest.raises(MediaError, match="letters, digits"):
            save_preset(name, FACE)


def test_files_hold_what_is_not_at_rest(tmp_path):
    path = tmp_path / "face.json"
    save_expression(FACE, path)
    assert json.loads(path.read_text())["controls"] == {
        "smile_left": 0.5,
        "yaw_deg": -4.5,
        "zoom": 1.1,
    }
    assert load_expression(path) == FACE
    with pytest.raises(MediaError, match=r"ends in \.json"):
        save_expression(FACE, tmp_path / "face.txt")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"format": "other"}, "of format 'other'"),
        ([1], "of format ''"),
        (OURS | {"version": 2}, "of version '2'"),
        (OURS, "no object of numbers"),
        (OURS | {"controls": {"smle": 1}}, "no option 'smle'"),
        (OURS | {"controls": {"yaw_deg": 99}}, "yaw_deg is 99"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(content, sentence, tmp_path):
    path = tmp_path / "face.json"
    path.write_text(json.dumps(content))
    with pytest.raises(MediaError, match=sentence):
        load_expression(path)


def test_text_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "face.json"
    path.write_text("smile")
    with pytest.raises(MediaError, match="is no JSON file"):
        load_expression(path)
