"""Layer, Blend, Join, Change and Compare Motions: what the library makes of the widgets."""

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.nodes.suite import pixels
from tests.support.motions import random_motion

COMPACT, HUMAN = "lps-compact-21", "liveportrait-human-21"
CHANGED = {
    **{"start": 0.2, "duration": 0.5, "smooth": "one-euro", "mirror": True, "times": 2},
    **{"crossfade": 2, "gain_yaw": 0.5, "max_turn_deg": 9.0, "cutoff_hz": 2.0, "beta": 3.0},
}


def made(suite, seed, frames, space=COMPACT, **changes):
    """A motion of the suite's own copy of the library."""
    found = random_motion(seed, frames, space).describe(**changes)
    return suite.core.Motion(**{each.name: getattr(found, each.name) for each in fields(found)})


@pytest.fixture
def film(suite):
    return made(suite, 1, 20, reference_frame=3)


@pytest.fixture
def idle(suite):
    return made(suite, 2, 12, fps=Fraction(30))


def same(one, other):
    assert (len(one), one.fps) == (len(other), other.fps)
    for name in ("expression", "rotation", "scale", "translation"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_a_layer_is_that_of_the_library(suite, film, idle):
    widgets = {"region": "eyes", "how": "add", "strength": 0.5, "when_shorter": "loop"}
    laid = suite("LPS_LayerMotions", base=film, over=idle, **widgets)
    same(laid, suite.core.layer_motions(film, idle, suite.core.LayerOptions(**widgets)))


def test_a_blend_is_a_layer_of_everything(suite, film, idle):
    core = suite.core
    for weight in (0.0, 0.3, 1.0):
        mixed = suite("LPS_BlendMotions", first=film, second=idle, weight=weight)
        options = core.LayerOptions(region="all", strength=weight)
        same(mixed, core.layer_motions(film, idle, options))


def test_motions_are_joined_in_order(suite, film, idle):
    pair = {"motion_1": film, "motion_2": idle}
    same(suite("LPS_JoinMotions", **pair), suite.core.join_motions([film, idle], 5))
    joined = suite("LPS_JoinMotions", **pair, motion_3=film, motion_4=idle, blend_frames=2)
    same(joined, suite.core.join_motions([film, idle, film, idle], 2))


def test_a_change_is_that_of_the_library(suite, film):
    build = suite.module("liveportrait_core.config.fields").build
    changed = suite("LPS_ChangeMotion", motion=film, fps=29.97, **CHANGED)
    options = build(suite.core.ChangeOptions, {**CHANGED, "fps": Fraction(30000, 1001)})
    same(changed, suite.core.change_motion(film, options))


def test_widgets_at_their_defaults_change_nothing(suite, film):
    same(suite("LPS_ChangeMotion", motion=film), film)


def test_motions_are_compared(suite, film, idle):
    run = suite.ask("LPS_CompareMotions", motion_1=film, motion_2=idle).check()
    plot = suite.module("liveportrait_core.viz.motion_plot").plot_motions
    wanted = plot({"motion_1": film, "motion_2": idle})
    np.testing.assert_array_equal(pixels(run.outputs[0])[0], wanted)
    (shown,) = run.ui["images"]
    assert (suite.comfyui.temp / shown["filename"]).is_file()


def test_motions_of_two_models_are_refused_by_the_input(suite, film):
    human = made(suite, 3, 12, HUMAN)
    for node, first, second in (
        ("LPS_LayerMotions", "base", "over"),
        ("LPS_BlendMotions", "first", "second"),
        ("LPS_JoinMotions", "motion_1", "motion_2"),
        ("LPS_CompareMotions", "motion_1", "motion_2"),
    ):
        message = suite.refusal(node, **{first: film, second: human})
        assert f"The motion '{second}' is of the keypoint space '{HUMAN}'" in message


@pytest.mark.parametrize(
    ("widgets", "text"),
    [
        ({"mirror": True}, "have no sides"),
        ({"start": 9.0}, "The part of the motion has 0 frames"),
        ({"crossfade": 11}, "The crossfade is 11 frames"),
        ({"max_scale": 0.5}, "max_scale is 0.5; a number above 1"),
        ({"smooth": "much"}, "smooth is 'much'; one of off, zero-phase, one-euro"),
    ],
)
def test_what_cannot_be_done_is_said(suite, widgets, text):
    human = made(suite, 3, 12, HUMAN)
    assert text in suite.refusal("LPS_ChangeMotion", motion=human, **widgets)


def test_what_is_no_motion_is_refused(suite, film):
    message = suite.refusal("LPS_LayerMotions", base=film, over="a text")
    assert "The input 'over' is str; a LIVEPORTRAIT_MOTION is expected." in message
    bad = film.describe(scale=torch.full((20, 1), torch.nan))
    assert "values of scale that are no finite" in suite.refusal("LPS_ChangeMotion", motion=bad)
