from dataclasses import replace

import cv2
import numpy as np
import pytest

from liveportrait_core.imaging.crop import FaceBox, box_transform
from liveportrait_core.imaging.landmark_layouts import Landmarks
from train.curation.face_recognition import aligned, lowest_similarity
from train.curation.quality import (
    Quality,
    bar_share,
    blockiness,
    clipped_share,
    measure,
    missed_limit,
    part_around,
)
from train.curation.settings import CurationSettings
from train.curation.tools import load_scorer

GOOD = Quality(zoom=1.0, blur=0.4, contrast=120.0, clipped=0.0, blocks=1.1)
STRAIGHT = np.zeros((10, 3), np.float32)
CENTRE = box_transform(FaceBox((96, 80), 96.0, 0.0), size_px=96)


def test_steps_at_block_borders_are_weighed_against_those_within():
    plain = np.full((32, 32), 100, np.uint8)
    assert blockiness(plain) == 1
    tiles = (np.arange(32) // 8 * 10)[None, :] + np.zeros((32, 1), int)
    # across: steps of 10 at the borders and of 0 within; down: none. (10 + .5) / .5
    assert blockiness(tiles.astype(np.uint8)) == pytest.approx(21)
    ramp = np.arange(32)[None, :] + np.zeros((32, 1), int)
    assert blockiness(ramp.astype(np.uint8)) == pytest.approx(1)


def test_jpegs_of_low_quality_show_their_blocks():
    noise = np.random.default_rng(0).normal(128, 30, (160, 192)).clip(0, 255)
    grey = cv2.GaussianBlur(noise, (0, 0), 3)
    grey = cv2.normalize(grey, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    found = []
    for quality in (95, 30, 8):
        data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        found.append(blockiness(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)))
    limit = CurationSettings().max_blocks
    assert found[0] < 1.2 < found[1] < found[2]
    assert found[2] > limit


def test_the_part_around_a_face_begins_at_a_block():
    frame = np.arange(160 * 192 * 3).reshape(160, 192, 3).astype(np.uint8)
    part = part_around(frame, CENTRE)
    # the square from 48 to 144 and 32 to 128 begins at multiples of 8
    assert np.array_equal(part[:96, :96], frame[32:128, 48:144])


def test_black_and_white_pixels_are_counted():
    grey = np.full((10, 10), 128, np.uint8)
    grey[0, :5], grey[1, :2] = 0, 255
    assert clipped_share(grey) == pytest.approx(0.07)


def test_black_bars_are_measured_and_dark_rooms_are_none():
    picture = np.full((100, 100), 120, np.uint8)
    assert bar_share(picture) == 0
    barred = picture.copy()
    barred[:12], barred[:, -7:] = 16, 3
    assert bar_share(barred) == pytest.approx(0.12)
    assert bar_share(barred[:, ::-1].T) == pytest.approx(0.12)
    room = np.zeros((100, 100), np.uint8)
    cv2.circle(room, (50, 55), 30, 160, -1)  # a head before black
    assert bar_share(room) == 0
    assert bar_share(np.zeros((100, 100), np.uint8)) == 0
    missed = missed_limit(replace(GOOD, bars=0.12), STRAIGHT, CurationSettings())
    assert missed == "black bars"


def measured(crop, **more):
    return measure([crop], [crop], CENTRE, **more)


def natural(low, high):
    """A picture with as much at each scale, as in photographs, of some grey levels."""
    random = np.random.default_rng(0)
    scales = [cv2.resize(random.normal(0, 1, (n, n)), (96, 96)) for n in (3, 6, 12, 24, 48, 96)]
    mixed = sum(scale / 1.4**k for k, scale in enumerate(scales))
    grey = cv2.normalize(mixed, None, low, high, cv2.NORM_MINMAX).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)


def test_blur_grows_with_what_is_lost():
    crop = natural(0, 255)
    blurs = [measured(crop).blur]
    blurs += [measured(cv2.GaussianBlur(crop, (0, 0), sigma)).blur for sigma in (1, 2, 4)]
    assert blurs == sorted(blurs)
    assert blurs[0] < 0.4
    assert blurs[-1] > CurationSettings().max_blur


def test_a_dark_face_is_no_fault_and_a_face_without_contrast_is():
    dark, flat = measured(natural(8, 140)), measured(natural(60, 140))
    assert not missed_limit(dark, STRAIGHT, CurationSettings())
    assert missed_limit(flat, STRAIGHT, CurationSettings()) == "little contrast"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"blur": 0.9}, "blurred"),
        ({"contrast": 20.0}, "little contrast"),
        ({"clipped": 0.5}, "black or white"),
        ({"blocks": 3.0}, "compressed"),
        ({"score": 0.2}, "low score"),
        ({"score": float("nan")}, "low score"),
        ({"score": 0.6}, ""),
    ],
)
def test_each_limit_has_its_reason(changes, reason):
    values = {name: getattr(GOOD, name) for name in GOOD.__slots__}
    settings = CurationSettings(min_score=0.5)
    assert missed_limit(Quality(**{**values, **changes}), STRAIGHT, settings) == reason


def test_one_frame_in_ten_may_be_turned_further_than_allowed():
    poses = np.zeros((100, 3), np.float32)
    poses[:9, 1] = 80
    assert not missed_limit(GOOD, poses, CurationSettings())
    poses[:20, 1] = -80
    assert missed_limit(GOOD, poses, CurationSettings()) == "turned away"


def brightness(frames):
    assert frames.dtype == np.uint8
    return frames[..., 0].mean() / 255


def test_a_scorer_is_named_by_module_and_function():
    scorer = load_scorer(f"{__name__}:brightness")
    white = np.full((96, 96, 3), 255, np.uint8)
    assert measured(white, scorer=scorer).score == 1


@pytest.mark.parametrize(
    "name", ["nowhere:f", "train.curate:nothing", "train.curate", ":", "math:pi"]
)
def test_a_scorer_that_is_not_there_is_one_sentence(name):
    with pytest.raises(ValueError, match=f"The scorer {name}"):
        load_scorer(name)


def test_settings_that_leave_no_clip_are_refused():
    with pytest.raises(ValueError, match="Make min_s smaller"):
        CurationSettings(min_s=30)
    with pytest.raises(ValueError, match="size_px is 0; a whole number from 1 up is expected"):
        CurationSettings(size_px=0)
    with pytest.raises(ValueError, match="from 1 to 100 is expected"):
        CurationSettings(jpeg_quality=101)


def test_a_turned_face_is_brought_where_arcface_wants_it():
    frame, points = np.zeros((200, 200, 3), np.uint8), np.full((21, 2), 100.0)
    # eyes and mouth of a face that is turned by a quarter: its right eye is below its left
    spots = {"left": (120, 60), "right": (120, 120), "lip": (60, 90)}
    for group, spot in (((4, 5), "left"), ((6, 7), "right"), ((15, 16), "lip")):
        points[list(group)] = spots[spot]
        cv2.circle(frame, spots[spot], 6, (255, 255, 255), -1)
    crop = aligned(frame, Landmarks(points, "compact-21"))
    assert crop.shape == (112, 112, 3)
    for x, y in ((38.3, 51.6), (73.5, 51.6), (56.1, 92.3)):  # within the fit of three points
        assert crop[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3].mean() > 150


def test_the_least_cosine_of_any_two_faces_counts():
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    between = np.array([0.6, 0.8], np.float32)
    assert lowest_similarity([east, between]) == pytest.approx(0.6)
    assert lowest_similarity([east, between, north]) == pytest.approx(0)
