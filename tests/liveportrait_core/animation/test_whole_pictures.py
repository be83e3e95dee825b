"""A portrait with shoulders is told from a crop of its face."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from liveportrait_core import FaceTrackers, Frames, load_model, read_image
from liveportrait_core.animation.crops import clip_crops, crop_of, is_whole_picture
from liveportrait_core.options import Framing

DEMO = Path(__file__).parents[3] / "docs" / "demo"
FPS = Fraction(25)


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def find(model):
    return FaceTrackers(model).tracker("driver")


@pytest.mark.parametrize("name", ["portrait.jpg", "group.jpg"])
def test_a_portrait_is_one_and_its_crops_are_none(model, find, name):
    picture = read_image(DEMO / name).rgb
    track = find([picture])
    assert is_whole_picture(model, picture, track)
    for role, scale in (("source", None), ("driver", None), ("source", 2.4), ("driver", 1.7)):
        clip = Frames([picture], FPS)
        (cut,) = clip_crops(model, track, Framing(scale=scale), clip, role).transforms
        crop = crop_of(picture, cut)
        assert crop.shape == (512, 512, 3)
        assert not is_whole_picture(model, crop, find([crop])), (role, scale)


def test_a_wide_band_around_a_crop_makes_it_one(model, find):
    picture = read_image(DEMO / "portrait.jpg").rgb
    (cut,) = clip_crops(
        model, find([picture]), Framing(), Frames([picture], FPS), "driver"
    ).transforms
    wide = np.pad(crop_of(picture, cut), ((0, 0), (200, 200), (0, 0)), mode="edge")
    assert is_whole_picture(model, wide, find([wide]))
