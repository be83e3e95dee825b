"""The text of a timeline: read, written, and refused by line and word."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.motion.curves import EASINGS, Key
from liveportrait_core.motion.timeline import CONTROL_NAMES, Timeline, control_spec, timeline_values
from liveportrait_core.motion.timeline_options import Segment
from liveportrait_core.motion.timeline_text import begins_timeline, parse_timeline
from liveportrait_core.motion.timeline_writing import write_timeline

TENTHS = st.integers(0, 10).map(lambda tenth: tenth / 10)
EASING = st.sampled_from(EASINGS) | st.tuples(TENTHS, TENTHS, TENTHS, TENTHS)
SECONDS = st.integers(0, 99999).map(lambda number: number / 10000)


@st.composite
def lanes(draw):
    """Keys of a few controls, within their ranges."""
    made = {}
    for name in draw(st.lists(st.sampled_from(CONTROL_NAMES), max_size=4, unique=True)):
        spec = control_spec(name)
        values = st.floats(spec.minimum, spec.maximum, allow_nan=False)
        moments = draw(st.lists(SECONDS, min_size=1, max_size=4, unique=True))
        made[name] = tuple(Key(moment, draw(values), draw(EASING)) for moment in moments)
    return made


SEGMENTS = st.builds(
    Segment,
    motion=st.integers(0, 4),
    at_s=SECONDS,
    from_s=TENTHS,
    to_s=st.none() | st.just(3.5),
    lasts_s=st.none() | st.just(2.25),
    speed=st.sampled_from([1.0, 0.3333, 2.0]),
    blend_s=TENTHS,
    region=st.sampled_from(["all", "lip", "eyes"]),
    when_shorter=st.sampled_from(["hold", "loop", "bounce"]),
)
TIMELINES = st.builds(
    Timeline,
    lanes=lanes(),
    segments=st.lists(SEGMENTS, max_size=3).map(tuple),
    length_s=st.none() | st.just(12.5),
    loop=st.booleans(),
)


@given(TIMELINES)
def test_a_timeline_that_is_written_reads_as_the_same(timeline):
    text = write_timeline(timeline)
    assert parse_timeline(text) == timeline
    assert write_timeline(parse_timeline(text)) == text


def test_a_text_by_hand():
    timeline = parse_timeline(
        """
        # a greeting
        length 4s
        fps 30000/1001
        loop

        0.0 Smile 0
        0.8 smile .7 ease; yaw 10, jaw open 0.25 linear
        1:02.5 smile left 0
        1500ms brow_inner 1 bezier .3 0 .7 1
        """.replace("1:02.5", "0:02.5")
    )
    assert (timeline.length_s, str(timeline.fps), timeline.loop) == (4, "30000/1001", True)
    both = (Key(0, 0), Key(0.8, 0.7, "ease"))
    brow = (Key(1.5, 1, (0.3, 0, 0.7, 1)),)
    assert timeline.lanes == {
        "smile_left": (*both, Key(2.5, 0)),
        "smile_right": both,
        "yaw_deg": (Key(0.8, 10),),
        "jaw_open": (Key(0.8, 0.25, "linear"),),
        "brow_inner_left": brow,
        "brow_inner_right": brow,
    }
    assert write_timeline(timeline).splitlines() == [
        "length 4",
        "fps 30000/1001",
        "loop",
        "0 smile 0",
        "0.8 smile 0.7 ease; jaw_open 0.25 linear; yaw 10",
        "1.5 brow_inner 1 bezier 0.3 0 0.7 1",
        "2.5 smile_left 0",
    ]


@pytest.mark.parametrize("unit", ["", "\u00b0", " degrees", " deg", "deg", "\u5ea6", " \u5ea6"])
@pytest.mark.parametrize("easing", ["", " hold"])
def test_a_turn_may_have_its_unit(unit, easing):
    assert parse_timeline(f"1 yaw -10{unit}{easing}") == parse_timeline(f"1 yaw -10{easing}")


@pytest.mark.parametrize(
    "time", ["1.5", "1.5s", "1500ms", "0:1.5", "1.5\u79d2", "1500\u6beb\u79d2"]
)
def test_times_have_several_units(time):
    assert parse_timeline(f"{time} smile 1") == parse_timeline("1.5 smile 1")


def test_letters_and_signs_may_be_of_full_width():
    wide = (
        "\uff10\uff0e\uff18 \uff53mile \uff10\uff0e\uff17\uff1b yaw \uff11\uff10\uff0c jaw_open 1"
    )
    assert parse_timeline(f"{wide}\uff03 hello") == parse_timeline(
        "0.8 smile 0.7; yaw 10, jaw_open 1"
    )
    assert parse_timeline("\uff03 hello") == Timeline()
    assert parse_timeline("\uff11\uff1d\uff15\uff1a\uff11\uff10") == parse_timeline("1=5:10")


def test_segments():
    timeline = parse_timeline(
        "0 play 1\n2 play 2 from .5 to 3s speed 1.5 blend 200ms region lip then loop"
    )
    assert timeline.segments == (
        Segment(motion=1),
        Segment(
            motion=2,
            at_s=2,
            from_s=0.5,
            to_s=3,
            speed=1.5,
            blend_s=0.2,
            region="lip",
            when_shorter="loop",
        ),
    )


def test_a_blink_shuts_the_eyes_for_a_moment_and_goes_back():
    timeline = parse_timeline("0 blink .2\n1 blink")
    times = torch.tensor([1, 1.085, 1.105, 1.255, 2], dtype=torch.float64)
    values = timeline_values(timeline, times, 3)
    assert values["blink_left"].tolist() == pytest.approx([0.2, 1, 1, 0.2, 0.2])
    assert values["blink_right"].tolist() == values["blink_left"].tolist()


def test_a_nod_is_on_top_of_what_the_head_does():
    timeline = parse_timeline("0 pitch 4\n2 pitch -4 linear\n1 nod")
    times = torch.tensor([1, 1.2, 1.45, 1.7, 1.9], dtype=torch.float64)
    values = timeline_values(timeline, times, 3)["pitch_deg"].tolist()
    # 4 - 4 t beneath, with 0, 8, -2, 0 added
    assert values[:4] == pytest.approx([0, -0.8 + 8, -1.8 - 2, -2.8])


def test_rest_brings_back_every_control_that_has_keys():
    timeline = parse_timeline("1 smile 1; zoom 1.2\n2 rest ease\n2 smile left .5")
    assert timeline.lanes["smile_left"][-1] == Key(2, 0.5)
    assert timeline.lanes["smile_right"][-1] == Key(2, 0, "ease")
    assert timeline.lanes["zoom"][-1] == Key(2, 1, "ease")


def test_a_way_may_be_two_words():
    assert parse_timeline("1 smile 1 ease in") == parse_timeline("1 smile 1 ease-in")
    assert parse_timeline("1 yaw 5 Ease Out") == parse_timeline("1 yaw 5 ease-out")


def test_an_empty_text_is_an_empty_timeline():
    assert begins_timeline("# nothing\n\n")
    assert parse_timeline("") == parse_timeline("# nothing\n\n") == Timeline()
    assert write_timeline(Timeline()) == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 smile 0\n.5 smlie 1", r"Line 2, 'smlie': a control is expected\. Did you mean 'smile'"),
        ("0.5", r"Line 1, '0\.5': a line that says what happens at this time is expected"),
        ("1 ; ,", r"Line 1, '1': a line that says what happens at this time is expected"),
        ("smile 1", r"Line 1, 'smile': a time such as 0\.8 is expected\."),
        ("lenght 4", r"Line 1, 'lenght': a time such as 0\.8 is expected\. Did you mean 'length'"),
        ("0 smile", r"Line 1, 'smile': a number is expected after it \(-1 to 1\)"),
        ("0 smile 3", r"Line 1: smile_left is 3\.0; a number from -1 to 1 is expected"),
        ("0 yaw 5 sin", r"Line 1, 'sin': a way to this key, or ';' before what else happens"),
        ("0 yaw 5 degrees esae", r"Line 1, 'esae': a way to .* Did you mean 'ease'"),
        ("0 smile left 1 yaw 5", r"Line 1, 'yaw 5': a way to this key, or ';'"),
        ("0 smile 1 bezier .3 0 .7", r"Line 1, 'bezier \.3 0 \.7': four numbers x1 y1 x2 y2"),
        ("0 smile 1 bezier 3 0 .7 1", r"Line 1: The easing is \(3\.0, 0\.0, 0\.7, 1\.0\); one of"),
        ("0 smile 1\n0 smile left 1", r"Line 2: smile_left has a key at 0 s already, in line 1"),
        ("0 bezier .3 0 .7 1", r"Line 1, 'bezier \.3 0 \.7': a control is expected"),
        ("0 play x", r"Line 1, 'x': the number of a motion is expected after 'play'"),
        ("0 play 1 fron 2", r"Line 1, 'fron': one of these is expected\. Did you mean 'from'"),
        ("0 play 1 from x", r"Line 1, 'x': a time such as 0\.8 is expected"),
        ("0 play 1 from 2 to 1", r"Line 1: .* an end after its beginning is expected"),
        ("0 play 1 region nose", r"Line 1: region is 'nose'; one of all, expression"),
        ("0 play 1 speed 0", r"Line 1: speed is 0\.0; a number above 0"),
        (
            "1 = 5",
            r"Line 1, '1 = 5': 'MOTION = FRAMES TO GET THERE : FRAMES TO STAY', as '1 = 5:10'",
        ),
        ("length", r"Line 1, 'length': one number is expected after 'length'"),
        ("length 4\nlength 5", r"Line 2, 'length': one line of it is expected"),
        ("loop yes", r"Line 1, 'yes': nothing is expected after 'loop'"),
        ("fps 0", r"Line 1, '0': a frame rate above 0 up to 1000, as 25 or 30000/1001 is expected"),
        ("fps 100000", r"Line 1, '100000': a frame rate above 0 up to 1000"),
        ("0 yaw 100 degrees", r"Line 1: yaw_deg is 100\.0; a number from "),
        ("0 smile 1 degrees", r"Line 1, 'degrees': a way to this key"),
        (f"0 {'x' * 500} 1", rf"Line 1, '{'x' * 59}\u2026': a control is expected"),
        ("length 4\n5 smile 1", r"A key stands at 5 s and the timeline is 4 s long"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_word(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_timeline(text)


def test_an_event_goes_by_the_keys_near_it_alone():
    """Many keys far away change no bit of it, and a text of many events is read at once."""
    near = "9 yaw 2\n9.5 yaw -4 ease\n11 yaw 6\n12 yaw 1"
    far = "\n".join(f"{time_s} yaw {time_s % 7}" for time_s in [*range(9), *range(13, 900)])
    alone, among = (parse_timeline(f"{keys}\n10 shake") for keys in (near, f"{near}\n{far}"))

    def shaken(timeline):
        return [key for key in timeline.lanes["yaw_deg"] if 9.5 <= key.time_s <= 11]

    assert shaken(alone) == shaken(among)
    assert len(shaken(alone)) == len((9.5, 10, 10.2, 10.5, 10.75, 11))


def test_times_of_any_length_are_refused_as_any_other():
    with pytest.raises(ValueError, match=r"Line 1, '9+\u2026': a time such as 0.8 is expected"):
        parse_timeline("9" * 5000 + ":0 smile 1")
