"""Timelines in words, English and Chinese."""

import pytest

from liveportrait_core.assets.timeline_words import read_timeline
from liveportrait_core.motion.curves import Key


def test_words_set_keys_of_what_they_name():
    timeline = read_timeline("0.5 look left ease; turn right 8 degrees\n1 look ahead, slight smile")
    assert timeline.lanes["gaze_left_x"] == (Key(0.5, -0.8, "ease"), Key(1, 0))
    assert timeline.lanes["yaw_deg"] == (Key(0.5, -8),)
    assert timeline.lanes["smile_right"] == (Key(1, 0.24),)


def test_a_preset_is_a_word():
    timeline = read_timeline("1 surprised")
    assert timeline.lanes["jaw_open"][0].value > 0.2
    assert timeline.lanes["brow_left"][0].value > 0.2


def test_a_control_with_a_number_goes_before_words():
    timeline = read_timeline("1 smile 1")
    assert timeline.lanes["smile_left"] == (Key(1, 1),)
    assert "cheek_raise" not in timeline.lanes


@pytest.mark.parametrize("word", ["blink", "\u7728\u773c"])
def test_a_blink_is_a_movement_in_every_language(word):
    assert len(read_timeline(f"1 {word}").lanes["blink_left"]) == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 smile\n1 smlie", r"Line 2, 'smlie': The word 'smlie' is not known; .*'smile'"),
        ("0 smlie 1", r"Line 1, 'smlie': a control is expected\. Did you mean 'smile'"),
        ("0 jaw_open", r"Line 1, 'jaw_open': a number is expected after it \(0 to 1\)"),
        ("0 jaw_open half", r"Line 1, 'half': a number is expected after 'jaw_open' \(0 to 1\)"),
        ("0 smile 1 quickly", r"Line 1, 'quickly': a way to this key, or ';' before what else"),
        ("0 look", r"Line 1, 'look': 'look' says nothing that a face does"),
    ],
)
def test_words_that_are_not_understood_are_named(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_timeline(text)
