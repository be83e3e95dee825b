from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.edit import retime
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.types import CHANNELS
from liveportrait_core.viz.drawing import MARK_COLOURS
from liveportrait_core.viz.motion_plot import (
    INTERPOLATED_COLOUR,
    MISSING_COLOUR,
    compared_panels,
    motion_panels,
    motion_texts,
    plot_motion,
    plot_motions,
    unmeasured_frames,
)
from liveportrait_core.viz.sheet import Panel, ticks, value_range
from tests.support.motions import random_motion

POSE, OPENING, EXPRESSION, TRANSLATION, SCALE = range(5)
LEFT, WIDTH = 70, 978
"""First column of the panels and their width: 1280 less 70 and 232."""
BLUE = np.array(MARK_COLOURS[0])
SCALE_ROWS = slice(574, 660)
"""Rows of the last panel: 5 of 117.6 px from 82 on, less 22 for the title and 10 for the gap."""


def clip(frames=6, **changes):
    return replace(random_motion(1, frames, COMPACT_SPACE), **changes)


def scale_curve(*values, **changes):
    """A motion whose scale has these values; the dashed line is out of the way."""
    return clip(len(values), scale=torch.tensor(values)[:, None], **changes)


def heights(picture):
    """For each column of the scale's panel where its curve shows, its middle row."""
    part = picture[SCALE_ROWS, LEFT : LEFT + WIDTH].astype(float)
    rows, columns = np.nonzero(np.abs(part - BLUE).max(-1) < 60)
    return {
        int(column) + LEFT: float(rows[columns == column].mean()) + SCALE_ROWS.start
        for column in np.unique(columns)
    }


def shaded_columns(motion):
    plain, shaded = plot_motion(replace(motion, validity=None)), plot_motion(motion)
    return np.flatnonzero((shaded != plain)[70:].any(-1).any(0))


@pytest.mark.parametrize("frames", [1, 2, 300, 5000])
def test_a_motion_of_any_length_is_plotted(frames):
    picture = plot_motion(clip(frames))
    assert picture.shape == (720, 1280, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5


def test_a_rising_curve_rises_evenly_from_edge_to_edge():
    row = heights(plot_motion(scale_curve(1.0, 2.0, 3.0, 4.0, 5.0)))
    columns = sorted(row)
    assert columns[0] <= 72
    assert columns[-1] >= 1045
    inner = [column for column in columns[10:-10]]
    slope = np.polyfit(inner, [row[column] for column in inner], 1)
    # a straight line upwards: the panel is (670 - 82) / 5 - 32 = 85.6 high, of which the curve
    # takes 1 / 1.16
    assert slope[0] == pytest.approx(-85.6 / 1.16 / 978, rel=0.02)
    assert max(abs(row[c] - np.polyval(slope, c)) for c in inner) < 1.5


def test_a_value_that_is_no_number_leaves_a_gap():
    row = heights(plot_motion(scale_curve(1.0, 1.0, float("nan"), 1.0, 1.0)))
    # frames 1 to 3 of 0 to 4 are the gap
    assert not [column for column in row if 70 + 978 / 4 + 4 < column < 70 + 978 * 3 / 4 - 4]
    assert [column for column in row if column < 70 + 978 / 4 - 4]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 2), (4, 4), (0, 4)])
def test_frames_are_shaded_with_half_a_frame_around(first, last):
    validity = torch.ones(5)
    validity[first : last + 1] = 0
    columns = shaded_columns(clip(5, validity=validity))
    frame = 978 / 4
    assert columns[0] == pytest.approx(70 + max(0, first - 0.5) * frame, abs=2)
    assert columns[-1] == pytest.approx(70 + min(4, last + 0.5) * frame, abs=2)


def test_one_missing_frame_of_thousands_shows():
    validity = torch.ones(9000)
    validity[4000] = 0
    assert 1 <= len(shaded_columns(clip(9000, validity=validity))) <= 4


def test_the_only_frame_is_shaded_from_edge_to_edge():
    columns = shaded_columns(clip(1, validity=torch.zeros(1)))
    assert (columns[0], columns[-1]) == pytest.approx((70, 1047), abs=1)


def test_the_reference_is_a_dashed_line_at_its_frame():
    absent = frozenset(CHANNELS) - {"scale"}
    plots = [
        plot_motion(scale_curve(*[1.0] * 5, reference_frame=frame, absent=absent))
        for frame in (0, 3)
    ]
    changed = (plots[0] != plots[1]).any(-1)[SCALE_ROWS, 100:1040]
    columns = np.flatnonzero(changed.any(0)) + 100
    assert columns.mean() == pytest.approx(70 + 978 * 3 / 4, abs=1)
    assert len(columns) <= 4
    # four pixels, then a gap of four of which the line's round ends take up to two and a half
    assert 0.5 <= changed.any(1).mean() < 0.95


def test_one_frame_is_a_dot_in_the_middle():
    picture = plot_motion(scale_curve(3.0))[SCALE_ROWS, LEFT : LEFT + WIDTH].astype(float)
    rows, columns = np.nonzero(np.abs(picture - BLUE).max(-1) < 60)
    assert columns.mean() + LEFT == pytest.approx(70 + 978 / 2, abs=1)
    assert 5 <= np.ptp(rows) <= 10


def test_a_long_producer_changes_nothing_below_the_header():
    short, long = (plot_motion(clip(5, producer=name)) for name in ("a", "a" * 500))
    np.testing.assert_array_equal(short[70:], long[70:])


def test_the_title_tells_frames_seconds_and_rate():
    assert motion_texts(clip(1))[0] == "1 frame, 0.04 s at 25 frames/s"
    # 5000 * 1001 / 30000 = 166.83
    long = clip(5000, fps=Fraction(30000, 1001))
    assert motion_texts(long)[0] == "5,000 frames, 166.83 s at 29.97 (30000/1001) frames/s"


def test_the_subtitle_tells_space_and_producer():
    motion = clip(producer="a hand", absolute=frozenset({"lip", "eyes"}))
    expected = f"space {COMPACT_SPACE}  |  made by a hand  |  absolute: eyes, lip"
    assert motion_texts(motion)[1] == expected
    assert motion_texts(clip(producer=""))[1] == f"space {COMPACT_SPACE}"
    lips = clip(producer="", parts=frozenset({"lip", "brows"}))
    assert motion_texts(lips)[1] == f"space {COMPACT_SPACE}  |  expression of: brows, lip"


def test_the_distance_of_lips_alone_is_that_of_the_lips():
    motion = clip()
    still = motion.expression - motion.expression * keypoint_space(COMPACT_SPACE).part_mask({"lip"})
    for changes in ({}, {"expression": motion.expression - still}):
        lips = motion.describe(parts=frozenset({"lip"}), **changes)
        (panel,) = [p for p in motion_panels(lips) if p.title.startswith("Expression")]
        travel = (motion.expression - motion.expression[motion.reference_frame])[:, 15:]
        np.testing.assert_allclose(panel.curves["distance"], travel.norm(dim=-1).mean(1), atol=1e-6)


def test_each_curve_has_its_values():
    motion = clip()
    panels = motion_panels(motion)
    expected = {
        POSE: {"pitch": motion.pitch_deg, "yaw": motion.yaw_deg, "roll": motion.roll_deg},
        OPENING: {
            "left eye": motion.eyes_open[:, 0],
            "right eye": motion.eyes_open[:, 1],
            "lip": motion.lip_open[:, 0],
        },
        TRANSLATION: {"x": motion.translation[:, 0], "y": motion.translation[:, 1]},
        SCALE: {"scale": motion.scale[:, 0]},
    }
    for panel, curves in expected.items():
        assert list(panels[panel].curves) == list(curves)
        for name, values in curves.items():
            np.testing.assert_allclose(panels[panel].curves[name], values)


def test_expression_is_the_mean_distance_from_the_reference():
    expression = torch.zeros(3, 21, 3)
    expression[2, :7] = torch.tensor([0.3, 0.4, 0.0])
    panels = motion_panels(clip(3, expression=expression, reference_frame=1))
    # 7 of 21 keypoints lie .5 away
    distance = panels[EXPRESSION].curves["distance"]
    np.testing.assert_allclose(distance, [0, 0, 0.5 / 3], atol=1e-7)


def test_a_neutral_frame_of_its_own_is_what_expression_is_measured_from():
    expression = torch.zeros(2, 21, 3)
    expression[1, :7] = torch.tensor([0.3, 0.4, 0.0])
    motion = clip(2, expression=expression, reference=clip(1, expression=expression[1:]))
    distance = motion_panels(motion)[EXPRESSION].curves["distance"]
    np.testing.assert_allclose(distance, [0.5 / 3, 0], atol=1e-7)
    dashed = plot_motion(replace(motion, reference=None))
    assert (
        plot_motion(motion)[SCALE_ROWS, 68:72] != dashed[SCALE_ROWS, 68:72]
    ).any()  # no dashed line


def test_a_shot_is_drawn_from_its_own_neutral_frame():
    at = torch.tensor((0.0, 0.0, 0.3, 0.3))[:, None, None].expand(4, 21, 3)
    neutral = clip(2, expression=at[1:3])
    motion = clip(4, expression=at, shot=torch.tensor((0, 0, 1, 1)), reference=neutral)
    own = plot_motion(motion)
    assert (own == plot_motion(replace(motion, expression=at * 0, reference=neutral[:1]))).all()
    assert (plot_motions({"motion": motion}) != 0).any()


def test_motions_are_drawn_over_one_another_in_time():
    quick = scale_curve(1.0, 2.0, 3.0, 4.0, fps=Fraction(20))
    slow = scale_curve(1.0, 3.0, 5.0, fps=Fraction(10))
    picture = plot_motions({"quick": quick, "slow": slow})
    assert picture.shape[1:] == (1280, 3)
    same_rate = replace(random_motion(1, 6, COMPACT_SPACE), scale=torch.arange(1.0, 7)[:, None])
    panels = compared_panels([quick, same_rate])
    assert len(panels) == 9
    np.testing.assert_array_equal(panels[-1].curves["1"], [1, 2, 3, 4, np.nan, np.nan])
    np.testing.assert_array_equal(panels[-1].curves["2"], [1, 2, 3, 4, 5, 6])


def test_a_comparison_shows_a_motion_of_another_rate_where_it_is():
    slow, other = clip(3, fps=Fraction(10)), clip(6, fps=Fraction(20))
    pictures = [
        plot_motions({"one": motion, "other": other}) for motion in (slow, retime(slow, 20))
    ]
    assert (pictures[0] != plot_motions({"one": other, "other": other}))[120:].any()
    np.testing.assert_array_equal(pictures[0][120:], pictures[1][120:])


def test_what_a_motion_lacks_has_no_curve_in_a_comparison():
    full, bare = clip(), clip(absent=frozenset({"scale"}), lip_open=None)
    panels = compared_panels([full, bare])
    assert [list(panel.curves) for panel in (panels[0], panels[4], panels[-1])] == [
        ["1", "2"],
        ["1"],
        ["1"],
    ]
    (empty,) = [panel for panel in compared_panels([bare]) if panel.title == "Scale"]
    assert "keeps its own" in empty.note


@pytest.mark.parametrize("count", [0, 8])
def test_none_or_too_many_cannot_be_compared(count):
    with pytest.raises(ValueError, match=f"There are {count} motions; 1 to 7 are expected"):
        plot_motions({str(number): clip() for number in range(count)})


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_absent_channel_says_that_the_source_keeps_its_own(channel):
    motion = clip(absent=frozenset({channel}))
    (empty,) = [panel for panel in motion_panels(motion) if not panel.curves]
    assert empty.title.lower().startswith({"pose": "head pose"}.get(channel, channel))
    assert "keeps its own" in empty.note
    assert (plot_motion(motion) != plot_motion(clip())).any()


def test_openness_that_is_not_there_is_not_measured():
    panel = motion_panels(clip(eyes_open=None, lip_open=None))[OPENING]
    assert panel.note == "not measured"
    assert not panel.curves
    assert list(motion_panels(clip(eyes_open=None))[OPENING].curves) == ["lip"]
    nothing = clip(eyes_open=None, lip_open=None, absent=frozenset(CHANNELS))
    assert not any(panel.curves for panel in motion_panels(nothing))
    assert plot_motion(nothing).shape == plot_motion(clip()).shape


def test_frames_that_were_not_measured_are_shaded_by_kind():
    shades = unmeasured_frames(clip(validity=torch.tensor([1, 0.5, 0.5, 0, 1, 0.25])))
    assert list(shades) == ["3 interpolated", "1 missing"]
    (yellow, interpolated), (red, missing) = shades.values()
    assert (yellow, red) == (INTERPOLATED_COLOUR, MISSING_COLOUR)
    assert interpolated.tolist() == [False, True, True, False, False, True]
    assert missing.tolist() == [False, False, False, True, False, False]
    assert not unmeasured_frames(clip(validity=torch.ones(6)))
    assert not unmeasured_frames(clip(validity=None))


def test_the_motion_stays_as_it_is_and_may_carry_gradients():
    motion = clip(4).map_tensors(lambda tensor: tensor.clone().requires_grad_())
    before = [tensor.clone() for tensor in (motion.expression, motion.pose_deg)]
    plot_motion(motion)
    for tensor, old in zip((motion.expression, motion.pose_deg), before, strict=True):
        assert torch.equal(tensor, old)


def test_a_reference_outside_the_motion_counts_as_its_last_frame():
    outside, last = (plot_motion(clip(3, reference_frame=frame)) for frame in (9, 2))
    np.testing.assert_array_equal(outside, last)


def test_a_motion_without_frames_cannot_be_plotted():
    with pytest.raises(ValueError, match="0 frames; 1 or more are expected"):
        plot_motion(clip(2)[:0])


def test_numbers_on_an_axis_are_round():
    # 7.2 / 10 = .72: the next of 1, 2, 5 is 1
    assert ticks(0, 7.2, 10) == [(float(k), str(k)) for k in range(8)]
    assert [text for _, text in ticks(-0.021, 0.034, 3)] == ["-0.02", "0.00", "0.02"]
    assert [text for _, text in ticks(-13.0, 13.0, 3)] == ["-10", "0", "10"]
    assert ticks(0, 0, 4) == [(0, "0")]


@given(
    low=st.floats(-1e4, 1e4), span=st.floats(1e-3, 1e4), max_count=st.integers(1, 12)
)  # fmt: skip
def test_numbers_on_an_axis_lie_on_it_and_are_few(low, span, max_count):
    values = [value for value, _ in ticks(low, low + span, max_count)]
    assert len(values) <= max_count
    slack = 1e-6 * max(abs(low), span, 1)
    assert all(low - slack <= value <= low + span + slack for value in values)
    steps = [b - a for a, b in pairwise(values)]
    assert not steps or max(steps) - min(steps) <= slack


def panel(*curves, **changes):
    named = {str(number): np.array(values, float) for number, values in enumerate(curves)}
    return Panel(title="a", curves=named, **changes)


def test_the_axis_holds_the_curves_and_a_margin():
    # 1 to 4, and 8 % of 3 on both sides
    assert value_range(panel((1, 2), (4, np.inf))) == pytest.approx((0.76, 4.24))
    assert value_range(panel((1, 2), from_zero=True)) == pytest.approx((0, 2.16))
    assert value_range(panel((5, 5), min_span=1)) == pytest.approx((4.42, 5.58))
