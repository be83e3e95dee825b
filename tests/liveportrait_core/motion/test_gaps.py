from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.motion.gaps import interpolate_missing, slowing_times
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
