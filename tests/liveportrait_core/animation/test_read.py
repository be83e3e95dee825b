"""Pass 1 over drivers: crops, neutral frames, shots, frames without a face."""

import logging
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation.crop_motion import ReadOptions
from liveportrait_core.animation.read import read_clip
from liveportrait_core.media.clips import Frames
from liveportrait_core.options import Framing
from liveportrait_core.stages import transform_keypoints
from tests.support.blobs import face_frame
from tests.support.squares import square_tracker, walk, without_face

pytestmark = pytest.mark.usefixtures("_no_gradients")


def test_driving_frames_without_a_face_are_made_up_and_told_once(model, caplog):
    driving = without_face(walk(7, step=1), 0, 3, 4)
    read = read_clip(model, driving, square_tracker("driver"), Framing(), "driver")
    assert read.motion.validity.tolist() == [0, 1, 1, 0.5, 0.5, 1, 1]
    points = transform_keypoints(read.motion)
    # before the first face its motion is held, in between it runs evenly
    torch.testing.assert_close(points[0], points[1])
    torch.testing.assert_close(read.motion.translation[3], lerp(read, 1 / 3), rtol=0, atol=1e-6)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "0 and 3-4 (of 7" in warnings[0].getMessage()


def lerp(read, share):
    return torch.lerp(read.motion.translation[2], read.motion.translation[5], share)


def test_a_driver_is_seen_through_one_upright_crop(model):
    read = read_clip(model, walk(4), square_tracker(), Framing(), "driver")
    assert len({transform.source_to_crop.tobytes() for transform in read.transforms}) == 1


@pytest.mark.parametrize(("published", "frame"), [(False, 2), (True, 0)])
def test_a_driver_that_starts_with_a_blink_is_measured_from_open_eyes(
    model, monkeypatch, published, frame
):
    def blinks(motion, track):
        eyes = torch.full((6, 2), 0.3)
        eyes[:2] = 0.02
        still = motion[:1].map_tensors(lambda tensor: tensor.expand(6, *tensor.shape[1:]))
        return still.describe(eyes_open=eyes)

    monkeypatch.setattr("liveportrait_core.animation.crop_motion.with_openness", blinks)
    reading = ReadOptions(published=published)
    motion = read_clip(model, walk(6), square_tracker(), Framing(), "driver", reading).motion
    assert motion.reference_frame == frame


def far_walk(num_frames=20, step=12):
    frames = [face_frame((20 + step * n, 30, 40), width=340) for n in range(num_frames)]
    return Frames(frames, Fraction(25))


def read_driver(model, clip, **reading):
    return read_clip(model, clip, square_tracker(), Framing(), "driver", ReadOptions(**reading))


def test_a_driver_that_walks_is_seen_whole_and_measured_in_one_crop(model):
    clip = far_walk()
    follow, fixed = (read_driver(model, clip, driving_crop=how) for how in ("follow", "fixed"))
    assert len({str(crop.source_to_crop) for crop in fixed.transforms}) == 1
    assert len({str(crop.source_to_crop) for crop in follow.transforms}) == len(clip.frames)
    for number, crop in enumerate(follow.transforms):
        corners = np.array([[20.0 + 12 * number, 30], [60.0 + 12 * number, 70]])
        assert (np.abs(crop.to_crop(corners) / crop.size_px - 0.5) < 0.5).all()
    # in one crop: its side is a little more than twice that of the face
    walked = follow.motion.translation[-1, 0] - follow.motion.translation[0, 0]
    side = fixed.transforms[0].source_px_per_crop_px * fixed.transforms[0].size_px
    assert walked == pytest.approx(2 * 12 * 19 / side, rel=0.2)


def test_a_driver_that_stays_in_its_crop_is_read_as_with_a_fixed_one(model):
    clip = walk(6, step=1)
    follow, fixed = (read_driver(model, clip, driving_crop=how) for how in ("follow", "fixed"))
    assert torch.equal(follow.motion.translation, fixed.motion.translation)
    assert torch.equal(follow.motion.expression, fixed.motion.expression)


def test_published_drivers_have_a_fixed_crop(model):
    read = read_driver(model, far_walk(), published=True)
    assert len({str(crop.source_to_crop) for crop in read.transforms}) == 1


def cut_driver(*lengths):
    """Shots of one square each, of other sizes at other places on other ground."""
    frames = []
    for number, length in enumerate(lengths):
        x, side, level = ((20, 60, 0), (110, 40, 90), (60, 50, 30))[number]
        frames += [np.maximum(face_frame((x + n, 30, side)), level) for n in range(length)]
    return Frames(frames, Fraction(25))


def test_each_shot_of_a_driver_has_its_crop_and_its_neutral_frame(model, caplog):
    caplog.set_level(logging.WARNING)
    read = read_driver(model, cut_driver(6, 5, 4))
    motion = read.motion
    assert motion.shot_slices == (slice(0, 6), slice(6, 11), slice(11, 15))
    assert len({str(crop.source_to_crop) for crop in read.transforms}) == 3
    assert motion.reference is not None
    assert len(motion.reference) == 3
    for row, shot in enumerate(motion.shot_slices):
        near = (motion.expression[shot] == motion.reference.expression[row]).all(2).all(1)
        assert near.any()
    assert "3 shots; each is measured from its own neutral frame" in caplog.text
    assert "reference chooses one for all of them." in caplog.text


def test_a_driver_without_cuts_and_a_published_one_have_no_shots(model):
    for motion in (
        read_driver(model, walk(6)).motion,
        read_driver(model, cut_driver(6, 5), published=True).motion,
    ):
        assert motion.shot is None
        assert motion.reference is None


def test_a_shot_without_a_face_continues_the_one_before(model):
    clip = cut_driver(6, 5, 4)
    clip.frames[6:11] = [np.full_like(clip.frames[6], 100)] * 5
    track = replace(square_tracker()(clip), shots=(0, 6, 11))
    motion = read_clip(model, clip, track, Framing(), "driver").motion
    for name in ("expression", "translation", "rotation"):
        held = getattr(motion, name)[7:11]  # after the 0.1 s in which it comes to rest
        torch.testing.assert_close(held, held[:1].expand_as(held))
    assert motion.shot_slices == (slice(0, 11), slice(11, 15))
