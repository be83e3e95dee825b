from dataclasses import replace

import numpy as np
import pytest
import torch

from liveportrait_core.geometry import rotation_from_degrees
from train.rendering.frames.labels import (
    canonical_keypoints,
    dense_labels,
    head_rotation,
    openings,
    posed_keypoints,
)
from train.rendering.frames.scene import Scene
from train.rendering.head.head_model import KEYPOINT_NAMES
from train.rendering.motion_sampler import MotionSampler
from train.rendering.people.identity import make_identity
from train.rendering.regions import Region
from train.rendering.rotations import crop_to_model, rotation_from_angles

SIZE = 64
NOSE = KEYPOINT_NAMES.index("nose_tip")
IRISES = [KEYPOINT_NAMES.index(name) for name in ("left_iris", "right_iris")]


@pytest.fixture(scope="module")
def scene(head):
    return Scene(head, SIZE)


@pytest.fixture(scope="module")
def identity(head, chart):
    return make_identity(head, chart, [], np.random.default_rng(3))


def posed(motion, pitch=0.0, yaw=0.0, roll=0.0):
    return replace(motion, pose_deg=np.array([pitch, yaw, roll], np.float32))


def angles_of(rotation):
    """Pitch, yaw, roll of R = (Rz Ry Rx)^T, by the textbook formulas for the transposed matrix."""
    m = rotation.T
    pitch, yaw = np.arctan2(m[2, 1], m[2, 2]), -np.arcsin(m[2, 0])
    return np.rad2deg([pitch, yaw, np.arctan2(m[1, 0], m[0, 0])])


def similarity(a, b):
    """Rotation of the least-squares similarity a -> b, rows are points (Umeyama 1991)."""
    u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
    flip = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    return u @ flip @ vt


def test_convention_rotations_are_as_written_out_by_hand():
    # 90 degrees each: Rx takes y to z, Ry takes z to x, Rz takes x to y
    np.testing.assert_allclose(rotation_from_angles(90, 0, 0) @ [0, 1, 0], [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(rotation_from_angles(0, 90, 0) @ [0, 0, 1], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(rotation_from_angles(0, 0, 90) @ [1, 0, 0], [0, 1, 0], atol=1e-6)
    whole = rotation_from_angles(10, 20, 30)
    steps = [rotation_from_angles(*a) for a in ((0, 0, 30), (0, 20, 0), (10, 0, 0))]
    np.testing.assert_allclose(whole, steps[0] @ steps[1] @ steps[2], atol=1e-6)


@pytest.mark.parametrize("angles_deg", [(10, 20, 30), (-40, 5, 0), (0, -60, 120)])
def test_convention_the_library_has_the_same_rotation_for_points_as_rows(angles_deg):
    angles = [torch.tensor([float(angle)]) for angle in angles_deg]
    (of_rows,) = rotation_from_degrees(*angles)
    np.testing.assert_allclose(rotation_from_angles(*angles_deg), of_rows.numpy().T, atol=1e-6)


def test_convention_changing_axes_twice_changes_nothing():
    turn = rotation_from_angles(10, 20, 30)
    np.testing.assert_allclose(crop_to_model(crop_to_model(turn)), turn, atol=1e-6)


def test_convention_rotation_label_turns_rows_and_gives_back_the_angles(still):
    np.testing.assert_allclose(
        angles_of(head_rotation(posed(still, 12, -25, 8))), [12, -25, 8], atol=1e-3
    )


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [((15, 0, 0), 1, 1), ((0, 20, 0), 0, -1)],  # down, and to the left of the picture
)
def test_convention_the_nose_goes_where_the_pose_says(
    head, scene, identity, still, angles, axis, sign
):
    straight = posed_keypoints(head, scene.draw(identity, still))[NOSE]
    turned = posed_keypoints(head, scene.draw(identity, posed(still, *angles)))[NOSE]
    assert (turned - straight)[axis] * sign > 0.05


@pytest.mark.parametrize(
    ("gaze", "axis", "sign"),
    [((20, 0), 1, 1), ((0, 20), 0, -1)],
)
def test_convention_the_eyes_turn_as_the_head_does(head, scene, identity, still, gaze, axis, sign):
    look = replace(still, gaze_deg=np.array(gaze, np.float32))
    straight = posed_keypoints(head, scene.draw(identity, still))[IRISES]
    looking = posed_keypoints(head, scene.draw(identity, look))[IRISES]
    assert ((looking - straight)[:, axis] * sign > 0.01).all()


@pytest.mark.parametrize(
    "angles", [(0, 0, 0), (15, 0, 0), (0, 20, 0), (0, 0, 20), (-10, -20, 10), (10, 15, -15)]
)
def test_a_similarity_of_the_canonical_points_recovers_the_pose(
    head, scene, identity, still, angles
):
    frame = scene.draw(identity, posed(still, *angles))
    rotation = similarity(canonical_keypoints(head, identity), posed_keypoints(head, frame))
    # perspective bends the points a little: 3 degrees at most
    np.testing.assert_allclose(angles_of(rotation), angles, atol=3)


def test_canonical_points_are_upright_and_face_the_viewer(head, identity):
    canonical = canonical_keypoints(head, identity)
    names = KEYPOINT_NAMES
    assert canonical[names.index("chin"), 1] > canonical[names.index("left_brow_inner"), 1]
    assert (
        canonical[names.index("left_eye_outer"), 0] < canonical[names.index("right_eye_outer"), 0]
    )
    assert canonical[NOSE, 2] < canonical[names.index("right_eye_outer"), 2]


def test_openings_are_height_over_width_of_eyes_and_lips():
    names = {name: k for k, name in enumerate(KEYPOINT_NAMES)}
    points = np.zeros((1, 21, 3), np.float32)
    points[0, names["left_eye_outer"]] = (0, 0, 9)  # depth is not measured
    points[0, names["left_eye_inner"]] = (4, 0, 0)
    points[0, names["left_upper_lid"]] = (2, -1, 0)
    points[0, names["left_lower_lid"]] = (2, 0, 0)
    points[0, names["right_eye_outer"]] = (6, 8, 0)  # 10 wide and 5 high
    points[0, names["right_upper_lid"]] = (5, 0, 0)
    points[0, names["right_lip_corner"]] = (0, 2, 0)
    points[0, names["inner_upper_lip"]] = (1, 0, 0)
    eyes, lips = openings(points)
    np.testing.assert_allclose(eyes, [[0.25, 0.5]], rtol=1e-5)
    np.testing.assert_allclose(lips, [[0.5]], rtol=1e-5)


def test_a_blink_lowers_the_opening_of_its_eye_and_the_jaw_raises_that_of_the_lips(
    head, scene, identity, still
):
    def measured(**weights):
        expression = still.expression.copy()
        for name, weight in weights.items():
            expression[head.expression_index(name)] = weight
        frame = scene.draw(identity, replace(still, expression=expression))
        return openings(posed_keypoints(head, frame)[None])

    (eyes,), (lips,) = measured()
    (winking,), _ = measured(eyeBlink_R=0.5)  # the person's right eye is on the picture's left
    _, (gaping,) = measured(jawOpen=1)
    assert winking[0] < 0.8 * eyes[0]
    assert winking[1] == pytest.approx(eyes[1], abs=1e-3)
    assert gaping[0] > lips[0] + 0.1


def test_flow_of_a_head_that_does_not_move_is_the_identity(scene, identity, still):
    frame = scene.draw(identity, still)
    labels = dense_labels(identity, frame, frame)
    centres = (np.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
    expected = np.stack(np.meshgrid(centres, centres), axis=-1)
    np.testing.assert_allclose(labels.flow.astype(np.float32), expected, atol=2e-3)  # half floats
    assert labels.visible.mean() > 0.98  # a few pixels at outlines fall between two surfaces


def test_flow_of_a_shifted_head_is_the_shift_and_the_background_stays(scene, identity, still):
    shifted = replace(still, shift=np.array([0.1, 0], np.float32))  # 0.1 widths: 0.2 crop units
    labels = dense_labels(identity, scene.draw(identity, still), scene.draw(identity, shifted))
    centres = (np.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
    moved = labels.flow[..., 0].astype(np.float32) - centres
    background = labels.regions == Region.BACKGROUND
    assert background.any()
    np.testing.assert_allclose(moved[background], 0, atol=2e-3)
    np.testing.assert_allclose(moved[~background], 0.2, atol=2e-3)


def test_keypoints_follow_the_flow(head, scene, identity, still):
    first, second = scene.draw(identity, still), scene.draw(identity, posed(still, 5, 10, 5))
    labels = dense_labels(identity, first, second)
    before, after = posed_keypoints(head, first)[NOSE, :2], posed_keypoints(head, second)[NOSE, :2]
    column, row = ((before + 1) / 2 * (SIZE // 2)).astype(int)
    centre = (np.array([column, row]) + 0.5) / (SIZE // 2) * 2 - 1
    predicted = labels.flow[row, column].astype(np.float32) + before - centre
    np.testing.assert_allclose(predicted, after, atol=0.02)  # half a pixel of the label


def test_regions_of_a_face_hold_skin_torso_and_background(scene, identity, still):
    frame = scene.draw(identity, still)
    found = set(np.unique(dense_labels(identity, frame, frame).regions))
    assert {Region.BACKGROUND, Region.TORSO, Region.SKIN} <= found


def test_a_motion_of_the_same_pose_keeps_place_and_nearly_the_pose(head):
    sampler, random = MotionSampler(head.expression_names), np.random.default_rng(0)
    for _ in range(20):
        first = sampler.draw(random)
        second = sampler.draw_same_pose(first, random)
        assert np.abs(second.pose_deg - first.pose_deg).max() < 7.5  # 5 standard deviations
        np.testing.assert_array_equal(second.shift, first.shift)
        assert second.zoom == first.zoom


def test_eyes_are_shut_in_about_a_third_of_the_motions(head):
    sampler, random = MotionSampler(head.expression_names), np.random.default_rng(0)
    blink = [head.expression_index("eyeBlink_L"), head.expression_index("eyeBlink_R")]
    shut = [sampler.draw(random).expression[blink].max() > 0.5 for _ in range(500)]
    assert 0.25 < np.mean(shut) < 0.45


@pytest.mark.parametrize("angles", [(0, 0, 0), (5, 20, 0), (-10, -15, 10)])
def test_depth_is_that_of_the_keypoints(head, scene, identity, still, angles):
    frame = scene.draw(identity, posed(still, *angles))
    labels = dense_labels(identity, frame, frame)
    x, y, z = posed_keypoints(head, frame)[NOSE]
    column, row = (int((place + 1) / 2 * (SIZE // 2)) for place in (x, y))
    assert labels.depth[row, column] == pytest.approx(z, abs=0.03)
    assert labels.depth.min() > z - 0.3  # little is nearer than the nose: hair, at most
    assert not labels.depth[labels.regions == Region.BACKGROUND].any()
