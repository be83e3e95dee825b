"""Drivers at the frame rate of moving frames, and as long."""

from fractions import Fraction

import pytest
import torch

from liveportrait_core.animation.timing import matched
from liveportrait_core.motion.types import Motion
from liveportrait_core.options import AnimateOptions, DrivingOptions


def counted(num_frames, fps=25):
    """A motion whose x tells the frame."""
    x = torch.arange(num_frames, dtype=torch.float32)
    return Motion.from_degrees(
        pose_deg=torch.zeros(num_frames, 3),
        expression=torch.zeros(num_frames, 21, 3),
        scale=torch.ones(num_frames, 1),
        translation=torch.stack((x, torch.zeros_like(x), torch.zeros_like(x)), 1),
    ).describe(fps=Fraction(fps))


def frames_of(motion):
    return motion.translation[:, 0].tolist()


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("stop", [0, 1, 2]),
        ("hold", [0, 1, 2, 2, 2, 2, 2]),
        ("loop", [0, 1, 2, 0, 1, 2, 0]),
        ("bounce", [0, 1, 2, 1, 0, 1, 2]),
    ],
)
def test_a_driver_that_ends_early_does_as_it_is_told(how, wanted):
    options = AnimateOptions(when_shorter=how)
    assert frames_of(matched(counted(3), Fraction(25), 7, options)) == wanted
    assert frames_of(matched(counted(9), Fraction(25), 7, options)) == list(range(7))


def test_a_driver_keeps_its_pace_unless_published():
    # 4 frames at 10 a second last .4 s, which are 8 frames at 20 a second
    made = matched(counted(4, fps=10), Fraction(20), 99, AnimateOptions())
    assert frames_of(made) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]
    published = AnimateOptions(driving=DrivingOptions(compat="published"))
    assert frames_of(matched(counted(4, fps=10), Fraction(20), 99, published)) == [0, 1, 2, 3]


def test_a_driver_of_one_frame_holds_for_all():
    still = counted(1, fps=10)
    assert matched(still, Fraction(25), 7, AnimateOptions(when_shorter="hold")) is still
