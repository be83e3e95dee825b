"""Curves through keys: exact at keys, within them, smooth, and round a circle."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.motion.curves import EASINGS, Key, curve_values

VALUES = st.integers(-100, 100).map(lambda number: number / 100)
INNER_HANDLES = st.tuples(*[st.integers(0, 10).map(lambda tenth: tenth / 10)] * 4)
EASING = st.sampled_from(EASINGS) | INNER_HANDLES


@st.composite
def curves(draw):
    """Keys at whole tenths of a second from 0 to 5."""
    tenths = draw(st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True))
    return [Key(tenth / 10, draw(VALUES), draw(EASING)) for tenth in sorted(tenths)]


def between(keys):
    """(99,) times inside each way between two keys, and the keys themselves."""
    for low, high in pairwise(keys):
        share = torch.arange(1, 100, dtype=torch.float64) / 100
        yield low, high, low.time_s + share * (high.time_s - low.time_s)


@given(curves(), st.none() | st.just(6.0))
def test_a_curve_is_exact_at_its_keys(keys, period_s):
    times = torch.tensor([key.time_s for key in keys], dtype=torch.float64)
    assert curve_values(keys, times, period_s).tolist() == [key.value for key in keys]


@given(curves())
def test_a_curve_stays_at_its_first_value_before_and_its_last_value_after(keys):
    times = torch.tensor([keys[0].time_s - 1, keys[-1].time_s + 1], dtype=torch.float64)
    assert curve_values(keys, times).tolist() == [keys[0].value, keys[-1].value]


@given(curves())
def test_between_two_keys_a_curve_goes_one_way_only(keys):
    """With handles from 0 to 1 it neither overshoots nor turns round."""
    for low, high, times in between(keys):
        ends = torch.tensor([[low.value], [high.value]], dtype=torch.float64)
        steps = torch.cat([ends[0], curve_values(keys, times), ends[1]]).diff()
        assert (steps * (1 if high.value >= low.value else -1) >= -1e-9).all()


@given(curves())
def test_a_smooth_curve_has_no_corner(keys):
    keys = [replace(key, easing="smooth") for key in keys]
    for key in keys:
        step = 1e-5
        around = torch.tensor(
            [key.time_s - step, key.time_s, key.time_s + step], dtype=torch.float64
        )
        before, after = (curve_values(keys, around).diff() / step).tolist()
        assert before == pytest.approx(after, abs=2e-2)


@given(curves())
def test_round_a_circle_the_end_goes_on_with_the_beginning(keys):
    keys = [replace(key, easing="smooth") for key in keys]
    times = torch.tensor([0.0, 6.0, 5.999999], dtype=torch.float64)
    start, end, before = curve_values(keys, times, 6.0).tolist()
    assert start == pytest.approx(end, abs=1e-12)
    assert before == pytest.approx(end, abs=1e-5)


@given(curves(), st.integers(0, 59))
def test_round_a_circle_it_does_not_matter_where_it_begins(keys, tenths):
    """Keys that are all moved by a time give the curve moved by that time."""
    moved = [replace(key, time_s=(key.time_s * 10 + tenths) % 60 / 10) for key in keys]
    moved.sort(key=lambda key: key.time_s)
    times = torch.arange(60, dtype=torch.float64) / 10 + 0.03
    expected = curve_values(keys, times, 6.0).roll(tenths)
    torch.testing.assert_close(curve_values(moved, times, 6.0), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("easing", "expected"),
    [
        ("linear", [0.25, 0.5, 0.75]),
        ("hold", [0.0, 0.0, 0.0]),
        # u^2 (3 - 2 u) at a quarter: (1/16) (5/2)
        ("smooth", [0.15625, 0.5, 0.84375]),
        # CSS's ease-in-out is symmetric, ease-in and ease-out are each other's mirror
        ("ease", [0.129162, 0.5, 0.870838]),
        ("ease-in", [0.093465, 0.315357, 0.621862]),
        ("ease-out", [0.378138, 0.684643, 0.906535]),
        # handles on the straight line
        ((0.2, 0.2, 0.7, 0.7), [0.25, 0.5, 0.75]),
        # x is u^3-like: at handles (0,0), (0,1) x = s^3, so s = u^(1/3), y = 3 s^2 - 2 s^3
        ((0.0, 0.0, 0.0, 1.0), [0.690551, 0.889882, 0.976446]),
    ],
)
def test_ways_from_0_to_1(easing, expected):
    keys = [Key(0, 0), Key(1, 1, easing)]
    times = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    assert curve_values(keys, times).tolist() == pytest.approx(expected, abs=1e-6)


def test_a_handle_above_1_overshoots_on_purpose():
    keys = [Key(0, 0), Key(1, 1, (0.3, 0, 0.6, 1.6))]
    assert curve_values(keys, torch.arange(100) / 100).max() > 1.05


def test_many_keys_on_one_way_pass_through_them_with_speed():
    """At a key amid a straight way the smooth curve has the way's slope: 1 a second."""
    keys = [Key(time_s, time_s) for time_s in (0, 1, 2, 3)]
    times = torch.tensor([1.5, 1.25], dtype=torch.float64)
    assert curve_values(keys, times).tolist() == pytest.approx([1.5, 1.25])


@pytest.mark.parametrize("easing", ["bounce", (0, 0, 1), (1.2, 0, 1, 1), (0, 3, 1, 1)])
def test_an_easing_that_there_is_not_is_refused(easing):
    with pytest.raises(ValueError, match=r"The easing is .*; one of smooth, linear, hold"):
        Key(0, 0, easing)
