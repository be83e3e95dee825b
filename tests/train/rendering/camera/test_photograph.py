from dataclasses import replace

import numpy as np
import pytest

from train.rendering.camera.photograph import PLAIN, take_photograph
from train.rendering.paint import rgb

SIZE = 32


def grey(value):
    return np.full((SIZE, SIZE, 3), value, np.float32)


def test_a_quarter_of_the_light_is_shown_as_half_grey():
    picture = PLAIN.develop(grey(0.25), 0)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, 128)  # .5 * 255 + .5


def test_bright_light_rolls_off_and_never_reaches_beyond_white():
    shown = [int(PLAIN.develop(grey(value), 0)[0, 0, 0]) for value in (0.55, 1.0, 2.0, 50.0)]
    assert shown == sorted(shown)
    assert shown[1] < 250
    assert shown[-1] == 255


def test_exposure_and_white_balance_are_factors_of_light():
    taken = replace(PLAIN, exposure=0.5, white=rgb(1, 0.5, 0.25))
    np.testing.assert_array_equal(taken.develop(grey(0.5), 0)[0, 0], [128, 90, 64])


def test_black_and_white_pictures_have_one_colour():
    colourful = np.random.default_rng(0).random((SIZE, SIZE, 3), dtype=np.float32) / 2
    picture = replace(PLAIN, saturation=0.0, noise=0.05).develop(colourful, 0)
    assert (picture[..., 0] == picture[..., 2]).all()
    assert picture.std() > 5


def test_a_vignette_darkens_corners_and_not_the_middle():
    picture = replace(PLAIN, vignette=0.5).develop(grey(0.25), 0)
    assert abs(int(picture[SIZE // 2, SIZE // 2, 0]) - 128) <= 1
    assert picture[0, 0, 0] < 100  # half the light: 128 * sqrt(.5)


def test_noise_differs_from_frame_to_frame_and_comes_back_with_the_frame():
    noisy = replace(PLAIN, noise=0.05, noise_grain=0.9, seed=3)
    first, again, other = (noisy.develop(grey(0.25), key) for key in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    assert 8 < first.std() < 18  # .05 * 255 = 12.75


@pytest.mark.parametrize("change", [{"soft": 0.4}, {"jpeg_quality": 40}, {"brush": 3}])
def test_what_keeps_a_picture_loses_detail_and_not_its_colours(change):
    random = np.random.default_rng(1)
    detailed = np.clip(rgb(0.3, 0.2, 0.1) + random.normal(size=(64, 64, 3)) * 0.05, 0, 1)
    sharp = PLAIN.develop(detailed.astype(np.float32), 0).astype(float)
    kept = replace(PLAIN, **change).develop(detailed.astype(np.float32), 0).astype(float)
    assert kept.shape == sharp.shape
    np.testing.assert_allclose(kept.mean((0, 1)), sharp.mean((0, 1)), atol=6)
    assert np.abs(np.diff(kept, axis=1)).mean() < np.abs(np.diff(sharp, axis=1)).mean()


def test_most_people_are_taken_well_and_some_in_black_and_white():
    taken = [take_photograph(np.random.default_rng(seed)) for seed in range(300)]
    grey_share = np.mean([photograph.saturation == 0 for photograph in taken])
    assert 0.03 < grey_share < 0.16  # .05 + .95 * .03 are expected
    assert np.mean([photograph.jpeg_quality > 0 for photograph in taken]) == pytest.approx(
        0.5, abs=0.12
    )
    assert 0.8 < np.median([photograph.exposure for photograph in taken]) < 1.2
