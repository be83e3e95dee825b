"""Timeline: keys over motions, with a sound, and what the front end draws of it."""

from fractions import Fraction
from math import inf, nan

import pytest
import torch

from tests.nodes.suite import STILL, batch
from tests.nodes.test_previews import ask, body, photo  # noqa: F401 - fixtures
from tests.support.motions import random_motion
from tests.support.speaking import tone

TEXT = "length 0.4\n0.2 yaw 10; jaw open 0.5\n"


@pytest.fixture
def made(suite, model):
    def run(text=TEXT, **inputs):
        return suite("LPS_Timeline", model=model, timeline=text, **inputs)

    return run


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


def test_the_front_end_gets_lanes_frame_by_frame(ask):  # noqa: F811 - the fixture
    asked = {"timeline": "length 1\n0.4 smile 1 linear; yaw 5", "beneath": None}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert status == 200
    assert (answer["length_s"], answer["fps"]) == (1, 25)
    assert answer["stated"] == {"length_s": 1, "fps": None, "loop": False}
    lane = answer["lanes"]["smile_left"]
    assert lane["keys"] == [[0.4, 1, "linear"]]
    assert lane["values"][:11] == [round(0.1 * frame, 4) for frame in range(11)]
    assert answer["ranges"]["zoom"][1] == 1
    assert answer["text"] == "length 1\n0.4 smile 1 linear; yaw 5\n"


def test_the_front_end_gets_what_lies_beneath_after_a_run(suite, model, ask):  # noqa: F811
    motion = random_motion(1, 25, "lps-compact-21")
    given = {"motion_1": motion, "audio": sound(0.5), "source": batch(STILL)}
    ui = suite.ask("LPS_Timeline", model=model, timeline="0.2 play 1", **given).check().ui
    (beneath,) = ui["lps_timeline"]
    assert ui["lps_seen"]
    asked = {"timeline": "0.2 play 1", "beneath": beneath}
    ((_, answer, _),) = ask(asked, route="timeline")
    assert answer["segments"] == [{"line": "0.2 play 1", "at": 0.2, "end": 1.2}]
    assert answer["sound_s"] == 0.5
    assert len(answer["peaks"]) == 25
    assert max(answer["peaks"]) > 0.1
    unknown = {**asked, "beneath": "an older one"}
    ((_, answer, _),) = ask(unknown, route="timeline")
    assert answer["segments"] == [{"line": "0.2 play 1", "at": 0.2, "end": None}]


def test_the_front_end_gets_the_sentence_of_a_wrong_text(ask):  # noqa: F811 - the fixture
    asked = {"timeline": "0 smlie 1", "beneath": None}
    ((status, answer, _),) = ask(asked, route="timeline")
    assert status == 422
    assert answer["error"].startswith("Line 1, 'smlie'")


def test_a_preview_shows_a_time(suite, model, ask, photo):  # noqa: F811 - the fixtures
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
        assert answer["error"].startswith("The preview of a timeline asks for the time")
