"""Frames to paste into that are not the source's, and drivers made to fit moving frames."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation.face_trackers import LandmarkTracker
from liveportrait_core.animation.render import render
from liveportrait_core.animation.timing import matched
from liveportrait_core.media.clips import Frames
from liveportrait_core.motion.types import Motion
from liveportrait_core.options import AnimateOptions, DrivingOptions
from liveportrait_core.pipeline import prepare
from liveportrait_core.preset import COMPACT
from tests.support.blobs import SquareFinder, face_frame, square_network
from tests.support.tiny import tiny_compact_model

TINY = replace(COMPACT, name="tiny", width=1 / 8, face_size_px=128, output_size_px=128)
PLAIN = AnimateOptions(driving=DrivingOptions(stitch=False))
LEFT, RIGHT = (20, 50, 40), (230, 60, 50)
PAIR = face_frame(LEFT, RIGHT, width=360, height=160)
MIDDLE = 170
"""A column between the two faces, beyond the crops of both."""


@pytest.fixture(scope="module")
def model():
    return tiny_compact_model(TINY)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def reader(face_index=0):
    return LandmarkTracker(
        finder=SquareFinder(), network=square_network(), face_index=face_index, order="left-right"
    )


def walk(num_frames, step=3, fps=25):
    return Frames(
        [face_frame((40 + step * index, 30, 50)) for index in range(num_frames)], Fraction(fps)
    )


def prepared(model, source, driving, face_index=0, options=PLAIN, **more):
    faces = {"source_faces": reader(face_index), "driving_faces": reader()}
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


def counted(num_frames, fps=25):
    """A motion whose x tells the frame."""
    x = torch.arange(num_frames, dtype=torch.float32)
    return Motion.from_degrees(
        pose_deg=torch.zeros(num_frames, 3),
        expression=torch.zeros(num_frames, 21, 3),
        scale=torch.ones(num_frames, 1),
        translation=torch.stack((x, torch.zeros_like(x), torch.zeros_like(x)), 1),
    ).describe(fps=Fraction(fps))


def frames_of(motion):
    return motion.translation[:, 0].tolist()


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("stop", [0, 1, 2]),
        ("hold", [0, 1, 2, 2, 2, 2, 2]),
        ("loop", [0, 1, 2, 0, 1, 2, 0]),
        ("bounce", [0, 1, 2, 1, 0, 1, 2]),
    ],
)
def test_a_driver_that_ends_early_does_as_it_is_told(how, wanted):
    options = AnimateOptions(when_shorter=how)
    assert frames_of(matched(counted(3), Fraction(25), 7, options)) == wanted
    assert frames_of(matched(counted(9), Fraction(25), 7, options)) == list(range(7))


def test_a_driver_keeps_its_pace_unless_published():
    # 4 frames at 10 a second last .4 s, which are 8 frames at 20 a second
    made = matched(counted(4, fps=10), Fraction(20), 99, AnimateOptions())
    assert frames_of(made) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]
    published = AnimateOptions(driving=DrivingOptions(compat="published"))
    assert frames_of(matched(counted(4, fps=10), Fraction(20), 99, published)) == [0, 1, 2, 3]


def test_a_driver_of_one_frame_holds_for_all():
    still = counted(1, fps=10)
    assert matched(still, Fraction(25), 7, AnimateOptions(when_shorter="hold")) is still


def test_an_unknown_way_to_go_on_is_refused():
    with pytest.raises(ValueError, match="when_shorter is 'rewind'; one of stop, hold"):
        AnimateOptions(when_shorter="rewind")


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
