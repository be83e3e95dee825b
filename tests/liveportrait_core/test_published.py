"""What the published program does with sources and drivers, and faces that come late."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation.crop_motion import ReadOptions
from liveportrait_core.animation.crops import whole_frame
from liveportrait_core.animation.read import read_clip
from liveportrait_core.animation.render import render
from liveportrait_core.errors import FaceNotFoundError
from liveportrait_core.face.faces import FaceTrack
from liveportrait_core.imaging.landmark_layouts import Landmarks
from liveportrait_core.imaging.tensors import resize_pixels, tensor_from_pixels
from liveportrait_core.media.clips import Frames, LimitedClip, limited_box
from liveportrait_core.options import AnimateOptions, DrivingOptions, Framing
from liveportrait_core.pipeline import prepare
from liveportrait_core.stages import extract_motion
from tests.support.blobs import SquareFinder, face_frame
from tests.support.squares import PLAIN, PUBLISHED, square_tracker
from tests.support.tiny import tiny_published_model

pytestmark = pytest.mark.usefixtures("_no_gradients")

WALK = [face_frame((40 + 3 * index, 30, 50)) for index in range(3)]


@pytest.mark.parametrize(
    ("width", "height", "limited"),
    [(1601, 901, (720, 1280)), (161, 121, (120, 160)), (901, 1601, (1280, 720))],
)
@pytest.mark.parametrize("is_video", [False, True])
def test_published_limits_a_source_before_anything_else(model, width, height, limited, is_video):
    still = face_frame((50, 30, 60), width=width, height=height)
    source = Frames([still, still], Fraction(20)) if is_video else still
    wide, published = model.preset.source_framing, model.preset.source_crop
    for options, framing, size in (
        (PLAIN, wide, (height, width)),
        (PUBLISHED, published, limited),
    ):
        animation = prepare(
            model,
            source,
            Frames(WALK),
            options,
            source_faces=square_tracker(),
            driving_faces=square_tracker(),
        )
        frames = list(render(animation))
        assert {frame.picture.shape for frame in frames} == {(*size, 3)}
        assert {frame.source.shape for frame in frames} == {(*size, 3)}
        # the crop is of the smaller picture: the square's middle is where the framing has it
        in_crop = np.array([[64.0, 64.0 - 128 * framing.vy_ratio]])
        middle = animation.read.transforms[0].to_source(in_crop)[0]
        np.testing.assert_allclose(middle, np.array([80, 60]) * size[1] / width, atol=12)
        assert animation.fps == (20 if is_video else 25)


def test_a_limited_clip_tells_what_its_clip_tells():
    limited = LimitedClip(Frames(WALK, Fraction(20)))
    assert (limited.fps, limited.num_frames) == (20, 3)
    assert [len(list(limited)) for _ in range(2)] == [3, 3]
    assert limited_box((100, 60, 30, 20), 1800, 3200) == pytest.approx((40, 24, 12, 8))
    assert limited_box((100, 60, 30, 20), 181, 321) == (100, 60, 30, 20)


def test_published_takes_a_square_driver_as_it_is(model):
    square = face_frame((40, 30, 50), width=120, height=120)
    wide = face_frame((40, 30, 50), width=122, height=120)

    def is_whole(driver, already_cropped=None, *, published=True):
        framing = Framing(already_cropped=already_cropped)
        options = AnimateOptions(
            driving=DrivingOptions(stitch=False, compat="published" if published else "none"),
            driving_framing=framing,
        )
        faces = {"source_faces": square_tracker(), "driving_faces": square_tracker("driver")}
        read = prepare(model, wide, driver, options, **faces).driving_read
        whole = whole_frame(driver, 128).source_to_crop
        return np.allclose(read.transforms[0].source_to_crop, whole)

    assert is_whole(square)
    assert not is_whole(wide)
    assert not is_whole(square, already_cropped=False)
    assert not is_whole(square, published=False)
    assert is_whole(wide, already_cropped=True)
    with pytest.raises(FaceNotFoundError, match="None of 0 frames"):
        read_clip(model, Frames(()), None, Framing(already_cropped=True), "driver")


def test_openness_is_read_from_the_landmarks_that_tell_it():
    model = tiny_published_model()
    found = SquareFinder().find(face_frame((50, 30, 60)))[0]
    points = np.random.default_rng(0).uniform(50, 110, (203, 2))
    finer = Landmarks(points, "liveportrait-203")
    clip = Frames((face_frame((50, 30, 60)),))

    def read(face):
        return read_clip(model, clip, lambda frames: FaceTrack(0, (face,)), Framing(), "source")

    coarse = read(found)
    both = read(replace(found, openness_landmarks=finer))
    other = read(replace(found, landmarks=finer))
    np.testing.assert_array_equal(
        both.transforms[0].source_to_crop, coarse.transforms[0].source_to_crop
    )
    torch.testing.assert_close(both.motion.eyes_open, other.motion.eyes_open)
    torch.testing.assert_close(both.motion.lip_open, other.motion.lip_open)
    assert (both.motion.lip_open - coarse.motion.lip_open).abs().max() > 1e-3


def test_a_face_that_appears_late_costs_no_frame():
    frames = [face_frame()] * 50 + [face_frame((50, 30, 60))] * 20
    assert square_tracker()(frames).validity.index(1.0) == 50
    patient = replace(square_tracker("driver"), longest_wait=40)
    assert patient(frames).validity.index(1.0) == 50


def test_a_published_driver_that_is_not_cropped_goes_straight_to_the_networks_size(model):
    random = np.random.default_rng(0)
    frame = random.integers(0, 256, (300, 300, 3), dtype=np.uint8)
    framing = Framing(already_cropped=True)
    read = read_clip(model, Frames([frame]), None, framing, "driver", ReadOptions(published=True))
    straight = resize_pixels(frame, (128, 128), "bilinear")
    expected = extract_motion(model, tensor_from_pixels(straight))
    torch.testing.assert_close(read.motion.expression, expected.expression, atol=1e-6, rtol=0)
