import logging
import weakref
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animation.batching import ChunkSize, batched, in_chunks
from liveportrait_core.animation.crop_motion import ReadOptions
from liveportrait_core.animation.crops import whole_frame
from liveportrait_core.animation.face_trackers import LandmarkTracker
from liveportrait_core.animation.frame_numbers import frame_ranges
from liveportrait_core.animation.read import read_clip
from liveportrait_core.animation.render import render
from liveportrait_core.config.fields import spec_of
from liveportrait_core.errors import (
    CheckpointError,
    FaceNotFoundError,
    LivePortraitError,
    MotionSpaceError,
)
from liveportrait_core.media.clips import Frames
from liveportrait_core.options import AnimateOptions, DrivingOptions, Edit, Framing
from liveportrait_core.pipeline import animate, prepare, read_motion
from liveportrait_core.preset import COMPACT
from liveportrait_core.stages import transform_keypoints
from tests.support.blobs import SquareFinder, face_frame, square_network
from tests.support.tiny import tiny_compact_model

TINY = replace(COMPACT, name="tiny", width=1 / 8, face_size_px=128, output_size_px=128)
PLAIN = AnimateOptions(driving=DrivingOptions(stitch=False))
PUBLISHED = AnimateOptions(driving=DrivingOptions(stitch=False, compat="published"))


@pytest.fixture(scope="module")
def model():
    return tiny_compact_model(TINY)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def reader(name="source"):
    return LandmarkTracker(finder=SquareFinder(), network=square_network(), name=name)


def walk(num_frames, step=3, fps=25):
    """A clip of one square that walks to the right."""
    frames = [face_frame((40 + step * index, 30, 50)) for index in range(num_frames)]
    return Frames(frames, Fraction(fps))


def without_face(clip, *missing):
    frames = [face_frame() if index in missing else f for index, f in enumerate(clip.frames)]
    return Frames(frames, clip.fps)


def run(model, source, driving, options=PLAIN, **more):
    return list(
        animate(
            model,
            source,
            driving,
            options,
            source_faces=reader(),
            driving_faces=reader("driver"),
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
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame, frames[0])


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
        source_faces=reader(), driving_faces=reader(),
    )  # fmt: skip
    assert (len(animation), animation.fps) == (8, 20)
    animation = prepare(
        model, walk(30, step=0, fps=20), walk(4, fps=10), PUBLISHED,
        source_faces=reader(), driving_faces=reader(),
    )  # fmt: skip
    assert len(animation) == 4


def test_published_cuts_the_fraction_off_the_frame_rate(model):
    still, clip = face_frame((50, 30, 60)), replace(walk(2), fps=Fraction(30000, 1001))
    for compat, fps in (("none", Fraction(30000, 1001)), ("published", 29)):
        options = AnimateOptions(driving=DrivingOptions(stitch=False, compat=compat))
        animation = prepare(
            model, still, clip, options, source_faces=reader(), driving_faces=reader()
        )
        assert animation.fps == fps


def test_source_frames_without_a_face_stay_as_they_are_and_shift_nothing(model, caplog):
    # the first frame, and a gap that is too long to bridge
    missing = {0, *range(4, 20)}
    source = without_face(walk(22, step=1), *missing)
    animation = prepare(
        model, source, face_frame((40, 20, 60)), PLAIN,
        source_faces=reader(), driving_faces=reader(),
    )  # fmt: skip
    frames = list(render(animation))
    assert [frame.index for frame in frames] == list(range(22))
    assert {frame.index for frame in frames if frame.state == "missing"} == missing
    for frame in frames:
        np.testing.assert_array_equal(frame.source, source.frames[frame.index])
        same = np.array_equal(frame.picture, source.frames[frame.index])
        assert same == (frame.index in missing)
    assert "frames 0 and 4-19 (of 22" in caplog.text


def test_driving_frames_without_a_face_are_made_up_and_told_once(model, caplog):
    driving = without_face(walk(7), 0, 3, 4)
    read = read_clip(model, driving, reader("driver"), Framing(), "driver")
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
    read = read_clip(model, walk(4), reader(), Framing(), "driver")
    assert len({transform.source_to_crop.tobytes() for transform in read.transforms}) == 1


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
    with pytest.raises(FaceNotFoundError, match="face index from 0 to 0"):
        list(
            animate(
                model,
                face_frame((50, 30, 60)),
                face_frame((40, 20, 60)),
                PLAIN,
                source_faces=replace(reader(), face_index=3),
                driving_faces=reader(),
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
    motion = read_clip(model, walk(2), reader(), Framing(), "driver").motion.describe(
        space="liveportrait-human-21", producer="the tests"
    )
    with pytest.raises(MotionSpaceError, match=r"made by the tests.*'lps-compact-21'"):
        run(model, np.zeros((4, 4, 3), np.uint8), motion)


def test_a_motion_drives_as_its_clip_does(model):
    driving = walk(3)
    motion = read_clip(model, driving, reader(), Framing(), "driver").motion
    still = face_frame((50, 30, 60))
    for frame, same in zip(run(model, still, driving), run(model, still, motion), strict=True):
        np.testing.assert_array_equal(frame, same)


def test_the_reference_is_the_frame_that_leaves_the_source_alone(model):
    animation = prepare(
        model, face_frame((50, 30, 60)), walk(4), replace(PLAIN, reference=2),
        source_faces=reader(), driving_faces=reader(),
    )  # fmt: skip
    source, driven = animation.keypoints.source_keypoints, animation.keypoints.driving_keypoints
    torch.testing.assert_close(driven[2], source[2])
    assert (driven[0] - source[0]).abs().max() > 1e-4
    with pytest.raises(ValueError, match="0 to 3"):
        run(model, face_frame((50, 30, 60)), walk(4), replace(PLAIN, reference=4))


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
            source_faces=reader(), driving_faces=reader(),
        )  # fmt: skip
        assert sum(1 for _ in frames) == num_frames
        most.append((source.most, driving.most))
    assert most[0] == most[1]
    assert max(most[0]) <= 6


def test_chunks_shrink_when_memory_runs_out(caplog):
    size = ChunkSize(8)

    def work(part):
        if len(part) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return list(part)

    assert [x for part in in_chunks(work, range(10), size) for x in part] == list(range(10))
    assert size.num_frames == 2
    assert "4 frames at a time" in caplog.text

    def never(part):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(LivePortraitError, match="compute on the processor"):
        list(in_chunks(never, range(3), size))


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


def test_batches_follow_a_size_that_shrinks():
    size = ChunkSize(4)
    batches = batched(range(9), size)
    assert next(batches) == [0, 1, 2, 3]
    size.halve()
    assert list(batches) == [[4, 5], [6, 7], [8]]
    with pytest.raises(ValueError, match="1 or more"):
        ChunkSize(0)


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([3], "3"),
        ([1, 2, 3], "1-3"),
        ([0, 4, 5, 9], "0, 4-5 and 9"),
        (list(range(0, 40, 2)), "0, 2, 4, 6, 8, 10, 12, 14 and 12 more ranges"),
    ],
)
def test_frame_numbers_are_told_as_ranges(frames, text):
    assert frame_ranges(frames) == text


def test_a_whole_frame_is_centred_edge_to_edge():
    # 40 x 20 on 80: two pixels for one, and 20 rows of nothing above and below
    transform = whole_frame(np.zeros((20, 40, 3), np.uint8), 80)
    corners = np.array([[-0.5, -0.5], [39.5, 19.5]])
    np.testing.assert_allclose(transform.to_crop(corners), [[-0.5, 19.5], [79.5, 59.5]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda: Framing(scale=0), "above 0"),
        (lambda: Framing(vy_ratio=float("nan")), "vy_ratio"),
        (lambda: AnimateOptions(reference=-1), "reference is -1; auto or a whole number from 0 up"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        options()


@pytest.mark.parametrize(("text", "value"), [("auto", None), ("0", 0), ("12", 12)])
def test_a_reference_is_a_frame_or_auto(text, value):
    assert spec_of(AnimateOptions, "reference").from_text(text) == value


@pytest.mark.parametrize("text", ["first", "-1", "1.5"])
def test_another_reference_is_refused(text):
    with pytest.raises(ValueError, match="auto or a whole number from 0 up is expected"):
        spec_of(AnimateOptions, "reference").from_text(text)


@pytest.mark.parametrize(("published", "frame"), [(False, 2), (True, 0)])
def test_a_driver_that_starts_with_a_blink_is_measured_from_open_eyes(
    model, monkeypatch, published, frame
):
    def blinks(motion, track):
        eyes = torch.full((6, 2), 0.3)
        eyes[:2] = 0.02
        still = motion[:1].map_tensors(lambda tensor: tensor.expand(6, *tensor.shape[1:]))
        return still.describe(eyes_open=eyes)

    monkeypatch.setattr("liveportrait_core.animation.crop_motion._with_openness", blinks)
    reading = ReadOptions(published=published)
    motion = read_clip(model, walk(6), reader(), Framing(), "driver", reading).motion
    assert motion.reference_frame == frame


def far_walk(num_frames=20, step=12):
    frames = [face_frame((20 + step * n, 30, 40), width=340) for n in range(num_frames)]
    return Frames(frames, Fraction(25))


def read_driver(model, clip, **reading):
    return read_clip(model, clip, reader(), Framing(), "driver", ReadOptions(**reading))


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
    track = replace(reader()(clip), shots=(0, 6, 11))
    motion = read_clip(model, clip, track, Framing(), "driver").motion
    for name in ("expression", "translation", "rotation"):
        held = getattr(motion, name)[5:11]
        torch.testing.assert_close(held, held[:1].expand_as(held))
    assert motion.shot_slices == (slice(0, 11), slice(11, 15))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("me.mp4", "of type str; an image .* VideoReader"),
        ([face_frame()], "of type list; .* Frames"),
        (torch.zeros(3, 8, 8), "of type Tensor"),
        (np.zeros((8, 8, 3), np.float32), r"float32 of shape \(8, 8, 3\)"),
        (np.zeros((8, 8, 4), np.uint8), r"uint8 of shape \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.uint8), r"uint8 of shape \(0, 8, 3\)"),
    ],
)
def test_what_is_no_picture_and_no_clip_is_refused_in_a_sentence(model, given, words):
    for source, driver, name in ((given, walk(2), "source"), (walk(2), given, "driver")):
        with pytest.raises((TypeError, ValueError), match=f"The {name} is {words}"):
            prepare(model, source, driver)
    with pytest.raises((TypeError, ValueError), match=f"The clip is {words}"):
        read_motion(model, given)


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
