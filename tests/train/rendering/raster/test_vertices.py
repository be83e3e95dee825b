import numpy as np

from train.rendering.raster.vertices import add_weighted, turn_with_neck, vertex_normals


def test_normals_point_to_the_side_from_which_corners_run_counter_clockwise():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    normals = np.empty_like(points)
    vertex_normals(points, np.array([[0, 1, 2]], np.int32), normals)
    np.testing.assert_allclose(normals, [[0, 0, 1]] * 3, atol=1e-6)


def test_offsets_are_weighted_and_added_only_where_they_belong():
    points = np.zeros((3, 3), np.float32)
    starts = np.array([0, 1, 3], np.int32)
    indices = np.array([0, 0, 2], np.int32)
    offsets = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    add_weighted(np.array([2, 3], np.float32), starts, indices, offsets, points)
    np.testing.assert_allclose(points, [[2, 3, 0], [0, 0, 0], [0, 0, 3]])


def test_the_neck_turns_less_the_lower_it_is():
    points = np.array([[1, 10, 0], [1, -1, 0], [1, -10, 0]], np.float32)
    half_turn = np.diag([-1, 1, -1]).astype(np.float32)  # about y
    turn_with_neck(points, half_turn, np.zeros(3, np.float32), -2.0, 0.0)
    np.testing.assert_allclose(points[:, 0], [-1, 0, 1], atol=1e-6)
