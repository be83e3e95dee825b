import numpy as np
import pytest

from train.rendering.raster.rasterise import (
    EMPTY_DEPTH,
    interpolate,
    rasterise,
    seen_from,
)

# A square of two triangles over pixels 1..3 of a 4 x 4 picture. On the screen y grows downwards,
# so corners that run up, then right on the page are "from the front" here.
SQUARE = np.array([[1, 1, 5], [1, 3, 5], [3, 3, 5], [3, 1, 5]], np.float32)
FRONT = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def draw(points, triangles, one_sided=0):
    depth = np.empty((4, 4), np.float32)
    nearest = np.empty((4, 4), np.int32)
    sides = np.full(len(triangles), one_sided, np.uint8)
    rasterise(points, triangles, sides, depth, nearest)
    return depth, nearest


def test_a_square_covers_exactly_the_pixels_whose_centres_it_holds():
    depth, nearest = draw(SQUARE, FRONT)
    expected = np.zeros((4, 4), bool)
    expected[1:3, 1:3] = True
    np.testing.assert_array_equal(nearest >= 0, expected)
    np.testing.assert_allclose(depth[expected], 5)
    assert (depth[~expected] == EMPTY_DEPTH).all()


def test_the_nearer_of_two_surfaces_is_seen_whatever_the_order():
    near = SQUARE - np.float32([0, 0, 2])
    points = np.concatenate([SQUARE, near])
    behind_last = np.concatenate([FRONT + 4, FRONT]).astype(np.int32)
    behind_first = np.concatenate([FRONT, FRONT + 4]).astype(np.int32)
    for triangles in (behind_last, behind_first):
        depth, _ = draw(points, triangles)
        np.testing.assert_allclose(depth[1:3, 1:3], 3)


def test_a_one_sided_surface_is_not_seen_from_behind():
    _, from_front = draw(SQUARE, FRONT, one_sided=1)
    _, from_behind = draw(SQUARE, np.ascontiguousarray(FRONT[:, ::-1]), one_sided=1)
    assert (from_front >= 0).sum() == 4
    assert (from_behind >= 0).sum() == 0


def test_what_lies_outside_the_picture_is_cut_off():
    _, nearest = draw(SQUARE * np.float32([10, 10, 1]) - np.float32([15, 15, 0]), FRONT)
    assert (nearest >= 0).all()


def test_values_are_interpolated_linearly_and_empty_pixels_are_left_alone():
    _, nearest = draw(SQUARE, FRONT)
    picture = np.full((4, 4, 1), -1, np.float32)
    interpolate(SQUARE, FRONT, nearest, SQUARE[:, :1].copy(), picture)  # the value is x itself
    np.testing.assert_allclose(picture[1:3, 1:3, 0], [[1.5, 2.5]] * 2, rtol=1e-5)
    assert picture[0, 0, 0] == -1


@pytest.mark.parametrize(
    ("x", "depth", "region", "expected"),
    [
        (1.5, 5.0, 2, 1),
        (1.5, 5.3, 2, 1),  # within the tolerance of 0.5
        (1.5, 6.0, 2, 0),  # behind what is seen
        (1.5, 5.0, 4, 0),  # same place, another surface: an eyeball behind its lid
        (9.0, 5.0, 2, 0),  # outside the picture
    ],
)
def test_a_point_is_seen_where_its_own_surface_is(x, depth, region, expected):
    targets = np.array([[[x, 1.5, depth]]], np.float32)
    seen = np.empty((1, 1), np.uint8)
    buffer, regions = np.full((4, 4), 5, np.float32), np.full((4, 4), 2, np.uint8)
    seen_from(targets, np.array([[region]], np.uint8), buffer, regions, 0.5, seen)
    assert seen[0, 0] == expected
