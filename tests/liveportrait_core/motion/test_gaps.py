from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.motion.gaps import interpolate_missing, slowing_times, trusted
from liveportrait_core.motion.types import Motion


def motion_of(values, fps=25):
    column = torch.tensor(values, dtype=torch.float32)[:, None]
    return Motion.from_degrees(
        pose_deg=column.expand(-1, 3),
        expression=column[..., None].expand(-1, 21, 3),
        scale=1 + column,
        translation=column.expand(-1, 3),
    ).describe(fps=Fraction(fps))


def test_gaps_are_filled_evenly_and_known_frames_kept():
    motion = motion_of([9.0, 1.0, 9.0, 9.0, 4.0, 9.0])
    filled = interpolate_missing(motion, [False, True, False, False, True, False])
    torch.testing.assert_close(filled.scale[:, 0], torch.tensor([2.0, 2.0, 3.0, 4.0, 5.0, 5.0]))
    for frame in (1, 4):
        assert torch.equal(filled.expression[frame], motion.expression[frame])
    assert interpolate_missing(motion, [True] * 6) is motion


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_held_gap_keeps_the_last_motion_and_eases_into_the_next(fps):
    known = [True] + [False] * 29 + [True]
    held = [not is_known for is_known in known]
    filled = interpolate_missing(motion_of([0.0] + [9.0] * 29 + [1.0], fps), known, held)
    values = filled.translation[:, 0]
    ease = round(0.2 * fps)
    assert torch.equal(values[: 31 - ease], torch.zeros(31 - ease))
    assert values[-1] == 1
    steps = values.diff()
    assert (steps >= 0).all()
    assert steps.max() < 1.6 / ease


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.booleans(), st.booleans()), min_size=1, max_size=40),
    st.integers(5, 60),
)
def test_filled_values_stay_between_known_ones_which_are_kept_till_they_slow_down(frames, fps):
    values, known, held = (list(column) for column in zip(*frames, strict=True))
    known[0] = True
    motion = motion_of(values, fps)
    filled = interpolate_missing(motion, known, held).translation[:, 0]
    kept = motion.translation[:, 0][torch.tensor(known)]
    times = slowing_times(known, held, slow=round(0.1 * fps), ease=max(1, round(0.2 * fps)))
    own = torch.tensor(known) & (times == torch.arange(len(known)))
    assert torch.equal(filled[own], motion.translation[:, 0][own])
    assert filled.min() >= kept.min() - 1e-6
    assert filled.max() <= kept.max() + 1e-6


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_motion_slows_down_to_the_one_that_is_held(fps):
    values = [*(0.1 * n for n in range(30)), *[9.0] * 30]
    known = [True] * 30 + [False] * 30
    filled = interpolate_missing(motion_of(values, fps), known, [not one for one in known])
    places = filled.translation[:, 0]
    slow = round(0.1 * fps)
    torch.testing.assert_close(places[: 30 - slow], torch.tensor(values[: 30 - slow]))
    torch.testing.assert_close(places[29 + slow :], torch.full((31 - slow,), 2.9))
    speeds = places.diff()
    assert (speeds >= -1e-6).all()
    assert (speeds.diff() <= 1e-5).all()
    # without easing the speed falls by all of 0.1 at once
    assert speeds.diff().min() > -0.1 / slow


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 6),
    st.integers(1, 12),
)
def test_slowing_never_goes_back_nor_looks_at_frames_that_are_not_known(frames, slow, ease):
    known, held = (list(column) for column in zip(*frames, strict=True))
    times = slowing_times(known, held, slow=slow, ease=ease)
    own = torch.arange(len(known), dtype=torch.float64)
    assert (times.diff() >= 0).all()
    moved = times != own
    assert (times[moved] < own[moved]).all()
    assert (own - times).max() <= slow
    for time in times[moved]:
        assert known[int(time.floor())]
        assert known[int(time.ceil())]


def turning(yaw_deg, scale=None, fps=25):
    pose = torch.zeros(len(yaw_deg), 3)
    pose[:, 1] = torch.tensor(yaw_deg)
    return Motion.from_degrees(
        pose_deg=pose,
        expression=torch.zeros(len(yaw_deg), 21, 3),
        scale=torch.tensor(scale or [1.5] * len(yaw_deg))[:, None],
        translation=torch.zeros(len(yaw_deg), 3),
    ).describe(fps=Fraction(fps))


def distrusted(motion, gap):
    known = [frame not in gap for frame in range(len(motion))]
    result = trusted(motion, known)
    assert not any(result[frame] for frame in gap)
    return [frame for frame in range(len(motion)) if known[frame] and not result[frame]]


def test_frames_beside_a_gap_after_a_jump_are_not_trusted():
    # 40 frames; the gap is 18 to 22, frames 16, 17 and 23 are half covered
    yaw = [2.0] * 40
    yaw[16:18], yaw[23] = [12.0, 30.0], -20.0
    assert distrusted(turning(yaw), range(18, 23)) == [16, 17, 23]
    shrunk = [1.5] * 40
    shrunk[17], shrunk[23] = 1.2, 1.4
    assert distrusted(turning([0.0] * 40, shrunk), range(18, 23)) == [17, 23]


def test_only_a_fifth_of_a_second_beside_a_gap_is_looked_at():
    yaw = [0.0] * 12 + [30.0] * 28  # cut at 12, far from the gap
    assert distrusted(turning(yaw), range(18, 23)) == []
    assert distrusted(turning(yaw), range(17, 23)) == [12, 13, 14, 15, 16]
    assert distrusted(turning(yaw, fps=50), range(20, 25)) == [12, 13, 14, 15, 16, 17, 18, 19]
    assert distrusted(turning(yaw), ()) == []


@pytest.mark.parametrize("fps", [15, 25, 60])
def test_a_head_that_turns_quickly_into_a_gap_is_trusted(fps):
    yaw = [120.0 / fps * frame for frame in range(40)]
    assert distrusted(turning(yaw, fps=fps), range(18, 23)) == []


def test_of_a_short_run_between_gaps_the_middle_stays():
    yaw = [0.0, 30.0, 0.0, 30.0, 0.0] * 8
    gap = [frame for frame in range(40) if frame not in (20, 21, 22)]
    assert distrusted(turning(yaw), gap) == [20, 22]
    assert distrusted(turning(yaw), [frame for frame in range(40) if frame != 20]) == []
