"""The pictures that a node registry shows."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from liveportrait_core.imaging.tensors import resize_pixels
from liveportrait_core.media.images import read_image

DOCS = Path(__file__).resolve().parent.parent / "docs"
MOST_ICON_PX = 400
MOST_BYTES = {"icon.png": 100_000, "banner.png": 1_000_000}


def test_the_icon_is_a_small_square_with_clear_corners():
    icon = read_image(DOCS / "icon.png")
    assert icon.rgb.shape == (MOST_ICON_PX, MOST_ICON_PX, 3)
    assert icon.alpha is not None
    assert not icon.alpha[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert (icon.alpha[100:300, 100:300] == 255).all()


def test_the_icons_face_still_shows_at_32_pixels():
    small = resize_pixels(read_image(DOCS / "icon.png").rgb, (32, 32)).astype(float)
    face = small[6:26, 12:20].mean(-1)
    assert face.max() > 230  # paper
    assert face.min() < 130  # an eye or the mouth, on it
    assert np.abs(small[16, 3] - small[16, 28]).max() > 80  # one side blue, the other amber


def test_the_banner_is_21_to_9():
    height, width = read_image(DOCS / "banner.png").rgb.shape[:2]
    assert Fraction(width, height) == Fraction(21, 9)
    assert width >= 1260


def test_the_pictures_stay_small():
    for name, most in MOST_BYTES.items():
        assert (DOCS / name).stat().st_size <= most
