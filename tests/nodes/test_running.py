"""Progress, Cancel, memory, and runs that know nothing of each other."""

import weakref
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest
import torch

from tests.nodes.graphs import Chain
from tests.nodes.suite import STILL, batch, pixels, video, walk
from tests.support.blobs import face_frame

CHUNK = 2
AHEAD = CHUNK + 2 + 1
"""Frames that wait for the networks, and the one that is being read."""
CLIPS_OF = {"LPS_AnimatePortrait": ("driving",), "LPS_AnimateVideo": ("source", "driving")}
"""What is read ahead."""
"""Frames at a time on a processor."""
ANIMATE = ("LPS_AnimatePortrait", "LPS_AnimateVideo")


def squares(frames):
    return batch(*frames)[:, :, :120]


def asked(suite, kind, **inputs):
    """The inputs of a node that works for a while."""
    frames = walk(6)
    given = {
        "LPS_FindFaces": {"images": video(suite, frames)},
        "LPS_CropFace": {"images": video(suite, frames)},
        "LPS_ExtractMotion": {"cropped": squares(frames)},
        "LPS_ExtractAppearance": {"cropped": squares(frames)},
        "LPS_AnimatePortrait": {"source": batch(STILL), "driving": video(suite, frames)},
        "LPS_AnimateVideo": {"source": video(suite, frames), "driving": video(suite, frames)},
    }
    return {"model": suite.model(), **given.get(kind, {}), **inputs}


@pytest.fixture(scope="module")
def keypoints(suite):
    """A driven face of six frames, its features and its crops."""
    model = suite.model()
    faces, _ = suite("LPS_FindFaces", model=model, images=batch(STILL))
    cropped, crops = suite("LPS_CropFace", model=model, images=batch(STILL), faces=faces)
    motion = suite("LPS_ExtractMotion", model=model, cropped=cropped, crops=crops)
    driving = suite("LPS_ExtractMotion", model=model, cropped=squares(walk(6)))
    moved = {"source_motion": motion, "driving_motion": driving}
    keypoints = suite("LPS_TransformKeypoints", model=model, **moved)
    features = suite("LPS_ExtractAppearance", model=model, cropped=cropped)
    painted, _ = suite("LPS_WarpDecode", model=model, features=features, keypoints=keypoints)
    return {
        "LPS_WarpDecode": {"model": model, "features": features, "keypoints": keypoints},
        "LPS_PasteBack": {"images": batch(STILL), "painted": painted, "crops": crops},
        "LPS_ShowFaces": {"images": batch(STILL), "faces": faces},
    }


LONG = (
    *("LPS_FindFaces", "LPS_CropFace", "LPS_ExtractMotion", "LPS_ExtractAppearance"),
    *("LPS_WarpDecode", "LPS_PasteBack", "LPS_ShowFaces", *ANIMATE),
)


FEWER_STEPS = {"LPS_ShowFaces": 1, "LPS_ExtractAppearance": 3, "LPS_WarpDecode": 3}
"""Of a still, and of chunks."""


@pytest.mark.parametrize("kind", LONG)
def test_progress_only_grows_and_ends_at_its_total(suite, keypoints, kind):
    inputs = keypoints.get(kind) or asked(suite, kind)
    steps = suite.ask(kind, **inputs).check().progress
    values = [step.value for step in steps]
    assert len(values) >= FEWER_STEPS.get(kind, 6)
    assert values == sorted(values)
    assert all(step.total == steps[0].total for step in steps)
    assert values[-1] == steps[-1].total
    assert values[0] < steps[0].total or len(values) == 1


def test_progress_ends_where_a_clip_has_fewer_frames_than_its_file_says(suite, monkeypatch):
    clips = suite.module("nodes.adapt.images").ImageBatch
    monkeypatch.setattr(clips, "num_frames", 100)
    for kind in ("LPS_FindFaces", "LPS_CropFace", "LPS_ExtractMotion"):
        steps = suite.ask(kind, **asked(suite, kind)).check().progress
        assert steps[-1].value == steps[-1].total
    monkeypatch.setattr(clips, "num_frames", None)  # one that does not tell
    steps = suite.ask("LPS_AnimateVideo", **asked(suite, "LPS_AnimateVideo")).check()
    values = [step.value for step in steps.progress]
    assert values == sorted(values)
    assert values[-1] == steps.progress[-1].total


@pytest.mark.parametrize("kind", [*ANIMATE, "LPS_WarpDecode"])
def test_previews_are_the_frames_and_at_most_two_a_second(suite, keypoints, kind, monkeypatch):
    runtime = suite.module("nodes.runtime")
    now = iter(np.arange(0, 100, 0.2))  # a frame takes a fifth of a second
    monkeypatch.setattr(runtime.time, "monotonic", lambda: float(next(now)))
    inputs = keypoints.get(kind) or asked(suite, kind)
    run = suite.ask(kind, **inputs).check()
    previews = [step.preview for step in run.progress if step.preview is not None]
    painted = 3 if kind == "LPS_WarpDecode" else 6  # a chunk of two, or a frame, at a time
    assert len(previews) == 1 + (painted - 1) // 3  # at 0, .6, ...
    for form, picture, longest in previews:
        assert (form, longest) == ("JPEG", 512)
        assert picture.mode == "RGB"
        assert picture.size == ((128, 128) if kind == "LPS_WarpDecode" else (160, 120))
    if kind == "LPS_AnimatePortrait":
        shown = np.asarray(previews[0][1])
        np.testing.assert_array_equal(shown, pixels(run.outputs[0])[0])


# Cancel


class Count:
    """Counts calls of a method, and presses Cancel at one of them."""

    def __init__(self, suite, monkeypatch, owner, name, stop_at):
        self.calls = 0
        method = getattr(owner, name)

        def counted(instance, *args, **kwargs):
            self.calls += 1
            if self.calls == stop_at:
                suite.comfyui.interrupt()
            return method(instance, *args, **kwargs)

        monkeypatch.setattr(owner, name, counted)


@pytest.mark.parametrize("kind", ANIMATE)
def test_cancel_while_painting_stops_within_a_chunk_and_leaves_no_file(suite, kind, monkeypatch):
    inputs = asked(suite, kind)
    before = suite.files()
    decoder = type(suite.model().model.decoder)
    with monkeypatch.context() as patch:
        count = Count(suite, patch, decoder, "forward", stop_at=2)
        run = suite.ask(kind, **inputs)
    assert run.interrupted
    assert run.error is None
    assert count.calls == 2  # of three chunks
    assert suite.files() == before
    suite.still_works()
    assert len(suite.ask(kind, **inputs).check().outputs) >= 1


@pytest.mark.parametrize("kind", [*ANIMATE, "LPS_FindFaces", "LPS_CropFace", "LPS_ExtractMotion"])
def test_cancel_while_reading_stops_within_a_chunk(suite, kind, monkeypatch):
    clips = {name: video(suite, walk(14, step=1)) for name in CLIPS_OF.get(kind, ())}
    inputs = asked(suite, kind, **clips)
    before = suite.files()
    adapt = suite.module("nodes.adapt.images")
    read = []

    def pixels_of(image, take=adapt.pixels_of):
        read.append(1)
        if len(read) == 3:
            suite.comfyui.interrupt()
        return take(image)

    with monkeypatch.context() as patch:
        patch.setattr(adapt, "pixels_of", pixels_of)
        run = suite.ask(kind, **inputs)
    assert run.interrupted
    assert len(read) <= 3 + CHUNK + (AHEAD if clips else 0)
    assert suite.files() == before
    suite.still_works()


def test_cancel_is_not_swallowed_by_a_node_that_writes(suite, monkeypatch):
    """Cancel is no error in 0.33, and an error in 0.3.64; neither leaves a video behind."""
    stop = suite.comfyui.model_management.InterruptProcessingException
    inputs = asked(suite, "LPS_AnimateVideo")
    before = suite.files()
    for error in (stop(), KeyboardInterrupt()):

        def fails(self, frame, changed=None, error=error):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(suite.core.VideoWriter, "write", fails)
            if isinstance(error, KeyboardInterrupt):
                with pytest.raises(KeyboardInterrupt):
                    suite.ask("LPS_AnimateVideo", **inputs)
            else:
                assert suite.ask("LPS_AnimateVideo", **inputs).interrupted
        assert suite.files() == before


def test_an_error_while_painting_leaves_no_file(suite, monkeypatch):
    inputs = asked(suite, "LPS_AnimateVideo")
    before = suite.files()

    def fails(self, warped):
        raise RuntimeError("the device is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(suite.model().model.decoder), "forward", fails)
        run = suite.ask("LPS_AnimateVideo", **inputs)
    assert str(run.error) == "the device is gone"
    assert suite.files() == before
    suite.still_works()


# Memory


def short_of_memory(patch, owner, most):
    """A network that has room for so many frames at a time."""
    forward = owner.forward
    sizes = []

    def small(self, first, *more):
        frames = len(getattr(first, "features", first))
        sizes.append(frames)
        if frames > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, first, *more)

    patch.setattr(owner, "forward", small)
    return sizes


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("LPS_ExtractMotion", "motion"),
        ("LPS_ExtractAppearance", "appearance"),
        ("LPS_WarpDecode", "decoder"),
        ("LPS_AnimatePortrait", "decoder"),
        ("LPS_AnimateVideo", "decoder"),
    ],
)
def test_where_memory_runs_out_the_chunk_is_halved_and_the_work_goes_on(
    suite, keypoints, kind, network, monkeypatch
):
    inputs = keypoints.get(kind) or asked(suite, kind)
    wanted = suite.ask(kind, **inputs).check().outputs[0]
    with monkeypatch.context() as patch:
        sizes = short_of_memory(patch, type(getattr(suite.model().model, network)), 1)
        made = suite.ask(kind, **inputs).check().outputs[0]
    assert sizes[:2] == [CHUNK, 1]
    assert sizes[1:] == [1] * 6  # no second try of two
    if isinstance(made, torch.Tensor):  # other chunks may round differently
        torch.testing.assert_close(made, wanted, rtol=0, atol=1.01 / 255)


def test_too_little_memory_for_one_frame_is_reported(suite, monkeypatch):
    inputs = asked(suite, "LPS_AnimatePortrait")
    with monkeypatch.context() as patch:
        short_of_memory(patch, type(suite.model().model.decoder), 0)
        error = suite.ask("LPS_AnimatePortrait", **inputs).error
    assert str(error).startswith(
        "Animate Portrait: The device has not enough memory for one frame at a time. Free memory "
    )
    suite.still_works()


class Watched(np.ndarray):
    """An array that can be referred to weakly."""


@pytest.fixture
def alive(suite, monkeypatch):
    """The most frames of videos that were held at once, in a list of one."""
    frames, most = weakref.WeakSet(), [0]
    reader = suite.core.VideoReader
    read = reader._upright_rgb

    def watched(self, picture):
        frame = read(self, picture).view(Watched)
        mark = Mark()
        frame.mark = mark
        frames.add(mark)
        most[0] = max(most[0], len(frames))
        return frame

    monkeypatch.setattr(reader, "_upright_rgb", watched)
    return most


class Mark:
    """Lives as long as the frame that carries it."""


def video_file(suite, num_frames):
    """A video on the disk, as Load Video gives it."""
    path = suite.comfyui.input / f"walk_{num_frames}.mp4"
    with suite.core.VideoWriter(path, Fraction(25), crf=10) as writer:
        for index in range(num_frames):
            writer.write(face_frame((40 + index, 30, 50)))
    return suite.comfyui.latest.InputImpl.VideoFromFile(str(path))


def test_a_long_video_takes_no_more_memory_than_a_short_one(suite, alive, monkeypatch):
    held = []
    streamed = import_module(f"{suite.core.__name__}.media.streamed")
    monkeypatch.setattr(streamed.StreamedClip.__init__, "__defaults__", (0,))  # none is short
    for num_frames in (6, 18):
        alive[0] = 0
        clip = video_file(suite, num_frames)
        made = suite("LPS_AnimateVideo", model=suite.model(), source=clip, driving=clip)
        assert made.get_components().images.shape[0] == num_frames
        held.append(alive[0])
    assert max(held) <= 6 * CHUNK < 18


@pytest.mark.parametrize("kind", ["LPS_AnimatePortrait", "LPS_AnimateVideo"])
def test_what_a_long_animation_takes_is_in_the_log(suite, monkeypatch, caplog, kind):
    estimate = suite.module("liveportrait_core.animation.estimate")
    monkeypatch.setattr(estimate, "LEAST_FRAMES", 6)
    with caplog.at_level("INFO"):
        suite(kind, **asked(suite, kind))
    assert "Animate Portrait: 6 frames: about" in caplog.text
    assert "GB of memory, besides the model" in caplog.text


# Runs


def test_results_do_not_depend_on_what_ran_before(suite):
    def everything():
        chain = Chain(suite, suite.model())
        source = batch(STILL)
        cropped, crops, motion = chain.read(source, "source")
        driven = chain.read(video(suite, walk(3)), "driver")[2]
        keypoints = chain.keypoints(motion, driven)
        keypoints = chain.change("LPS_RetargetEyes", keypoints, follow="driver")
        keypoints = chain.change("LPS_Stitch", keypoints)
        return chain.paint(source, cropped, crops, keypoints)

    first = everything()
    other = {"model": suite.model(), "source": batch(face_frame((20, 20, 80)))}
    suite("LPS_AnimatePortrait", driving=video(suite, walk(4)), region="lip", gain=3.0, **other)
    suite("LPS_Expression", model=suite.model(), smile=1.0)
    again = everything()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_results_are_kept_where_comfyui_wants_them(suite, monkeypatch):
    """Started with --gpu-only, ComfyUI keeps results on the device; motions of files follow."""
    elsewhere = torch.device("meta")  # a device that holds no values
    moved = suite.comfyui.model_management
    given = {"model": suite.model(), "source": batch(STILL), "driving": video(suite, walk(2))}
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=batch(STILL))
    cropped, crops = suite("LPS_CropFace", model=suite.model(), images=batch(STILL), faces=faces)

    def made(kind, **inputs):
        """Without looking into it: there is nothing in it."""
        return suite.ask(kind, **inputs).outputs

    with monkeypatch.context() as patch:
        patch.setattr(moved, "intermediate_device", lambda: elsewhere)
        (slid,) = made("LPS_Expression", model=suite.model(), smile=1.0)
        motions = [slid, slid.reference]
        motions += made("LPS_LoadMotion", motion_file="nod (shipped)")
        motions += made("LPS_ExtractMotion", model=suite.model(), cropped=cropped, crops=crops)
        (features,) = made("LPS_ExtractAppearance", model=suite.model(), cropped=cropped)
        *pictures, driver = made("LPS_AnimatePortrait", **given)
    for motion in (*motions, driver):
        assert motion.expression.device == motion.rotation.device == elsewhere
    assert features.volume.device == elsewhere
    assert all(tensor.device == elsewhere for tensor in pictures)
