"""A mean face fitted to five points."""

import numpy as np
import pytest

from liveportrait_core.face.mean_face import (
    FIVE_POINTS,
    MEAN_FACE,
    are_plausible_points,
    mean_face_landmarks,
)
from liveportrait_core.imaging.crop import face_box

UPRIGHT = np.stack([np.array(MEAN_FACE)[list(group)].mean(0) for group in FIVE_POINTS])


def turned(points, angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


def test_the_mean_face_fills_its_square_and_is_alike_on_both_sides():
    face = np.array(MEAN_FACE)
    mirrored = face[[3, 2, 1, 0, 7, 6, 5, 4, 10, 11, 8, 9, 13, 12, 14, 16, 15, 17, 18, 19, 20]]
    np.testing.assert_allclose(mirrored * (-1, 1), face, atol=0.011)
    box = face_box(mean_face_landmarks(UPRIGHT), scale=1.0)
    assert box.side == pytest.approx(1, abs=0.02)
    assert np.hypot(*box.centre) < 0.02


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_the_mean_face_is_fitted_to_the_five_points(angle):
    five = turned(UPRIGHT, angle) * 80 + (300, 200)
    fitted = mean_face_landmarks(five)
    np.testing.assert_allclose(
        fitted.points, turned(np.array(MEAN_FACE), angle) * 80 + (300, 200), atol=1e-6
    )
    box = face_box(fitted, scale=1.0)
    assert box.angle_rad == pytest.approx(angle, abs=1e-3)
    assert box.side == pytest.approx(80, rel=0.02)


def test_a_wide_muzzle_widens_the_landmarks():
    wide = mean_face_landmarks(UPRIGHT * (2, 1)).points
    np.testing.assert_allclose(wide, np.array(MEAN_FACE) * (2, 1), atol=1e-9)


def test_only_what_lies_as_in_a_face_could_be_one():
    assert are_plausible_points(UPRIGHT)
    assert are_plausible_points(turned(UPRIGHT, 2.0))
    assert not are_plausible_points(UPRIGHT * (-1, 1))  # the left eye on the right
    assert not are_plausible_points(UPRIGHT * (1, 0.2))
    assert not are_plausible_points(UPRIGHT * (0.1, 1))
    assert not are_plausible_points(UPRIGHT @ np.array([[1, 1.5], [0, 1]]))  # sheared
    assert not are_plausible_points(np.zeros((5, 2)))
