"""Timeline: keys over motions, with a sound, and what the front end draws of it."""

import json
import wave
from fractions import Fraction
from math import inf, nan

import pytest
import torch

from liveportrait_core import save_motion
from tests.nodes.suite import STILL, batch
from tests.nodes.test_previews import body
from tests.support.motions import random_motion
from tests.support.speaking import tone

TEXT = "length 0.4\n0.2 yaw 10; jaw open 0.5\n"


@pytest.fixture
def made(suite, model):
    def run(text=TEXT, **inputs):
        return suite("LPS_Timeline", model=model, timeline=text, **inputs)

    return run


def write_sound(path, seconds, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((tone(seconds, rate=rate) * 32767).astype("<i2").tobytes())


def sound(seconds, rate=8000):
    return {
        "waveform": torch.from_numpy(tone(seconds, rate=rate)).expand(1, 1, -1),
        "sample_rate": rate,
    }


def test_it_gives_what_the_library_gives(suite, made):
    motion, heard = made()
    core = suite.core
    expected = core.motion_of_timeline(
        core.read_timeline(TEXT), core.shipped_blendshape_map("lps-compact-21")
    )
    assert heard is None
    assert (len(motion), motion.fps) == (10, 25)
    assert torch.equal(motion.expression, expected.expression)
    assert torch.equal(motion.pose_deg, expected.pose_deg)


def test_motions_lie_beneath_by_the_number_of_their_input(made):
    one, two = (random_motion(seed, 12, "lps-compact-21") for seed in (1, 2))
    fast = two.describe(fps=Fraction(50))
    motion, _ = made("0 play 2", motion_1=one, motion_2=fast)
    assert (len(motion), motion.fps) == (6, 25)
    motion, _ = made("", motion_1=one)
    assert len(motion) == 12


def test_a_sound_is_as_long_as_the_motion(made):
    motion, heard = made("0.2 smile 1", audio=sound(1.0))
    assert len(motion) == 25
    assert heard["waveform"].shape == (1, 1, 8000)
    motion, heard = made("length 2", audio=sound(1.0))
    assert heard["waveform"].shape == (1, 1, 16000)
    assert not heard["waveform"][..., 8000:].any()
    motion, heard = made("length 0.4", audio=sound(1.0))
    assert heard["waveform"].shape == (1, 1, 3200)


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("0 smlie 1", "timeline", "Line 1, 'smlie': a control is expected. Did you mean 'smile'?"),
        ("0 play 1", "timeline", "plays motion 1 and has 0 motions beneath it"),
        ("length 1\n2 smile 1", "timeline", "A key stands at 2 s and the timeline is 1 s long"),
    ],
)
def test_a_text_that_cannot_be_read_is_one_sentence(suite, model, text, place, sentence):
    told = suite.named_refusal("LPS_Timeline", model=model, timeline=text)
    assert told[0] == f"Timeline, {place}"
    assert sentence in told[1]


def test_motions_with_a_gap_or_of_another_space_are_told(suite, model):
    motion = random_motion(1, 3, "lps-compact-21")
    told = suite.named_refusal("LPS_Timeline", model=model, timeline=TEXT, motion_2=motion)
    assert told[0] == "Timeline, motion_1"
    assert "motion_2 is connected and motion_1 is not" in told[1]
    told = suite.named_refusal(
        "LPS_Timeline", model=model, timeline=TEXT, motion_1=random_motion(1)
    )
    assert told[0] == "Timeline, motion_1"


def test_the_front_end_gets_lanes_as_curves(ask):
    text = "# a\nlength 1\n0.4 smile 1 linear; yaw 5\n0.6 smile 0 hold\n0.7 blink\n0.9 rest"
    asked = {"timeline": text, "beneath": None}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert status == 200
    assert (answer["length_s"], answer["fps"]) == (1, 25)
    assert answer["stated"] == {"length_s": 1, "fps": None, "loop": False}
    lane = answer["lanes"]["smile_left"]
    assert lane["keys"] == [[0.4, 1, "linear", 3], [0.6, 0, "hold", 4], [0.9, 0, "smooth", 6]]
    assert lane["points"] == [[0, 0], [0.4, 1], [0.6 - 1e-6, 1], [0.6, 0], [1, 0]]
    curve = dict(answer["lanes"]["yaw_deg"]["points"])
    assert [round(at, 4) for at in curve][:3] == [0, 0.04, 0.08]
    assert curve[0.4] == 5
    lines = answer["lines"]
    assert lines["settings"] == {"length": [2], "fps": [], "loop": []}
    assert lines["events"] == {"5": ["blink_left", "blink_right"]}
    assert (lines["rests"], lines["commands"]) == ({"6": 0.9}, [])
    assert answer["ranges"]["zoom"][1] == 1


def test_an_hour_of_keys_is_a_small_answer(suite, ask):
    keys = [f"{20 * step} smile {step % 2}; yaw {step % 9} linear" for step in range(180)]
    asked = {"timeline": "\n".join(["length 3600", *keys]), "beneath": None}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert status == 200
    assert len(json.dumps(answer)) < 300_000
    lane = answer["lanes"]["smile_left"]
    times, values = (
        torch.tensor(row, dtype=torch.float64) for row in zip(*lane["points"], strict=True)
    )
    exact = suite.core.motion.timeline.timeline_values(
        suite.core.read_timeline(asked["timeline"]), times, 3600
    )["smile_left"]
    assert (values - exact).abs().max() < 1e-3


def test_the_front_end_gets_what_lies_beneath_after_a_run(suite, model, ask):
    motion = random_motion(1, 25, "lps-compact-21")
    given = {"motion_1": motion, "audio": sound(0.5), "source": batch(STILL)}
    ui = suite.ask("LPS_Timeline", model=model, timeline="0.2 play 1", **given).check().ui
    (beneath,) = ui["lps_timeline"]
    assert ui["lps_seen"]
    asked = {"timeline": "0.2 play 1", "beneath": {"run": beneath}}
    ((_, answer, _),) = ask(asked, route="timeline")
    (segment,) = answer["segments"]
    assert (segment["motion"], segment["at"], segment["end"], segment["number"]) == (1, 0.2, 1.2, 1)
    assert answer["motions"] == [1]
    assert answer["sound_s"] == 0.5
    assert len(answer["peaks"]) == 25
    assert max(answer["peaks"]) > 0.1
    assert answer["peak_s"] == 0.02
    unknown = {**asked, "beneath": {"run": "an older one"}}
    ((_, answer, _),) = ask(unknown, route="timeline")
    assert answer["segments"][0]["end"] is answer["motions"] is None
    unsaid = {"timeline": "", "beneath": {"run": beneath}}
    ((_, answer, _),) = ask(unsaid, route="timeline")
    assert [(one["end"], one["number"]) for one in answer["segments"]] == [(1, None)]


def test_files_beneath_are_shown_without_a_run(suite, ask, photo):
    motion = random_motion(1, 25, "lps-compact-21")
    save_motion(motion, suite.comfyui.input / "nod.safetensors")
    write_sound(suite.comfyui.input / "talk.wav", 0.5)
    files = {"audio": "talk.wav", "motions": [{"motion_file": "nod.safetensors"}]}
    asked = {"timeline": "0.2 play 1", "beneath": files}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert (status, answer["said"]) == (200, "")
    assert answer["segments"][0]["end"] == 1.2
    assert (answer["sound_s"], len(answer["peaks"])) == (0.5, 25)
    values = {"timeline": "0.2 play 1", "time_s": 0.5, "beneath": files}
    asked = [
        body(photo(), values=values),
        body(photo(), values={**values, "beneath": None}, sender="b"),
    ]
    (_, one, _), (_, other, _) = ask(*asked, route="preview/timeline")
    assert (one != other).any()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"audio": "../talk.wav"}, "There is no file '../talk.wav' in ComfyUI's folders"),
        ({"audio": "photo.png"}, "no sound"),
        (
            {"motions": [{"motion_file": "/etc/hostname"}]},
            "There is no motion file '/etc/hostname'",
        ),
        ({"motions": [{"motion_file": "nod.safetensors", "space": "x"}]}, "space is 'x'"),
    ],
)
def test_files_beneath_that_cannot_be_read_are_told_and_the_lanes_stay(
    suite,
    ask,
    photo,
    files,
    sentence,
):
    photo()
    save_motion(random_motion(1, 3), suite.comfyui.input / "nod.safetensors")
    asked = {"timeline": "0.2 smile 1; play 1", "beneath": files}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert status == 200
    assert sentence in answer["said"]
    assert answer["lanes"]["smile_left"]["keys"]
    ((status, answer, _),) = ask({**asked, "beneath": {"motions": 3}}, route="timeline")
    assert status == 422


def test_a_motion_beneath_of_another_space_is_told(suite, ask, photo):
    save_motion(random_motion(1, 3), suite.comfyui.input / "nod.safetensors")
    beneath = {"motions": [{"motion_file": "nod.safetensors"}]}
    values = {"timeline": "", "time_s": 0, "beneath": beneath}
    ((status, answer, _),) = ask(body(photo(), values=values), route="preview/timeline")
    assert status == 422
    assert "liveportrait-human-21" in answer["error"]


def test_the_front_end_gets_the_sentence_of_a_wrong_text(ask):
    asked = {"timeline": "0 smlie 1", "beneath": None}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert status == 422
    assert answer["error"].startswith("Line 1, 'smlie'")


def test_a_preview_shows_a_time(suite, model, ask, photo):
    values = {"timeline": TEXT, "time_s": 0.2, "beneath": None}
    asked = [
        body(photo(), values={**values, "time_s": time_s}, sender=str(time_s))
        for time_s in (0, 0.2, 9)
    ]
    (_, start, _), (_, turned, _), (_, end, _) = ask(*asked, route="preview/timeline")
    assert (start != turned).any()
    assert (turned == end).all()
    wrong = [{"timeline": 3}, *({"time_s": time_s} for time_s in (nan, inf, 10**400, -1, "1"))]
    asked = [
        body(photo(), values={**values, **given}, sender=str(index))
        for index, given in enumerate(wrong)
    ]
    for status, answer, _ in ask(*asked, route="preview/timeline"):
        assert status == 422
        assert answer["error"].startswith("In the request values.ti")
