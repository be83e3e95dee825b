"""The media of our workflows come into the input folder once, and touch nothing of the user's."""

import json
import logging
from importlib import import_module

import av
import numpy as np
import pytest

from tests.support.comfyui.stand_in import ROOT, comfyui

__all__ = ["comfyui"]

DEMO = ROOT / "docs" / "demo"
MOST_BYTES = 400_000
"""Of the media that are there for workflows alone."""


@pytest.fixture
def given(comfyui):
    """Gives the files again, as the next start does."""
    comfyui.import_pack()
    return import_module(f"{comfyui.pack.__name__}.nodes.demo_media")


def listed(comfyui):
    return {file.name for file in comfyui.input.iterdir() if not file.name.startswith(".")}


def test_loading_the_pack_copies_them(comfyui, given):
    assert listed(comfyui) == {f"lps_{name}" for name in given.NAMES}
    for name in given.NAMES:
        copy = comfyui.input / f"lps_{name}"
        assert copy.read_bytes() == (DEMO / name).read_bytes()


def test_what_was_deleted_does_not_come_back(comfyui, given):
    (comfyui.input / "lps_cat.jpg").unlink()
    given.give_demo_media()
    assert "lps_cat.jpg" not in listed(comfyui)


def test_one_that_is_new_in_a_later_version_is_copied(comfyui, given):
    note = comfyui.input / given.GIVEN
    note.write_text("\n".join(name for name in given.NAMES if name != "cat.jpg"))
    (comfyui.input / "lps_cat.jpg").unlink()
    (comfyui.input / "lps_group.jpg").unlink()
    given.give_demo_media()
    assert "lps_cat.jpg" in listed(comfyui)
    assert "lps_group.jpg" not in listed(comfyui)


def test_a_file_of_the_user_with_that_name_stays(comfyui):
    mine = comfyui.input / "lps_cat.jpg"
    mine.write_bytes(b"mine")
    comfyui.import_pack()
    assert mine.read_bytes() == b"mine"


def test_an_input_folder_that_is_none_stops_nothing(comfyui, caplog):
    comfyui.input.rmdir()
    comfyui.input.write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert len(comfyui.import_pack()) == 34
    assert "the demo files of its workflows are not in the input folder" in caplog.text


def test_workflows_load_no_other_files(given):
    loaders = {"LoadImage", "LoadVideo", "LoadAudio"}
    known = {given.PREFIX + name for name in given.NAMES}
    for file in (ROOT / "workflows").glob("*.json"):
        nodes = json.loads(file.read_text("ascii"))["nodes"]
        named = {node["widgets_values"][0] for node in nodes if node["type"] in loaders}
        assert named <= known, file.name


def test_they_are_small(given):
    others = set(given.NAMES) - {"portrait.jpg", "driving.mp4"}
    assert sum((DEMO / name).stat().st_size for name in others) < MOST_BYTES


def test_the_speech_is_heard_and_ends_before_the_clip_to_follow():
    with av.open(str(DEMO / "speech.mp3")) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
        rate_hz = container.streams.audio[0].rate
    with av.open(str(DEMO / "driving.mp4")) as container:
        clip_s = container.duration / av.time_base
    loud = np.abs(sound[: len(sound) // 20 * 20]).reshape(20, -1).max(1) > 0.05
    assert clip_s - 0.5 < len(sound) / rate_hz < clip_s
    assert loud.sum() > 15
    assert np.abs(sound).max() < 1
