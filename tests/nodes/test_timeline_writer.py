"""The text that the front end writes of a timeline, read back by the library."""

import json
import random
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from liveportrait_core import Timeline, read_timeline, write_timeline
from liveportrait_core.motion.curves import Key
from liveportrait_core.motion.timeline_options import Segment
from tests.test_web import BUILT, node

SCRIPT = Path(__file__).with_name("edit_timelines.mjs")
STUB = (
    "export const app = { registerExtension() {} }; export const api = { addEventListener() {} };\n"
)
"""In place of ComfyUI's own modules."""
NUM_TEXTS = 40
KEYS = (
    "smile 0.7",
    "smile_left 0.25 ease",
    "yaw 10 linear; jaw open 0.5",
    "gaze_x -0.6 hold, brow 0.5",
    "zoom 1.2 bezier 0.1 0 0.9 1",
    "slight smile; look left",
    "blink",
    "wink right; pitch 3",
    "nod",
    "rest",
    "rest ease",
    "yaw 1; rest",
    "surprised",
    "play 1 from 0.5 to 3 speed 2",
    "play 2 blend 0.3 region lip; smile 0.1",
    "play 0",
)
EDITS = (
    *("put", "move", "move", "value", "ease", "remove", "split", "length", "loop", "fps"),
    *("shift", "part", "play", "stop"),
)


@pytest.fixture(scope="module")
def edited(suite, tmp_path_factory):
    """Edits texts in the front end's own code; gives the results."""
    folder = tmp_path_factory.mktemp("front_end")
    place = folder / "a" / "b" / "c"
    place.mkdir(parents=True)
    (folder / "scripts").mkdir()
    (folder / "package.json").write_text('{"type": "module"}', "ascii")
    for name in ("app", "api"):
        (folder / "scripts" / f"{name}.js").write_text(STUB, "ascii")
    shutil.copy(BUILT, place)
    shutil.copy(SCRIPT, folder)
    server = suite.module("nodes.server.timelines")
    nothing = suite.module("nodes.server.asked").NOTHING

    def run(cases):
        sent = [
            {"text": text, "tracks": server.tracks_of(text, nothing), "edits": edits}
            for text, edits in cases
        ]
        done = subprocess.run(
            [node(), folder / SCRIPT.name, place / BUILT.name],
            input=json.dumps(sent, default=dict),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def timeline_of(result):
    """What the front end wants the text to say."""
    lanes = {
        name: tuple(
            Key(key["t"], key["v"], tuple(easing) if isinstance(easing, list) else easing)
            for key in lane["keys"]
            for easing in [key["easing"]]
        )
        for lane in result["lanes"]
        for name in lane["names"]
    }
    segments = tuple(
        Segment(
            motion=one["motion"],
            at_s=one["at"],
            from_s=one["from"],
            to_s=one["to"],
            lasts_s=one["for"],
            speed=one["speed"],
            blend_s=one["blend"],
            region=one["region"],
            when_shorter=one["then"],
        )
        for one in result["segments"]
    )
    stated = result["stated"]
    fps = None if stated["fps"] is None else Fraction(stated["fps"])
    return Timeline(
        lanes=lanes, segments=segments, length_s=stated["length_s"], fps=fps, loop=stated["loop"]
    )


def random_text(dice):
    """Lines as one writes them by hand, with comments, in any order."""
    lines = []
    if dice.random() < 0.6:
        lines += [f"length {60 + dice.randint(0, 9)}", *["loop"] * (dice.random() < 0.4)]
    if dice.random() < 0.3:
        lines.append("fps 24")
    if lines and dice.random() < 0.3:
        lines += [f"{dice.randint(0, 3)} = {dice.randint(0, 9)}:{dice.randint(1, 9)}"] * 2
    for time_s in dice.sample(range(50), dice.randint(0, 7)):
        lines.append(f"{time_s + dice.choice((0, 0.125, 0.5))} {dice.choice(KEYS)}")
        if dice.random() < 0.3:
            lines[-1] += f"  # said {len(lines)}"
    for _ in range(dice.randint(0, 4)):
        number = dice.randint(0, 10**6)
        lines.insert(dice.randint(0, len(lines)), dice.choice(("", f"# alone {number}")))
    text = "\n".join(lines) + dice.choice(("", "\n"))
    try:
        read_timeline(text)
    except ValueError:  # commands are shorter than keys are late, say
        return random_text(dice)
    return text


def random_edits(dice):
    numbers = [[dice.random() for _ in range(4)] for _ in range(dice.randint(1, 4))]
    return [[dice.choice(EDITS), each] for each in numbers]


def remarks(text):
    """Comments, and how many lines are blank."""
    lines = text.splitlines()
    said = sorted(line[line.index("#") :] for line in lines if "#" in line)
    return said, sum(not line.strip() for line in lines)


def read_or_none(read, *given):
    """What is read; None where that is no timeline, as keys may be moved beyond its end."""
    try:
        return read(*given)
    except ValueError:
        return None


def test_what_is_written_reads_as_what_is_shown(edited):
    dice = random.Random(17)  # noqa: S311
    texts = [random_text(dice) for _ in range(NUM_TEXTS)]
    for _ in range(2):
        cases = [(text, random_edits(dice)) for text in texts]
        results = edited(cases)
        texts = []
        for (text, edits), result in zip(cases, results, strict=True):
            told = f"{text}\n-- {edits} -->\n{result['text']}"
            wanted = read_or_none(timeline_of, result)
            assert read_or_none(read_timeline, result["text"]) == wanted, told
            assert remarks(result["text"]) == remarks(text), told
            if wanted is not None:
                assert read_timeline(write_timeline(wanted)) == wanted
                texts.append(result["text"])
        assert len(texts) > NUM_TEXTS / 2


def test_what_is_not_changed_stays_as_it_was(edited):
    dice = random.Random(18)  # noqa: S311
    texts = [random_text(dice) for _ in range(NUM_TEXTS)]
    for text, result in zip(texts, edited([(text, []) for text in texts]), strict=True):
        assert result["text"].splitlines() == text.splitlines()


TEXT = """\
# a greeting
length 4

# she smiles
0.8 slight smile; yaw 10  # to the left
1.2  blink
# and rests
3.0 rest
"""


def test_one_change_leaves_the_other_lines(edited):
    first = [0.0, 0.0, 0.0, 0.0]
    turned = ["value", [0.99, 0.0, 1.0, 0.0]]  # the last lane: yaw
    moved = ["move", [0.99, 0.0, 0.05, 0.0]]
    wider, later, longer, nothing = edited(
        [(TEXT, [turned]), (TEXT, [moved]), (TEXT, [["length", [0.5] * 4]]), ("", [["put", first]])]
    )
    lines = TEXT.splitlines()
    assert wider["text"].splitlines() == [
        *lines[:4],
        "0.8 smile 0.24; cheek_raise 0.12; yaw 25  # to the left",
        *lines[5:],
    ]
    assert later["text"].splitlines() == [
        *lines[:4],
        "0.8 smile 0.24; cheek_raise 0.12  # to the left",
        "0.85 yaw 10",
        *lines[5:],
    ]
    assert longer["text"].splitlines() == [lines[0], "length 65", *lines[2:]]
    assert nothing["text"] == "0 blink -1\n"
