"""motion layer, join, change, compare: motion files made of motion files."""

import json
from fractions import Fraction

import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.media.images import read_image
from liveportrait_core.media.motion_file import load_motion, save_motion
from liveportrait_core.motion.change import change_motion
from liveportrait_core.motion.layers import layer_motions
from liveportrait_core.motion.sequence import join_motions
from liveportrait_core.motion.tool_options import (
    ChangeOptions,
    ChannelGains,
    ChannelLimits,
    LayerOptions,
    OneEuroOptions,
)
from liveportrait_core.viz.motion_plot import plot_motions
from tests.support.motions import random_motion


@pytest.fixture
def motions(tmp_path):
    """Two motion files of one space and one of another, by name."""
    made = {
        "film": random_motion(1, 20, COMPACT_SPACE).describe(reference_frame=3),
        "idle": random_motion(2, 12, COMPACT_SPACE).describe(fps=Fraction(30)),
        "human": random_motion(3, 12, HUMAN_SPACE),
    }
    paths = {name: tmp_path / f"{name}.safetensors" for name in made}
    for name, motion in made.items():
        save_motion(motion, paths[name])
    return paths


def same(one, other):
    assert (len(one), one.fps) == (len(other), other.fps)
    for name in ("expression", "rotation", "scale", "translation"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=1e-6, rtol=0)
    torch.testing.assert_close(one.reference.expression, other.reference.expression)


def test_a_layer_is_that_of_the_library(liveportrait, motions, out):
    pair, path = (motions["film"], motions["idle"]), out / "made.safetensors"
    more = ("--region", "eyes", "--how", "add", "--strength", 0.5, "--when-shorter", "bounce")
    ran = liveportrait("motion", "layer", *pair, "-o", path, *more)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{path}: 20 frames at 25 a second, 0.80 s\n"
    options = LayerOptions(region="eyes", how="add", strength=0.5, when_shorter="bounce")
    same(load_motion(path), layer_motions(*map(load_motion, pair), options))


def test_a_join_is_that_of_the_library(liveportrait, motions, out):
    files, path = [motions[name] for name in ("film", "idle", "film")], out / "made.safetensors"
    ran = liveportrait("motion", "join", *files, "-o", path, "--blend-frames", 3, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["frames"] == 20 + 10 + 20 - 2 * 3
    same(load_motion(path), join_motions([load_motion(file) for file in files], 3))


def test_a_change_is_that_of_the_library(liveportrait, motions, out):
    path = out / "made.safetensors"
    flags = {
        **{"start": 0.2, "duration": 0.5, "fps": "30000/1001", "smooth": "one-euro"},
        **{"cutoff": 2, "beta": 3, "gain-yaw": 0.5, "max-turn": 9, "times": 2, "crossfade": 3},
    }
    given = [text for name, value in flags.items() for text in (f"--{name}", value)]
    ran = liveportrait("motion", "change", motions["film"], "-o", path, "--mirror", *given)
    assert (ran.code, ran.err) == (0, "")
    options = ChangeOptions(
        start=0.2,
        duration=0.5,
        fps=Fraction(30000, 1001),
        smooth="one-euro",
        one_euro=OneEuroOptions(cutoff_hz=2, beta=3),
        mirror=True,
        gains=ChannelGains(gain_yaw=0.5),
        limits=ChannelLimits(max_turn_deg=9),
        times=2,
        crossfade=3,
    )
    same(load_motion(path), change_motion(load_motion(motions["film"]), options))


def test_a_comparison_is_drawn(liveportrait, motions, out):
    path = out / "plot.png"
    ran = liveportrait("motion", "compare", motions["film"], motions["idle"], "-o", path)
    assert (ran.code, ran.err) == (0, "")
    named = {motions[name].name: load_motion(motions[name]) for name in ("film", "idle")}
    assert (read_image(path).rgb == plot_motions(named)).all()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("layer", "film", "human"), "The motion 'over' is of the keypoint space"),
        (("layer", "film", "idle", "--region", "nose"), "--region is 'nose'; one of all,"),
        (("layer", "film", "idle", "--strength", "2"), "--strength is 2.0; a number from 0 to 1"),
        (("layer", "film", "gone"), "gone"),
        (("join", "film", "human"), "The motion 'motion_2' is of the keypoint space"),
        (
            ("join", "film", "idle", "--blend-frames", "6"),
            "blend_frames is 6 and motion 2 has 10 frames",
        ),
        (("change", "film", "--start", "3"), "The part of the motion has 0 frames;"),
        (("change", "human", "--mirror"), "have no sides"),
        (("change", "film", "--max-scale", "1"), "--max-scale is 1.0; a number above 1 up to 10"),
        (("change", "film", "--crossfade", "11"), "The crossfade is 11 frames"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(liveportrait, motions, out, words, text):
    named = [motions.get(word, word) for word in words]
    ran = liveportrait("motion", *named, "-o", out / "made.safetensors")
    assert ran.code == 2
    assert text in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not list(out.iterdir())


def test_an_input_is_not_written_over(liveportrait, motions):
    before = motions["film"].read_bytes()
    ran = liveportrait("motion", "change", motions["film"], "-o", motions["film"])
    assert ran.code == 2
    assert "would replace the input" in ran.err
    ran = liveportrait("motion", "compare", motions["film"], "-o", "plot.mp4")
    assert "The output plot.mp4 ends in '.mp4'" in ran.err
    assert motions["film"].read_bytes() == before
