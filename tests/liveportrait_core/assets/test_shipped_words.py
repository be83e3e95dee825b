"""Words to controls, English and Chinese; left and right are the image's."""

from pathlib import Path

import pytest

from liveportrait_core.assets.shipped_expressions import load_preset, save_preset
from liveportrait_core.assets.shipped_words import controls_from_text, shipped_vocabulary
from liveportrait_core.config.fields import specs_of
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.control_tools import changed_controls
from liveportrait_core.motion.said_numbers import NUMERAL
from liveportrait_core.motion.word_meanings import MEANINGS
from liveportrait_core.motion.words import GRAMMAR, PRESET

SENTENCES = Path(__file__).with_name("sentences")
SMILE = {"smile_left": 0.6, "smile_right": 0.6, "cheek_raise": 0.3}
LOOK_LEFT = {"gaze_left_x": -0.8, "gaze_right_x": -0.8}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEPORTRAIT_EXPRESSIONS", str(tmp_path))


def said(text):
    return changed_controls(controls_from_text(text))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("smile", SMILE),
        ("A slight smile.", {"smile_left": 0.24, "smile_right": 0.24, "cheek_raise": 0.12}),
        ("smile fully", {"smile_left": 1, "smile_right": 1, "cheek_raise": 0.5}),
        ("30 % smile", {"smile_left": 0.3, "smile_right": 0.3, "cheek_raise": 0.15}),
        ("look left", LOOK_LEFT),
        ("eyes to the left", LOOK_LEFT),
        ("look up left", LOOK_LEFT | {"gaze_left_y": 0.8, "gaze_right_y": 0.8}),
        ("turn down right", {"pitch_deg": 10.0, "yaw_deg": -12.0}),
        ("the left eye looks up", {"gaze_left_y": 0.8}),
        ("blink the right eye", {"blink_right": 1.0}),
        ("turn left -10 degrees", {"yaw_deg": -10.0}),
        ("smile 0.5", {"smile_left": 0.5, "smile_right": 0.5, "cheek_raise": 0.25}),
        ("look left and up", LOOK_LEFT | {"gaze_left_y": 0.8, "gaze_right_y": 0.8}),
        ("raise the right brow", {"brow_right": 0.8}),
        ("raise the left and right brow", {"brow_left": 0.8, "brow_right": 0.8}),
        ("half-closed eyes", {"blink_left": 0.5, "blink_right": 0.5}),
        ("the left eye shut", {"blink_left": 1.0}),
        ("wink with the right eye", {"blink_right": 1.0, "smile_right": 0.3}),
        ("turn left 10 degrees", {"yaw_deg": 10.0}),
        ("turn the head to the right", {"yaw_deg": -12.0}),
        ("tilt left 5 deg", {"roll_deg": -5.0}),
        ("open mouth very slightly", {"jaw_open": 0.28}),
        ("smile look left", SMILE | LOOK_LEFT),
        ("smile, no smile", {}),
        # look to the left, raise the right brow
        ("\u770b\u5de6\u8fb9\u3001\u62ac\u53f3\u7709", LOOK_LEFT | {"brow_right": 0.8}),
        ("\u95ed\u4e0a\u5de6\u773c", {"blink_left": 1.0}),  # shut the left eye
        ("\u5411\u5de6\u8f6c10\u5ea6", {"yaw_deg": 10.0}),  # turn left 10 degrees
        ("\u5f20\u5634\u5e76\u7b11", {"jaw_open": 0.5} | SMILE),  # open the mouth and smile
    ],
)
def test_what_phrases_ask_for(text, values):
    assert said(text) == pytest.approx(values)


def sentences():
    lines = [
        line
        for path in sorted(SENTENCES.glob("*.tsv"))
        for line in path.read_text("utf-8").splitlines()
    ]
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("sentence", "meant"), sentences())
def test_what_users_type_is_understood(sentence, meant):
    pairs = [pair.split() for pair in meant.split(", ") if pair]
    assert said(sentence) == pytest.approx({name: float(value) for name, value in pairs})


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\uff53\uff4d\uff49\uff4c\uff45\u3000\uff15\uff10\uff05", "smile 50%"),
        ("smile\uff0clook left\uff01", "smile, look left"),
        ("turn left \u221210 degrees", "turn left -10 degrees"),
        ("turn left \uff0d\uff11\uff10 degrees", "turn left -10 degrees"),
        ("don\u2019t smile", "don't smile"),
    ],
)
def test_signs_of_any_width_are_the_same(text, plain):
    assert said(text) == said(plain)


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("\u5341", 10),
        ("\u5341\u4e94", 15),
        ("\u4e8c\u5341", 20),
        ("\u4e8c\u5341\u4e09", 23),
        ("\u96f6\u70b9\u4e94", 0.5),
        ("\u4e09\u70b9\u4e8c\u4e94", 3.25),
        ("ten", 10),
        ("twelve", 12),
        ("twenty three", 23),
        ("twenty-three", 23),
        ("two point five", 2.5),
    ],
)
def test_numbers_may_be_words(number, value):
    assert said(f"turn left {number} degrees") == {"yaw_deg": value}


def test_presets_are_words_and_later_phrases_hold(tmp_path):
    assert controls_from_text("surprised") == load_preset("surprised")
    assert said("surprised, mouth closed")["brow_left"] == 1
    assert "jaw_open" not in said("surprised, mouth closed")
    save_preset("Grumpy", Controls(brow_left=-1))
    save_preset("my_frown_2", Controls(brow_right=-1))
    assert said("grumpy") == {"brow_left": -1}
    assert said("My_frown_2, look left") == {"brow_right": -1, **said("look left")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("smlie", "The word 'smlie' is not known; the nearest word that is known is 'smile'"),
        ("smile, flooble", "The word 'flooble' is not known; "),
        ("smile, jaw_open=.4", "The word 'jaw_open' is not known; "),
        ("open brow", "'open brow' says nothing that a face does"),
        ("look left 10 degrees", "'look left 10 degrees' says nothing"),
        ("smile 10", "'smile 10' says nothing"),
        ("left", "'left' says nothing"),
        ("turn left 1000 degrees", r"yaw_deg is 1000\.0; a number from"),
        ("smile 300%", "300 % is said; a share from -100 to 100 % is expected"),
        ("smile," * 200, "The words have 1,200 letters; up to 1,000 are expected"),
        (" , ", "',' says nothing"),
        ("!?" * 99, "is not known"),
        # too short to tell what is meant
        ("yes", "The word 'yes' is not known; use other words, or set"),
        ("low", "The word 'low' is not known; use other words, or set"),
        ("l\u00e4cheln", "The word 'l\u00e4cheln' is not known; use other words"),
        # stick out the tongue: all that is not known, to the next word that is
        ("\u7b11\uff0c\u5410\u820c\u5934", "The word '\u5410\u820c' is not known"),
        ("\u56db\u5206\u4e4b\u4e94\u7684\u5fae\u7b11", "125 % is said"),  # five quarters
        ("ten", "'ten' says nothing"),
    ],
)
def test_what_is_not_understood_is_named(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        said(text)


def test_no_words_are_a_face_at_rest():
    assert said("") == said("  ") == {}


def test_every_word_is_a_token_that_something_means():
    tokens = {token for key in MEANINGS for token in key} | GRAMMAR | {"wink", "eye", "lower"}
    for word, entry in shipped_vocabulary().items():
        for token in entry.split():
            if token.startswith(PRESET):
                load_preset(token.removeprefix(PRESET))
            elif token.startswith(NUMERAL):
                assert 0 <= int(token.removeprefix(NUMERAL)) <= 100
            else:
                assert token in tokens, word


def test_every_meaning_is_reached_by_words_and_names_controls():
    reached = {token for entry in shipped_vocabulary().values() for token in entry.split()}
    names = {spec.name for spec in specs_of(Controls)}
    for key, values in MEANINGS.items():
        assert key <= reached
        assert {name.format("left") for name in values} <= names
