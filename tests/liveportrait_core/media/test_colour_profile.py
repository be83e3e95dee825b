"""Pictures with a colour profile become sRGB; sRGB stays as it is."""

import io

import numpy as np
import pytest
from PIL import ExifTags, ImageCms
from PIL import Image as PillowImage

from liveportrait_core.media.colour_profile import srgb_profile, to_srgb
from liveportrait_core.media.images import read_image, write_image
from tests.support.icc import (
    ADOBE_GAMMA,
    ADOBE_RGB,
    SRGB,
    adobe_to_srgb,
    grey_profile,
    rgb_profile,
)

RNG = np.random.default_rng(1)
PICTURE = RNG.integers(0, 256, (8, 10, 3)).astype(np.uint8)
ADOBE = rgb_profile(ADOBE_RGB, ADOBE_GAMMA)


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
def test_adobe_rgb_is_converted_by_its_formulas(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    PillowImage.fromarray(PICTURE).save(path, icc_profile=ADOBE, **options)
    read = read_image(path).rgb
    assert np.abs(read - adobe_to_srgb(PICTURE)).max() <= 2
    assert np.abs(read.astype(int) - PICTURE).max() > 20


def test_a_jpeg_is_converted_and_alpha_is_kept(tmp_path):
    flat = np.full((16, 16, 3), (180, 90, 60), np.uint8)
    PillowImage.fromarray(flat).save(tmp_path / "a.jpg", icc_profile=ADOBE, quality=98)
    assert np.abs(read_image(tmp_path / "a.jpg").rgb - adobe_to_srgb(flat)).max() <= 4
    alpha = RNG.integers(1, 256, PICTURE.shape[:2]).astype(np.uint8)
    PillowImage.fromarray(np.dstack((PICTURE, alpha))).save(tmp_path / "a.png", icc_profile=ADOBE)
    image = read_image(tmp_path / "a.png")
    assert np.abs(image.rgb - adobe_to_srgb(PICTURE)).max() <= 2
    np.testing.assert_array_equal(image.alpha, alpha)


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        b"no profile at all",
        grey_profile(2.2)[:60],
    ],
)
def test_srgb_and_what_is_no_profile_change_nothing(profile):
    np.testing.assert_array_equal(to_srgb(PICTURE, profile), PICTURE)


@pytest.mark.parametrize("index", ["R03", "R98"])
def test_a_camera_says_adobe_rgb_by_its_exif_data_alone(tmp_path, index):
    flat = np.full((16, 16, 3), (180, 90, 60), np.uint8)
    exif = PillowImage.Exif()
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.ColorSpace: 0xFFFF if index == "R03" else 1,
        ExifTags.IFD.Interop: {ExifTags.Interop.InteropIndex: index},
    }
    PillowImage.fromarray(flat).save(tmp_path / "a.jpg", quality=98, exif=exif)
    expected = adobe_to_srgb(flat) if index == "R03" else flat
    assert np.abs(read_image(tmp_path / "a.jpg").rgb.astype(int) - expected).max() <= 4


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif", ".png"])
def test_what_is_written_says_that_it_is_srgb(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_image(path, PICTURE)
    with PillowImage.open(path) as image:
        if suffix == ".png":
            assert image.info["srgb"] == 1
            return
        profile = image.info["icc_profile"]
        assert profile == srgb_profile()
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    np.testing.assert_array_equal(to_srgb(PICTURE, profile), PICTURE)


def test_grey_is_converted_by_its_gamma(tmp_path):
    grey = np.arange(0, 256, 5, dtype=np.uint8)[None].repeat(4, axis=0)
    stream = io.BytesIO()
    PillowImage.fromarray(grey).save(stream, "PNG", icc_profile=grey_profile(1.8))
    (tmp_path / "grey.png").write_bytes(stream.getvalue())
    linear = (grey / 255) ** (round(1.8 * 256) / 256)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    read = read_image(tmp_path / "grey.png").rgb
    assert np.abs(read - 255 * srgb[..., None]).max() <= 2


def test_a_profile_of_srgb_primaries_with_another_gamma_is_converted():
    converted = to_srgb(PICTURE, rgb_profile(SRGB, 1.8))
    linear = (PICTURE / 255) ** (round(1.8 * 256) / 256)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(converted - 255 * srgb).max() <= 2


def test_inks_with_a_profile_are_read_by_it_and_without_one_as_before(tmp_path):
    inks = PillowImage.new("CMYK", (16, 16), (0, 255, 255, 0))
    inks.save(tmp_path / "a.jpg", quality=98)
    assert read_image(tmp_path / "a.jpg").rgb.shape == (16, 16, 3)
    # a profile of another space than the picture's is passed over
    inks.save(tmp_path / "b.jpg", quality=98, icc_profile=ADOBE)
    red = read_image(tmp_path / "b.jpg").rgb[8, 8].astype(int)
    assert red[0] > 200
    assert red[1:].max() < 60
