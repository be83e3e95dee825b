from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation import estimate as estimates
from liveportrait_core.animation.estimate import (
    Estimate,
    NetworkSeconds,
    estimate,
    expected_frames,
    model_bytes,
    network_seconds,
)
from liveportrait_core.media.clips import Frames
from liveportrait_core.motion.edit import neutral_motion
from liveportrait_core.motion.sliders import Sliders
from liveportrait_core.options import AnimateOptions, Edit
from liveportrait_core.pipeline import prepare
from tests.support.squares import PLAIN, square_tracker, walk

PLAIN_OPTIONS = AnimateOptions()
STILL = Frames([np.zeros((20, 30, 3), np.uint8)])


class Said:
    """A clip that says how long it is, and is not to be read."""

    def __init__(self, num_frames, height=1080, width=1920, fps=25):
        self.num_frames, self.height, self.width = num_frames, height, width
        self.fps = Fraction(fps)

    def __iter__(self):
        raise AssertionError("read")


def motion_of(num_frames):
    return neutral_motion("lps-compact-21")[torch.zeros(num_frames, dtype=torch.long)]


@pytest.fixture
def _known_speed(monkeypatch):
    known = NetworkSeconds(motion=0.01, appearance=0.02, drawing=0.1)
    monkeypatch.setattr(estimates, "network_seconds", lambda model: known)


@pytest.mark.parametrize(
    ("source", "driver", "fps", "more"),
    [
        (1, 5, 25, {}),
        (5, 1, 25, {}),
        (6, 4, 25, {}),
        (6, 4, 50, {"when_shorter": "loop"}),
        (4, 9, 50, {}),
        (4, 9, 50, {"source_when_shorter": "loop"}),
    ],
)
@pytest.mark.usefixtures("_no_gradients")
def test_the_number_of_frames_is_what_comes(model, source, driver, fps, more):
    options = replace(PLAIN, **more)
    still = source == 1
    clips = walk(source, step=0), walk(driver, step=0, fps=fps)
    made = prepare(
        model, clips[0].frames[0] if still else clips[0], clips[1], options,
        source_faces=square_tracker(), driving_faces=square_tracker("driver"),
    )  # fmt: skip
    assert expected_frames(*clips, options, is_video=not still) == len(made)


def test_sliders_move_what_there_is():
    sliders = Edit(sliders=Sliders())
    assert expected_frames(Said(80), sliders, PLAIN_OPTIONS, is_video=True) == 80
    assert expected_frames(STILL, sliders, PLAIN_OPTIONS, is_video=False) == 1


@pytest.mark.usefixtures("_known_speed")
def test_nothing_is_said_of_what_is_short_or_of_unknown_length(model):
    for source, driving, is_video in (
        (STILL, motion_of(49), False),
        (Said(None), motion_of(100), True),
        (STILL, Said(None), False),
    ):
        assert estimate(model, source, driving, PLAIN_OPTIONS, is_video=is_video) is None


@pytest.mark.usefixtures("_known_speed")
def test_time_grows_with_the_frames_and_memory_hardly(model, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    made = [
        estimate(model, Said(count), motion_of(count), PLAIN_OPTIONS, is_video=True)
        for count in (300, 6000)
    ]
    assert [one.num_frames for one in made] == [300, 6000]
    assert made[1].seconds == pytest.approx(20 * made[0].seconds)
    assert made[0].seconds > 300 * 0.12
    assert 1 < made[1].num_bytes / made[0].num_bytes < 1.1


@pytest.mark.usefixtures("_known_speed")
def test_frames_that_are_held_count(model):
    small = {"height": 100, "width": 100}
    shown, held = (
        estimate(model, STILL, driving, PLAIN_OPTIONS, is_video=False)
        for driving in (motion_of(60), Said(60, **small))
    )
    assert held.num_bytes - shown.num_bytes > 60 * 30000
    images = estimate(model, STILL, motion_of(60), PLAIN_OPTIONS, is_video=False, result_bytes=16)
    assert images.num_bytes - shown.num_bytes == 60 * 600 * 16


def test_networks_are_timed_and_weights_counted(model):
    seconds = network_seconds(model)
    assert min(seconds.motion, seconds.appearance, seconds.drawing) > 0
    weights = sum(one.numel() for net in model.modules().values() for one in net.parameters())
    assert model_bytes(model) >= 4 * weights


def test_it_is_one_line():
    made = Estimate(num_frames=6000, seconds=754.4, num_bytes=1_240_000_000)
    assert str(made) == "6,000 frames: about 12 min 34 s and 1.2 GB of memory"
    assert "about 1 s" in str(replace(made, seconds=0.2))
