from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.viz.chart import Chart, Curve, Panel, Span, draw_chart, ticks, value_range

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
PLOT = slice(70, 1048)
"""Columns of the panels in a picture of 1280 x 720: between the left and the right margin."""


def curve(*values, colour=RED):
    return Curve(name="value", values=np.array(values, float), colour=colour)


def chart(*panels, num_frames=5, **changes):
    plain = Chart(
        title="title", subtitle="subtitle", panels=panels, num_frames=num_frames, fps=Fraction(25)
    )
    return replace(plain, **changes)


def seen(picture, colour, least=0.5):
    """Rows and columns in the panels where a colour shows."""
    strength = (picture[:, PLOT].astype(float) - 60) @ (np.array(colour) / 255 - 0.5) * 2
    rows, columns = np.nonzero(strength > least * 195)
    return rows, columns + PLOT.start


def heights(picture, colour=RED):
    """For each column where a colour shows, its middle row."""
    rows, columns = seen(picture, colour)
    return {int(column): float(rows[columns == column].mean()) for column in np.unique(columns)}


def test_a_rising_curve_rises_evenly_from_edge_to_edge():
    row = heights(draw_chart(chart(Panel(title="a", curves=[curve(0, 1, 2, 3, 4)]))))
    columns = sorted(row)
    assert columns[0] <= 72
    assert columns[-1] >= 1045
    inner = columns[10:-10]
    slope = np.polyfit(inner, [row[column] for column in inner], 1)
    # a straight line upwards: the panel is 720 - 82 - 50 - 22 - 10 = 556 high, of which the curve
    # takes 1 / 1.16
    assert slope[0] == pytest.approx(-556 / 1.16 / 978, rel=0.01)
    assert max(abs(row[c] - np.polyval(slope, c)) for c in inner) < 1.5


def test_a_value_that_is_no_number_leaves_a_gap():
    row = heights(draw_chart(chart(Panel(title="a", curves=[curve(1, 1, np.nan, 1, 1)]))))
    # frames 1 to 3 of 0 to 4 are the gap
    assert not [column for column in row if 70 + 978 / 4 + 4 < column < 70 + 978 * 3 / 4 - 4]
    assert [column for column in row if column < 70 + 978 / 4 - 4]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 2), (4, 4), (0, 4)])
def test_a_span_shades_its_frames_and_half_a_frame_around(first, last):
    spans = [Span(first=first, last=last, colour=BLUE)]
    plain = draw_chart(chart(Panel(title="a", curves=[curve(0, 0, 0, 0, 0)])))
    shaded = draw_chart(chart(Panel(title="a", curves=[curve(0, 0, 0, 0, 0)]), spans=spans))
    columns = np.flatnonzero((shaded != plain).any(-1).any(0))
    frame = 978 / 4
    assert columns[0] == pytest.approx(70 + max(0, first - 0.5) * frame, abs=2)
    assert columns[-1] == pytest.approx(70 + min(4, last + 0.5) * frame, abs=2)


def test_one_missing_frame_of_thousands_shows():
    values = curve(*np.zeros(9000))
    spans = [Span(first=4000, last=4000, colour=BLUE)]
    plain, shaded = (
        draw_chart(chart(Panel(title="a", curves=[values]), num_frames=9000, spans=some))
        for some in ((), spans)
    )
    assert 1 <= np.count_nonzero((shaded != plain).any(-1).any(0)) <= 4


def test_a_mark_is_a_dashed_line_at_its_frame():
    panel = Panel(title="a", curves=[curve(0, 0, 0, 0, 0)])
    plain, marked = (draw_chart(chart(panel, mark=mark)) for mark in (None, (3, "here")))
    changed = (marked != plain).any(-1)[110:660]
    columns = np.flatnonzero(changed.any(0))
    assert columns.mean() == pytest.approx(70 + 978 * 3 / 4, abs=1)
    assert len(columns) <= 3
    # four pixels, then a gap of four of which the line's round ends take up to two and a half
    assert 0.5 <= changed.any(1).mean() < 0.95


def test_one_frame_is_a_dot_in_the_middle():
    picture = draw_chart(chart(Panel(title="a", curves=[curve(3.0)]), num_frames=1))
    rows, columns = seen(picture, RED)
    assert columns.mean() == pytest.approx(70 + 978 / 2, abs=1)
    assert 5 <= np.ptp(rows) <= 10


def test_a_panel_without_curves_says_so():
    said, silent = (draw_chart(chart(Panel(title="a", note=note))) for note in ("not measured", ""))
    assert (said != silent).any()


@pytest.mark.parametrize("size", [(360, 640), (720, 1280), (1000, 700), (1080, 1920)])
def test_the_picture_has_the_size_that_was_asked_for(size):
    panel = Panel(title="a" * 300, curves=[curve(1, 2, 3, 4, 5)])
    picture = draw_chart(chart(panel, title="t" * 500, subtitle="s" * 500), size)
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("size", [(100, 1280), (720, 300), (720, 100_000)])
def test_a_size_in_which_nothing_can_be_read_is_refused(size):
    with pytest.raises(ValueError, match="1280x720 is usual"):
        draw_chart(chart(Panel(title="a", curves=[curve(1, 2, 3, 4, 5)])), size)


def test_numbers_on_an_axis_are_round():
    # 7.2 / 10 = .72: the next of 1, 2, 5 is 1
    assert ticks(0, 7.2, 10) == [(float(k), str(k)) for k in range(8)]
    assert [text for _, text in ticks(-0.021, 0.034, 3)] == ["-0.02", "0.00", "0.02"]
    assert [text for _, text in ticks(-13.0, 13.0, 3)] == ["-10", "0", "10"]
    assert ticks(0, 0, 4) == [(0, "0")]


@given(
    low=st.floats(-1e4, 1e4), span=st.floats(1e-3, 1e4), most=st.integers(1, 12)
)  # fmt: skip
def test_numbers_on_an_axis_lie_on_it_and_are_few(low, span, most):
    values = [value for value, _ in ticks(low, low + span, most)]
    assert len(values) <= most
    slack = 1e-6 * max(abs(low), span, 1)
    assert all(low - slack <= value <= low + span + slack for value in values)
    steps = [b - a for a, b in pairwise(values)]
    assert not steps or max(steps) - min(steps) <= slack


def test_the_axis_holds_the_curves_and_a_margin():
    low, high = value_range(Panel(title="a", curves=[curve(1, 2), curve(4, np.inf)]))
    # 1 to 4, and 8 % of 3 on both sides
    assert (low, high) == pytest.approx((0.76, 4.24))
    low, high = value_range(Panel(title="a", curves=[curve(1, 2)], from_zero=True))
    assert (low, high) == pytest.approx((0, 2.16))
    low, high = value_range(Panel(title="a", curves=[curve(5, 5)], least_span=1))
    assert (low, high) == pytest.approx((4.42, 5.58))
