import weakref
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation.read import read_clip
from liveportrait_core.animation.render import render
from liveportrait_core.errors import (
    CheckpointError,
    FaceNotFoundError,
    MotionSpaceError,
)
from liveportrait_core.media.clips import Frames
from liveportrait_core.options import AnimateOptions, DrivingOptions, Edit, FaceOptions, Framing
from liveportrait_core.pipeline import animate, prepare, read_motion
from tests.support.blobs import face_frame
from tests.support.squares import PLAIN, PUBLISHED, square_tracker, walk, without_face

pytestmark = pytest.mark.usefixtures("_no_gradients")


def run(model, source, driving, options=PLAIN, **more):
    return list(
        animate(
            model,
            source,
            driving,
            options,
            source_faces=square_tracker(),
            driving_faces=square_tracker("driver"),
            **more,
        )
    )


def test_a_still_moves_for_as_many_frames_as_its_driver_has(model):
    source = face_frame((50, 30, 60))
    before = source.copy()
    frames = run(model, source, walk(5))
    assert [frame.shape for frame in frames] == [source.shape] * 5
    assert all(frame.dtype == np.uint8 for frame in frames)
    np.testing.assert_array_equal(source, before)


def test_a_driver_that_stands_still_gives_the_same_picture_throughout(model):
    frames = run(model, face_frame((50, 30, 60)), walk(3, step=0))
    for frame in frames[1:]:  # of chunks, which may round differently
        assert np.abs(frame.astype(int) - frames[0]).max() <= 1


def test_the_picture_far_from_the_face_is_untouched(model):
    source = face_frame((20, 20, 20), width=400, height=300)
    (frame, *_) = run(model, source, walk(2))
    np.testing.assert_array_equal(frame[:, 200:], source[:, 200:])


@pytest.mark.parametrize("source", [face_frame((50, 30, 60)), walk(5, step=1)])
def test_the_chunk_size_changes_nothing(model, source):
    results = [run(model, source, walk(5), replace(PLAIN, chunk=chunk)) for chunk in (1, 2, 8)]
    for other in results[1:]:
        for frame, same in zip(results[0], other, strict=True):
            # batched convolutions may round differently: one level at most
            assert np.abs(frame.astype(int) - same).max() <= 1


def test_a_driving_picture_gives_one_frame(model):
    assert len(run(model, face_frame((50, 30, 60)), face_frame((40, 20, 60)))) == 1


def test_a_source_video_ends_with_the_shorter_one(model):
    assert len(run(model, walk(4), walk(6))) == 4
    assert len(run(model, walk(6), walk(4))) == 4
    assert len(run(model, walk(6), face_frame((40, 20, 60)))) == 6


def test_a_driver_is_retimed_to_a_source_video(model):
    # 4 frames at 10 a second last .4 s, which are 8 frames at 20 a second
    animation = prepare(
        model, walk(30, step=0, fps=20), walk(4, fps=10), PLAIN,
        source_faces=square_tracker(), driving_faces=square_tracker(),
    )  # fmt: skip
    assert (len(animation), animation.fps) == (8, 20)
    animation = prepare(
        model, walk(30, step=0, fps=20), walk(4, fps=10), PUBLISHED,
        source_faces=square_tracker(), driving_faces=square_tracker(),
    )  # fmt: skip
    assert len(animation) == 4


def test_published_cuts_the_fraction_off_the_frame_rate(model):
    still, clip = face_frame((50, 30, 60)), replace(walk(2), fps=Fraction(30000, 1001))
    for compat, fps in (("none", Fraction(30000, 1001)), ("published", 29)):
        options = AnimateOptions(driving=DrivingOptions(stitch=False, compat=compat))
        animation = prepare(
            model,
            still,
            clip,
            options,
            source_faces=square_tracker(),
            driving_faces=square_tracker(),
        )
        assert animation.fps == fps


def test_source_frames_without_a_face_stay_as_they_are_and_shift_nothing(model, caplog):
    # the first frame, and a gap that is too long to bridge
    missing = {0, *range(4, 20)}
    source = without_face(walk(22, step=1), *missing)
    animation = prepare(
        model, source, face_frame((40, 20, 60)), PLAIN,
        source_faces=square_tracker(), driving_faces=square_tracker(),
    )  # fmt: skip
    frames = list(render(animation))
    assert [frame.index for frame in frames] == list(range(22))
    assert {frame.index for frame in frames if frame.state == "missing"} == missing
    for frame in frames:
        np.testing.assert_array_equal(frame.source, source.frames[frame.index])
        same = np.array_equal(frame.picture, source.frames[frame.index])
        assert same == (frame.index in missing)
    assert "frames 0 and 4-19 (of 22" in caplog.text


@pytest.mark.parametrize(("source", "driving"), [((), (40, 20, 60)), ((40, 20, 60), ())])
def test_no_face_at_all_is_told(model, source, driving):
    frames = [face_frame(*([square] if square else [])) for square in (source, driving)]
    with pytest.raises(FaceNotFoundError, match=r"bright squares.*mark the face with a box"):
        run(model, *frames)


def test_several_faces_take_the_largest_and_tell_how_to_choose(model, caplog):
    source = face_frame((10, 10, 30), (80, 20, 70))
    (frame,) = run(model, source, face_frame((40, 20, 60)))
    assert not np.array_equal(frame[:, 80:], source[:, 80:])
    assert "Another face index" in caplog.text
    assert "shows 2 faces" in caplog.text


def test_a_face_that_is_not_there_cannot_be_chosen(model):
    with pytest.raises(FaceNotFoundError, match="; 0 is expected, for 1 face found in the source"):
        list(
            animate(
                model,
                face_frame((50, 30, 60)),
                face_frame((40, 20, 60)),
                PLAIN,
                source_faces=replace(square_tracker(), face_index=3),
                driving_faces=square_tracker(),
            )
        )


def test_a_crop_comes_out_when_nothing_is_pasted(model):
    for options in (
        replace(PLAIN, paste_back=False),
        replace(PLAIN, source_framing=Framing(already_cropped=True)),
    ):
        (frame,) = run(model, face_frame((50, 30, 60)), face_frame((40, 20, 60)), options)
        assert frame.shape == (128, 128, 3)


def test_crops_need_no_face_tracker_and_anything_else_does(model):
    cropped = replace(
        PLAIN,
        source_framing=Framing(already_cropped=True),
        driving_framing=Framing(already_cropped=True),
    )
    picture = face_frame((50, 30, 60))
    assert len(list(animate(model, picture, picture, cropped))) == 1
    with pytest.raises(ValueError, match="already_cropped"):
        read_clip(model, Frames((picture,)), None, Framing(), "source")


def test_a_motion_of_another_space_is_refused_before_anything_is_read(model):
    motion = read_clip(model, walk(2), square_tracker(), Framing(), "driver").motion.describe(
        space="liveportrait-human-21", producer="the tests"
    )
    with pytest.raises(MotionSpaceError, match=r"made by the tests.*'lps-compact-21'"):
        run(model, np.zeros((4, 4, 3), np.uint8), motion)


def test_a_motion_drives_as_its_clip_does(model):
    driving = walk(3)
    motion = read_clip(model, driving, square_tracker(), Framing(), "driver").motion
    still = face_frame((50, 30, 60))
    for frame, same in zip(run(model, still, driving), run(model, still, motion), strict=True):
        np.testing.assert_array_equal(frame, same)


def test_the_reference_is_the_frame_that_leaves_the_source_alone(model):
    animation = prepare(
        model, face_frame((50, 30, 60)), walk(4), replace(PLAIN, reference=2),
        source_faces=square_tracker(), driving_faces=square_tracker(),
    )  # fmt: skip
    source, driven = animation.keypoints.source_keypoints, animation.keypoints.driving_keypoints
    torch.testing.assert_close(driven[2], source[2])
    assert (driven[0] - source[0]).abs().max() > 1e-4
    with pytest.raises(ValueError, match="0 to 3"):
        run(model, face_frame((50, 30, 60)), walk(4), replace(PLAIN, reference=4))


class Unread:
    """A driver of 40 frames, 120 x 160, that may not be read."""

    fps, num_frames, height, width = Fraction(10), 40, 120, 160

    def __iter__(self):
        raise AssertionError("read")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reference": 50}, "frame 50, but the driver has 40 frames"),
        ({"driving_face": FaceOptions(box=(300, 20, 40, 40))}, "lies outside the 160x120 picture"),
    ],
)
def test_what_a_driver_cannot_have_is_refused_unread(model, options, said):
    with pytest.raises((ValueError, FaceNotFoundError), match=said):
        prepare(model, face_frame((50, 30, 60)), Unread(), replace(PLAIN, **options))
    # its number of frames may be wrong by a second
    options = replace(PLAIN, reference=49)
    with pytest.raises(AssertionError, match="read"):
        run(model, face_frame((50, 30, 60)), Unread(), options)


def test_progress_tells_every_painted_frame(model):
    told = []
    run(model, face_frame((50, 30, 60)), walk(4), progress=lambda *count: told.append(count))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@dataclass
class WatchedClip:
    """A clip that knows how many of its frames are alive at once."""

    num_frames: int
    fps: Fraction = Fraction(25)
    alive: weakref.WeakSet = field(default_factory=weakref.WeakSet)
    most: int = 0

    def __iter__(self):
        for index in range(self.num_frames):
            frame = face_frame((30 + index, 30, 50)).view(Watched)
            self.alive.add(Alive.of(frame))
            self.most = max(self.most, len(self.alive))
            yield frame


class Watched(np.ndarray):
    """An array that can carry a mark."""


class Alive:
    """Lives as long as the frame that carries it."""

    @classmethod
    def of(cls, frame):
        frame.mark = cls()
        return frame.mark


def test_memory_does_not_grow_with_the_length_of_a_clip(model):
    most = []
    for num_frames in (6, 24):
        source, driving = WatchedClip(num_frames), WatchedClip(num_frames)
        frames = animate(
            model, source, driving, replace(PLAIN, chunk=2),
            source_faces=square_tracker(), driving_faces=square_tracker(),
        )  # fmt: skip
        assert sum(1 for _ in frames) == num_frames
        most.append((source.most, driving.most))
    assert most[0] == most[1]
    assert max(most[0]) <= 6


def test_running_out_of_memory_while_painting_loses_no_frame(model, monkeypatch):
    still = face_frame((50, 30, 60))
    expected = run(model, still, walk(7))
    decode = type(model.decoder).forward

    def small_only(self, warped):
        if len(warped.features) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(self, warped)

    monkeypatch.setattr(type(model.decoder), "forward", small_only)
    for frame, same in zip(
        run(model, still, walk(7), replace(PLAIN, chunk=4)), expected, strict=True
    ):
        assert np.abs(frame.astype(int) - same).max() <= 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("me.mp4", "of type str; an image .* VideoReader"),
        ([face_frame()], "of type list; .* Frames"),
        (torch.zeros(3, 8, 8), "of type Tensor"),
        (np.zeros((8, 8, 3), np.float32), r"float32 of shape \(8, 8, 3\)"),
        (np.zeros((8, 8, 4), np.uint8), r"uint8 of shape \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.uint8), r"uint8 of shape \(0, 8, 3\)"),
        (np.zeros((2, 8, 8, 3), np.uint8), r"uint8 of shape .* Frames\(stack\)"),
    ],
)
def test_what_is_no_picture_and_no_clip_is_refused_in_a_sentence(model, given, words):
    for source, driver, name in ((given, walk(2), "source"), (walk(2), given, "driver")):
        with pytest.raises((TypeError, ValueError), match=f"The {name} is {words}"):
            prepare(model, source, driver)
    with pytest.raises((TypeError, ValueError), match=f"The clip is {words}"):
        read_motion(model, given)


def test_a_clip_of_no_frames_is_refused(model):
    with pytest.raises(ValueError, match="The driver has 0 frames; 1 or more are expected"):
        prepare(model, face_frame(), Frames([]))


@pytest.mark.parametrize(
    ("network", "driver"),
    [
        ("stitching", DrivingOptions()),
        ("eyes", DrivingOptions(stitch=False, eyes_open=0.2)),
        ("lip", Edit(stitch=False, lip_open=0.2)),
    ],
)
def test_a_network_that_is_missing_is_told_before_anything_is_read(model, network, driver):
    bare = replace(model, **{network: None})
    options = AnimateOptions(driving=driver) if isinstance(driver, DrivingOptions) else PLAIN
    driving = driver if isinstance(driver, Edit) else face_frame()
    with pytest.raises(CheckpointError, match=f"has no {network} network"):
        prepare(bare, face_frame(), driving, options, source_faces=pytest.fail)


def test_no_model_and_no_options_are_refused_in_a_sentence(model):
    with pytest.raises(TypeError, match="str came where LivePortraitModel is expected"):
        prepare("default", face_frame(), face_frame())
    with pytest.raises(TypeError, match="DrivingOptions came where AnimateOptions is expected"):
        prepare(model, face_frame(), face_frame(), DrivingOptions())


@pytest.mark.parametrize("fps", [0, -25, 29.97, "25"])
def test_a_frame_rate_is_a_fraction_above_0(fps):
    with pytest.raises(ValueError, match="a Fraction above 0 is expected"):
        Frames([face_frame()], fps)
