from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.neutral_frame import (
    distances_from_neutral,
    neutral_frame,
    neutral_of_shots,
)
from liveportrait_core.motion.regions import keypoint_space
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


def test_a_face_that_comes_late_is_judged_by_the_frames_that_show_it():
    # 30 frames repeat the first that shows the face, which laughs for a moment
    motion = driver(lip=[(frame, 0.5) for frame in range(32)], yaw=[(f, 30.0) for f in range(32)])
    motion = motion.describe(validity=(torch.arange(40) >= 30).float())
    assert neutral_frame(motion) == 32


def test_eyes_that_are_shut_most_of_the_time_are_not_neutral():
    assert neutral_frame(driver(eyes=[(frame, 0.05) for frame in range(30)])) == 30


def test_who_faces_the_camera_first_and_is_turned_later_starts_neutral():
    motion = driver(yaw=[(frame, 30.0) for frame in range(5, 40)])
    assert neutral_frame(motion) == 0
    # filmed from the side: the median counts as well
    aside = driver(yaw=[(0, -20.0), *((frame, 30.0) for frame in range(1, 40))])
    assert neutral_frame(aside) == 1


def test_without_openness_the_pose_counts_alone():
    assert neutral_frame(driver(yaw=[(0, 40.0)], openness=False)) == 1
    assert distances_from_neutral(driver(openness=False)).shape == (40, 3)


@given(st.lists(st.floats(0.0, 0.6), min_size=1, max_size=30))
def test_the_frame_taken_is_never_further_from_neutral_than_the_first(openings):
    motion = driver(len(openings), lip=list(enumerate(openings)))
    score = distances_from_neutral(motion).square().sum(1)
    assert score[neutral_frame(motion)] <= score[0]


def film(*shots):
    """Shots of 20 frames of (yaw, eyes, lip); each frame's expression is its own number."""
    values = torch.tensor(shots).repeat_interleave(20, 0)
    numbers = torch.arange(float(len(values)))[:, None, None]
    motion = Motion.from_degrees(
        pose_deg=torch.stack((0 * values[:, 0], values[:, 0], 0 * values[:, 0]), 1),
        expression=numbers.expand(-1, 21, 3),
        scale=1 + numbers[:, 0],
        translation=numbers[:, 0].expand(-1, 3),
    )
    return motion.describe(
        eyes_open=values[:, 1:2].expand(-1, 2).clone(),
        lip_open=values[:, 2:].clone(),
        shot=torch.arange(len(shots)).repeat_interleave(20),
        space=COMPACT_SPACE,
    )


def test_shots_that_are_near_neutral_keep_their_own_frames():
    motion = film((0.0, 0.3, 0.02), (40.0, 0.28, 0.05))
    found = neutral_of_shots(motion)
    assert found.frames == (0, 20)
    assert found.borrowed == ()
    assert torch.equal(found.motion.expression, motion.expression[[0, 20]])


def test_a_shot_that_only_shows_an_open_mouth_takes_the_shut_one_of_the_nearest_shot():
    shut, talks, other = (0.0, 0.3, 0.02), (25.0, 0.3, 0.5), (0.0, 0.3, 0.04)
    motion = film(shut, other, talks, shut, talks)
    found = neutral_of_shots(motion)
    assert found.frames == (0, 20, 40, 60, 80)
    assert found.borrowed == (2, 4)
    lip = keypoint_space(COMPACT_SPACE).expression_mask("lip")
    for shot, donor in ((2, 20), (4, 60)):  # of two as near, the earlier one
        assert (found.motion.expression[shot][lip] == donor).all()
        assert (found.motion.expression[shot][~lip] == found.frames[shot]).all()
        assert torch.equal(found.motion.lip_open[shot], motion.lip_open[donor])
    # pose, place and size depend on the camera
    for name in ("pose_deg", "translation", "scale", "eyes_open"):
        own = getattr(motion, name)[list(found.frames)]
        assert torch.equal(getattr(found.motion, name), own)


def test_shut_eyes_are_taken_open_from_another_shot_and_the_mouth_stays():
    motion = film((0.0, 0.03, 0.02), (0.0, 0.3, 0.02), (0.0, 0.3, 0.02))
    found = neutral_of_shots(motion)
    assert found.borrowed == (0,)
    eyes = keypoint_space(COMPACT_SPACE).expression_mask("eyes")
    assert (found.motion.expression[0][eyes] == 20).all()
    assert (found.motion.expression[0][~eyes] == 0).all()
    assert torch.equal(found.motion.eyes_open[0], motion.eyes_open[20])


def test_without_a_better_shot_each_has_its_own():
    motion = film((0.0, 0.3, 0.5), (0.0, 0.3, 0.52))
    assert neutral_of_shots(motion).borrowed == ()
    bare = motion.describe(eyes_open=None, lip_open=None)
    assert torch.equal(neutral_of_shots(bare).motion.expression, motion.expression[[0, 20]])


def test_a_shot_begins_where_the_whole_driver_says_that_the_mouth_is_shut():
    motion = film((0.0, 0.3, 0.02), (0.0, 0.3, 0.5))
    motion.lip_open[30] = 0.03  # by the second shot's own opening no more than an outlier
    assert neutral_of_shots(motion).frames == (0, 30)
