"""Frames to paste into that are not the source's, and sources that end before their driver."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation.render import render
from liveportrait_core.media.clips import Frames
from liveportrait_core.pipeline import prepare
from tests.support.blobs import face_frame
from tests.support.squares import PLAIN, square_tracker, walk

pytestmark = pytest.mark.usefixtures("_no_gradients")

LEFT, RIGHT = (20, 50, 40), (230, 60, 50)
PAIR = face_frame(LEFT, RIGHT, width=360, height=160)
MIDDLE = 170
"""A column between the two faces, beyond the crops of both."""


def prepared(model, source, driving, face_index=0, options=PLAIN, **more):
    source_faces = square_tracker(face_index=face_index, order="left-right")
    faces = {"source_faces": source_faces, "driving_faces": square_tracker()}
    return prepare(model, source, driving, options, **faces, **more)


def pictures(*args, **more):
    return [frame.picture for frame in render(prepared(*args, **more))]


def test_pasting_onto_the_sources_own_frames_changes_nothing(model):
    plain = pictures(model, PAIR, walk(3))
    again = pictures(model, PAIR, walk(3), background_clip=Frames([PAIR] * 3))
    np.testing.assert_array_equal(plain, again)


def test_two_people_are_animated_one_after_the_other(model):
    first = pictures(model, PAIR, walk(4))
    other = pictures(model, PAIR, walk(4, step=-2), face_index=1)
    both = pictures(model, PAIR, walk(4, step=-2), face_index=1, background_clip=Frames(first))
    for one, two, made in zip(first, other, both, strict=True):
        np.testing.assert_array_equal(made[:, :MIDDLE], one[:, :MIDDLE])
        np.testing.assert_array_equal(made[:, MIDDLE:], two[:, MIDDLE:])
        assert (one != PAIR)[:, :MIDDLE].any()
        assert (two != PAIR)[:, MIDDLE:].any()


def test_people_of_a_video_are_animated_one_after_the_other(model):
    source = Frames([PAIR] * 3)
    first = pictures(model, source, walk(3))
    both = pictures(model, source, walk(3), face_index=1, background_clip=Frames(first))
    np.testing.assert_array_equal(np.stack(both)[:, :, :MIDDLE], np.stack(first)[:, :, :MIDDLE])
    assert (np.stack(both) != np.stack(first))[:, :, MIDDLE:].any()


@pytest.mark.parametrize("num_background", [2, 6])
def test_no_more_frames_come_out_than_there_are(model, num_background):
    background = Frames([PAIR] * num_background)
    assert len(prepared(model, PAIR, walk(4), background_clip=background)) == min(4, num_background)
    assert len(prepared(model, Frames([PAIR] * 3), walk(4), background_clip=background)) == min(
        3, num_background
    )


def test_one_driving_frame_is_held_for_all_of_them(model):
    still = face_frame((40, 20, 60))
    held = prepared(model, PAIR, still, background_clip=Frames([PAIR] * 5))
    (once,) = pictures(model, PAIR, still)
    assert len(held) == len(held.keypoints.motion) == 5
    for frame in render(held):
        # batched convolutions may round differently: one level at most
        assert np.abs(frame.picture.astype(int) - once).max() <= 1
    cut = prepared(model, Frames([PAIR] * 5), still, background_clip=Frames([PAIR] * 2))
    assert len(list(render(cut))) == len(cut) == 2


def test_a_driver_that_ends_early_goes_on_over_them(model):
    options = replace(PLAIN, when_shorter="loop")
    background = Frames([PAIR] * 7)
    looped = prepared(model, PAIR, walk(3), options=options, background_clip=background)
    x_d = looped.keypoints.driving_keypoints
    assert len(looped) == 7
    torch.testing.assert_close(x_d[3:6], x_d[:3])


def test_frames_of_another_size_are_refused(model):
    background = Frames([face_frame(width=200)] * 3)
    animation = prepared(model, PAIR, walk(3), background_clip=background)
    with pytest.raises(ValueError, match=r"Frame 0 .* of 200x120 pixels; 360x160 is expected"):
        list(render(animation))


@dataclass
class Silent:
    """A clip that does not tell how many frames it has."""

    frames: list
    fps: Fraction = Fraction(25)

    def __iter__(self):
        return iter(self.frames)


def test_frames_that_run_out_are_told(model):
    animation = prepared(model, PAIR, walk(3), background_clip=Silent([PAIR] * 2))
    assert len(animation) == 3
    with pytest.raises(ValueError, match=r"Frame 2 of the background clip is missing; 360x160 is"):
        list(render(animation))


# A source video that ends before its driver


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("stop", [0, 1, 2]),
        ("hold", [0, 1, 2, 2, 2, 2, 2]),
        ("loop", [0, 1, 2, 0, 1, 2, 0]),
        ("bounce", [0, 1, 2, 1, 0, 1, 2]),
    ],
)
def test_a_source_that_ends_early_goes_on_as_asked(model, how, shown):
    source, driver = walk(3, step=9), walk(7, step=0)
    options = replace(PLAIN, source_when_shorter=how)
    made = prepared(model, source, driver, options=options)
    assert len(made) == len(shown)
    assert torch.equal(
        made.read.motion.translation,
        prepared(model, source, driver).read.motion[torch.tensor(shown)].translation,
    )
    rendered = [frame.source for frame in render(made)]
    for frame, index in zip(rendered, shown, strict=True):
        np.testing.assert_array_equal(frame, source.frames[index])


def test_a_source_lasts_as_long_as_a_driver_of_another_rate(model):
    options = replace(PLAIN, source_when_shorter="hold")
    assert len(prepared(model, walk(3), walk(10, fps=50), options=options)) == 5
    assert len(prepared(model, walk(9), walk(4), options=options)) == 4
    assert len(prepared(model, walk(3), walk(1), options=options)) == 3
