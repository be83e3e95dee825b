import numpy as np
import pytest

from train.rendering.head.warp import Zone, blend, make_warp


def stretch(points):
    return points * np.float32([2, 1, 1])


def zone(**changes):
    settings = {"centre": np.float32([5, 0, 0]), "radii": (2.0, 2.0, 2.0), "flat": 0.5}
    return Zone(**{**settings, **changes})


def test_a_zone_goes_as_one_to_where_the_whole_puts_its_centre_and_by_its_shift():
    bend = blend(stretch, [zone(shift=(0, 3, 0), scale=(1, 1, 0.5))], [])
    # the centre goes from x = 5 to 10; within the flat half of the radius nothing else stretches
    moved = bend(np.float32([[5, 0, 0], [5.5, 0, 0.8]]))
    np.testing.assert_allclose(moved, [[10, 3, 0], [10.5, 3, 0.4]], atol=1e-5)


def test_away_from_its_radii_a_zone_changes_nothing():
    bend = blend(stretch, [zone(shift=(0, 3, 0))], [zone(shift=(0, 9, 0))])
    np.testing.assert_allclose(bend(np.float32([[7.1, 0, 0]])), [[14.2, 0, 0]], atol=1e-5)


def test_a_firm_zone_has_its_points_for_itself_and_follows_the_soft_ones():
    soft = zone(shift=(0, 3, 0), radii=(4.0, 4.0, 4.0))
    firm = zone(scale=(2, 2, 2))
    bend = blend(stretch, [soft], [firm])
    # anchor (10, 3, 0), then twice the distance from the centre
    np.testing.assert_allclose(bend(np.float32([[5.5, 0.5, 0]])), [[11, 4, 0]], atol=1e-5)


def test_a_movement_is_bent_as_the_place_it_starts_from():
    quarter_turn = np.float32([[0, -1, 0], [1, 0, 0], [0, 0, 1]])  # x to y
    bend = blend(stretch, [], [zone(scale=(3, 3, 3), turn=quarter_turn)])
    neutral = np.float32([[0, 0, 0], [5, 0, 0]])
    warp = make_warp(neutral, bend, [])
    moved = warp.moved(np.float32([[1, 0, 0], [1, 0, 0]]))
    np.testing.assert_allclose(moved, [[2, 0, 0], [10, 3, 0]], atol=1e-3)


def test_a_rigid_part_goes_where_its_centre_goes_with_its_own_map():
    def bend(points):
        return points**2

    ball = np.float32([[1, 1, 1], [1.5, 1, 1], [9, 9, 9]])
    wider = np.diag([4, 1, 1]).astype(np.float32)
    warp = make_warp(ball, bend, [(np.array([0, 1]), np.float32([1, 1, 1]), wider)])
    # 1.5 goes to 1 + 4 * 0.5; the third point is not of the ball
    np.testing.assert_allclose(warp.points, [[1, 1, 1], [3, 1, 1], [81, 81, 81]], atol=1e-3)
    moved = warp.moved(np.float32([[0.5, 0, 0], [0, 0, 0], [0, 0, 0]]))
    np.testing.assert_allclose(moved[0], [3, 1, 1], atol=1e-3)


@pytest.mark.parametrize(("x", "expected"), [(5.0, 1), (5.9, 1), (6.5, 0.5), (7.1, 0)])
def test_a_zone_fades_smoothly_from_its_flat_middle_to_its_radius(x, expected):
    weight = zone().weight(np.float32([[x, 0, 0]]))
    np.testing.assert_allclose(weight, [[expected]], atol=1e-5)
