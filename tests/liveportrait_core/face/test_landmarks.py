import cv2
import numpy as np
import pytest
import torch

from liveportrait_core.face.landmarks import (
    LandmarkNetwork,
    fast_crop,
    follow_landmarks,
    is_plausible_face,
    openness_pairs,
    refine_landmarks,
    stability,
)
from liveportrait_core.imaging.crop import FaceBox, box_transform, crop_pixels
from liveportrait_core.imaging.landmark_layouts import LAYOUTS, Landmarks
from liveportrait_core.motion.openness import eyes_open, lip_open

from .oracle import face_points, frame_picture, oracle_network

BOX = FaceBox((120.0, 120.0), 160.0, 0.0)


def test_convention_crop_units_end_at_the_outer_edges():
    corners = torch.tensor([[-1.0, -1.0], [1.0, 1.0]]).repeat(11, 1)[None, :21]
    network = LandmarkNetwork(read=lambda _: corners, size_px=32)
    points = network.landmarks(np.zeros((64, 64, 3), np.uint8), FaceBox((32.0, 32.0), 64.0, 0.0))
    # the box's centre, pixel 32, is shown at pixel 16: the edges -0.5 and 31.5 show -1 and 63
    np.testing.assert_allclose(points.points[:2], [[-1, -1], [63, 63]], atol=1e-9)


@pytest.mark.parametrize("angle_deg", [0, 20, -60, 120])
def test_a_rough_box_is_refined_to_the_true_points(angle_deg):
    truth = face_points(centre=(110, 128), half=32, angle_deg=angle_deg)
    refined = refine_landmarks(frame_picture(), oracle_network({0: truth}), BOX)
    assert np.abs(refined.landmarks.points - truth).max() < 0.6
    assert refined.score > 0.9


def test_predictions_that_do_not_agree_score_nothing():
    refined = refine_landmarks(frame_picture(has_face=False), oracle_network({}), BOX)
    assert refined.score < 0.2


def test_a_face_that_has_little_moved_takes_one_prediction_and_one_that_moved_two():
    before = Landmarks(face_points(centre=(119.5, 120)), "compact-21")
    still = oracle_network({0: face_points()})
    followed = follow_landmarks(frame_picture(), still, before)
    assert still.read.num_readings == 1
    assert np.abs(followed.landmarks.points - face_points()).max() < 0.6
    # half a pixel of a crop of 2.3 * 1.15 * 60 pixels, and no agreement at .05 of it
    assert followed.score == pytest.approx(1 - 0.5 / 158.7 / 0.05, abs=0.03)
    a_little = oracle_network({0: face_points(centre=(123, 120))})  # .022 of the crop
    followed = follow_landmarks(frame_picture(), a_little, before)
    assert a_little.read.num_readings == 1
    assert 0.5 < followed.score < 0.65  # .56, but for the whole pixels that the oracle sees
    moved = oracle_network({0: face_points(centre=(130, 120))})
    followed = follow_landmarks(frame_picture(), moved, before)
    assert moved.read.num_readings == 2
    assert np.abs(followed.landmarks.points[:, 0] - face_points()[:, 0] - 10).max() < 0.6
    gone = follow_landmarks(frame_picture(has_face=False), oracle_network({}), before)
    assert gone.score < 0.2


@pytest.mark.parametrize("side", [40, 150, 431, 900])
@pytest.mark.parametrize("centre", [(200.0, 150.0), (30.0, 280.0)])
def test_a_fast_crop_shows_what_the_exact_one_shows(side, centre):
    rows, columns = np.mgrid[:300, :400]
    waves = [128 + 90 * np.sin(columns / 31 + k) * np.cos(rows / 47 - k) for k in range(3)]
    picture = np.stack(waves, -1).astype(np.uint8)
    transform = box_transform(FaceBox(centre, float(side), 0.3), size_px=64)
    fast, exact = fast_crop(picture, transform), crop_pixels(picture, transform)
    assert fast.shape == exact.shape
    apart = np.abs(fast.astype(int) - exact)
    inside = cv2.erode((exact.max(-1) > 0).astype(np.uint8), np.ones((11, 11))) > 0
    assert inside.sum() > 100
    assert apart[inside].max() <= 12  # far from the edges, which differ by a crop pixel
    assert apart[inside].mean() < 2


def test_a_fast_crop_beside_the_picture_is_black():
    transform = box_transform(FaceBox((900.0, 150.0), 300.0, 0.0), size_px=16)
    assert fast_crop(np.full((300, 400, 3), 255, np.uint8), transform).max() == 0


def test_landmarks_of_a_face_are_stable_and_those_of_nothing_are_not():
    truth = Landmarks(face_points(), "compact-21")
    assert stability(frame_picture(), oracle_network({0: face_points()}), truth) > 0.95
    assert stability(frame_picture(has_face=False), oracle_network({}), truth) < 0.1


def test_only_what_looks_like_a_face_is_one():
    upright = face_points()
    assert is_plausible_face(Landmarks(upright, "compact-21"), BOX)
    mirrored = upright * (-1, 1) + (240, 0)
    assert not is_plausible_face(Landmarks(mirrored, "compact-21"), BOX)
    squashed = (upright - 120) * (1, 0.2) + 120
    assert not is_plausible_face(Landmarks(squashed, "compact-21"), BOX)
    assert not is_plausible_face(Landmarks(upright + 500, "compact-21"), BOX)
    assert not is_plausible_face(Landmarks(np.full((21, 2), 120.0), "compact-21"), BOX)


@pytest.mark.parametrize("name", [name for name, layout in LAYOUTS.items() if layout.has_openness])
def test_openness_is_measured_from_every_layout_that_can(name):
    layout, pairs = LAYOUTS[name], openness_pairs(name)
    points = torch.zeros(1, layout.num_points, 2)
    for eye, height in ((pairs.first_eye, 1.0), (pairs.second_eye, 2.0), (pairs.lip, 3.0)):
        points[0, eye.height[1], 1] = height
        points[0, eye.width[1], 0] = 10.0
    torch.testing.assert_close(eyes_open(points, pairs), torch.tensor([[0.1, 0.2]]))
    torch.testing.assert_close(lip_open(points, pairs), torch.tensor([[0.3]]))


def test_a_layout_without_lids_is_named():
    with pytest.raises(ValueError, match=r"layout is five.* one of compact-21.* is expected"):
        openness_pairs("five")
