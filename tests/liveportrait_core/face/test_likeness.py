"""Likeness of two faces."""

import cv2
import numpy as np
import pytest

from liveportrait_core.face.faces import face_from_landmarks
from liveportrait_core.face.likeness import likeness
from liveportrait_core.imaging.landmark_layouts import Landmarks

from .oracle import face_points


def picture_of(seed, centre=(120, 120), half=30, level=60.0, contrast=1.0):
    """A face of smooth random spots, and where it is."""
    spots = np.random.default_rng(seed).normal(0, 40, (6, 6)).astype(np.float32)
    side = round(3 * half)
    spots = cv2.resize(spots, (side, side), interpolation=cv2.INTER_CUBIC)
    picture = np.full((240, 240), level, np.float32)
    x, y = (round(value - side / 2) for value in centre)
    picture[y : y + side, x : x + side] = level + 60 + contrast * spots
    face = face_from_landmarks(Landmarks(face_points(centre, half), "compact-21"), 1.0)
    return np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, -1), face


@pytest.mark.parametrize(
    "other",
    [
        {"centre": (90, 140)},
        {"centre": (130, 110), "half": 40},
        {"level": 40.0, "contrast": 0.7},
    ],
)
def test_place_size_and_light_do_not_count(other):
    assert likeness(*picture_of(0), *picture_of(0, **other)) > 0.97


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_face_is_not_alike(seed):
    assert likeness(*picture_of(0), *picture_of(seed)) < 0.5


def test_a_face_of_one_level_is_like_none():
    picture, face = picture_of(0)
    assert likeness(np.zeros_like(picture), face, picture, face) == 0
    assert likeness(picture, face, picture, face) == pytest.approx(1)
