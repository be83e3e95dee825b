from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from liveportrait_core.viz.drawing import MARK_COLOURS, FaceMark, draw_faces

GREY = 90
STATES = ("measured", "interpolated", "missing")


def grey(height=240, width=320):
    return np.full((height, width, 3), GREY, np.uint8)


def mark(**changes):
    return replace(FaceMark(box=(120.0, 90.0, 80.0, 100.0), number=3), **changes)


def share_of(picture, colour):
    return float((picture == colour).all(-1).mean())


def drawn(picture):
    """Which pixels are no longer grey."""
    return (picture != GREY).any(-1)


@pytest.mark.parametrize("state", STATES)
def test_the_picture_stays_as_it_is(state):
    picture = grey()
    points = np.array([[150.0, 120.0], [160.0, 130.0]])
    shown = draw_faces(picture, [mark(points=points, state=state)])
    assert (picture == GREY).all()
    assert shown.shape == picture.shape
    assert drawn(shown).any()


def test_without_faces_a_copy_comes_back():
    picture = grey()
    shown = draw_faces(picture, [])
    np.testing.assert_array_equal(shown, picture)
    assert not np.shares_memory(shown, picture)


def test_each_number_has_its_colour():
    for number in range(len(MARK_COLOURS) + 2):
        shown = draw_faces(grey(), [mark(number=number)])
        assert share_of(shown, MARK_COLOURS[number % len(MARK_COLOURS)]) > 0.004


def test_the_edge_of_the_crop_is_drawn_where_it_lies():
    corners = np.array([[60.0, 40.0], [260.0, 40.0], [260.0, 200.0], [60.0, 200.0]])
    shown = drawn(draw_faces(grey(), [mark(crop=corners)], boxes=False, points=False))
    assert shown[40, 60:261].all()
    assert shown[40:201, 260].all()
    assert not shown[45:195, 65:255].any()
    assert not shown[:37].any()


def test_a_measured_box_is_a_whole_line_and_the_others_have_gaps():
    covered = {}
    for state in STATES:
        shown = draw_faces(grey(), [mark(state=state)], points=False)
        row = drawn(shown)[190, 125:195]  # the lower edge, y = 90 + 100, between the corners
        covered[state] = float(row.mean())
    assert covered["measured"] == 1
    assert 0.2 < covered["missing"] < 1
    assert 0.2 < covered["interpolated"] < 1


def test_a_missing_face_is_dimmed():
    bright = [
        int(draw_faces(grey(), [mark(state=state, number=4)], points=False)[150:188].max())
        for state in STATES
    ]
    assert bright[0] == bright[1] == 240  # the yellow's red
    # .6 * 240 + .4 * 90
    assert bright[2] == pytest.approx(180, abs=2)


def test_points_are_dots_where_they_lie():
    points = np.array([[150.0, 120.0], [170.0, 160.0]])
    shown = draw_faces(grey(), [mark(points=points)], boxes=False)
    for x, y in points.astype(int):
        assert tuple(shown[y, x]) == MARK_COLOURS[3]
    changed = np.argwhere(drawn(shown))[:, ::-1]
    nearest = np.linalg.norm(changed[:, None] - points, axis=-1).min(1)
    assert nearest.max() < 8
    assert not drawn(draw_faces(grey(), [mark(points=points)], boxes=False, points=False)).any()


@pytest.mark.parametrize("side", [48, 240, 4000])
def test_a_number_can_be_read_at_any_size(side):
    box = (0.4 * side, 0.4 * side, 0.3 * side, 0.4 * side)
    with_number = draw_faces(grey(side, side), [mark(box=box)])
    above = drawn(with_number)[: int(0.4 * side) - max(3, side // 200)]
    rows = np.flatnonzero(above.any(1))
    assert len(rows) >= max(9, 0.04 * side)


@pytest.mark.parametrize(
    "box", [(10, 2, 60, 80), (300, 200, 60, 80), (-50, -50, 70, 70), (0, 0, 320, 240)]
)
def test_a_number_stays_inside_the_picture(box):
    shown = draw_faces(grey(), [mark(box=box, number=12)], points=False)
    # its badge is 12 px high and more, a line 3 px at most
    solid = (shown == MARK_COLOURS[12 % len(MARK_COLOURS)]).all(-1)
    assert solid.sum() > 100


def test_numbers_of_neighbours_do_not_cover_each_other():
    boxes = [(100.0 + 12 * k, 100.0, 10.0, 12.0) for k in range(3)]
    marks = [mark(box=box, number=k) for k, box in enumerate(boxes)]
    alone = [share_of(draw_faces(grey(), [one]), one.colour) for one in marks]
    together = draw_faces(grey(), marks)
    for one, share in zip(marks, alone, strict=True):
        assert share_of(together, one.colour) > 0.9 * share


@pytest.mark.parametrize(
    "box", [(1e12, 5, 10, 10), (5, 5, 0, 0), (-400, -300, 20, 20), (5, 5, 1e9, 1e9)]
)
def test_boxes_that_make_no_sense_do_no_harm(box):
    points = np.array([[np.nan, 3.0], [1e300, 0.0], [np.inf, 2.0]])
    assert draw_faces(grey(), [mark(box=box, points=points)]).shape == (240, 320, 3)


@pytest.mark.parametrize("picture", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)])
def test_a_picture_of_another_kind_is_named(picture):
    with pytest.raises(ValueError, match=r"uint8 of shape \(H, W, 3\) is expected"):
        draw_faces(picture, [])


# Red, green and blue as seen without the long or the middle cones (Vienot, Brettel and Mollon
# 1999), on linear light.
BLINDNESS = {
    "protanopia": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deuteranopia": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_colours_differ_for_colour_blind_eyes(kind):
    linear = (np.array(MARK_COLOURS) / 255) ** 2.2
    seen = (linear @ np.array(BLINDNESS[kind]).T).clip(0, 1) ** (1 / 2.2)
    least = min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))
    # the most alike of seven evenly spread greys differ by sqrt(3) / 6 = .29; of pure red,
    # green and their like, by next to nothing
    assert least > 0.12
