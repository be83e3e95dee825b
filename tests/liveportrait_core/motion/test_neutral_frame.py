from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.motion.neutral_frame import distances_from_neutral, neutral_frame
from liveportrait_core.motion.types import Motion


def driver(num_frames=40, *, yaw=(), eyes=(), lip=(), openness=True):
    """A still face; the frames that are named by number and value differ."""
    pose = torch.tensor([[5.0, 2.0, 1.0]]).repeat(num_frames, 1)
    eyes_open = torch.full((num_frames, 2), 0.35)
    lip_open = torch.full((num_frames, 1), 0.02)
    for frame, value in yaw:
        pose[frame, 1] = value
    for frame, value in eyes:
        eyes_open[frame] = value
    for frame, value in lip:
        lip_open[frame] = value
    motion = Motion.from_degrees(
        pose_deg=pose,
        expression=torch.zeros(num_frames, 21, 3),
        scale=torch.ones(num_frames, 1),
        translation=torch.zeros(num_frames, 3),
    ).describe(fps=Fraction(25))
    return motion.describe(eyes_open=eyes_open, lip_open=lip_open) if openness else motion


def test_a_first_frame_near_neutral_is_kept_though_others_are_nearer():
    assert neutral_frame(driver(yaw=[(0, 12.0)], eyes=[(0, 0.26)], lip=[(0, 0.1)])) == 0
    assert neutral_frame(driver(1, lip=[(0, 0.5)])) == 0


@pytest.mark.parametrize(
    "start",
    [
        {"eyes": [(0, 0.05), (1, 0.05), (2, 0.1), (3, 0.2)]},
        {"lip": [(0, 0.5), (1, 0.4), (2, 0.3), (3, 0.2)]},
        {"yaw": [(0, 40.0), (1, 35.0), (2, 30.0), (3, 20.0)]},
    ],
)
def test_a_start_with_a_blink_an_open_mouth_or_a_turned_head_is_passed_over(start):
    assert neutral_frame(driver(**start)) == 4


def test_the_best_frame_soon_after_the_first_good_one_is_taken():
    blink = [(0, 0.05), (1, 0.1), (2, 0.25), (3, 0.3)]
    assert neutral_frame(driver(eyes=blink)) == 4


def test_frames_that_are_not_measured_are_never_taken():
    motion = driver(lip=[(0, 0.5), (1, 0.5)])
    validity = torch.ones(40)
    validity[2:5] = torch.tensor([0.0, 0.5, 0.0])
    assert neutral_frame(motion.describe(validity=validity)) == 5


def test_without_openness_the_pose_counts_alone():
    assert neutral_frame(driver(yaw=[(0, 40.0)], openness=False)) == 1
    assert distances_from_neutral(driver(openness=False)).shape == (40, 3)


@given(st.lists(st.floats(0.0, 0.6), min_size=1, max_size=30))
def test_the_frame_taken_is_never_further_from_neutral_than_the_first(openings):
    motion = driver(len(openings), lip=list(enumerate(openings)))
    score = distances_from_neutral(motion).square().sum(1)
    assert score[neutral_frame(motion)] <= score[0]
