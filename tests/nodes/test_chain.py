"""The stage nodes, one after the other, give what the library's `animate` gives."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.nodes.graphs import Chain
from tests.nodes.suite import STILL, batch, pixels, video, walk
from tests.support.blobs import face_frame


def chained(suite, source, driving, steps=(("LPS_Stitch", {}),), gain=1.0, **choices):
    """Frames of the stage nodes; a VIDEO source is pasted into its pictures."""
    chain = Chain(suite)
    cropped, crops, motion = chain.read(source, "source")
    is_motion = isinstance(driving, suite.core.Motion)
    driven = driving if is_motion else chain.read(driving, "driver")[2]
    keypoints = chain.keypoints(motion, driven, **choices)
    for kind, values in steps:
        keypoints = chain.change(kind, keypoints, **values)
    images = source if isinstance(source, torch.Tensor) else source.get_components().images
    return chain.paint(images, cropped, crops, keypoints, gain)


def reader(suite, role):
    trackers = suite.core.FaceTrackers(suite.model().model)
    return trackers.tracker(role)


def animated(suite, source, driving, options):
    """Frames of the library."""
    with torch.inference_mode():
        frames = suite.core.animate(
            suite.model().model, source, driving, options,
            source_faces=reader(suite, "source"), driving_faces=reader(suite, "driver"),
        )  # fmt: skip
        return np.stack(list(frames))


def options_of(suite, **driving):
    more = {name: driving.pop(name) for name in ("when_shorter", "reference") if name in driving}
    return suite.core.AnimateOptions(driving=suite.core.DrivingOptions(**driving), **more)


def clip(suite, frames, fps=25):
    return suite.core.Frames(frames, Fraction(fps))


EYES, LIP, STITCH = "LPS_RetargetEyes", "LPS_RetargetLip", "LPS_Stitch"
CASES = {
    "as it comes": ({}, {}, [(STITCH, {})], {}),
    "without stitching": ({"stitch": False}, {}, [], {}),
    "the lip alone": ({"region": "lip"}, {"region": "lip"}, [(STITCH, {})], {}),
    "the head alone, farther": (
        {"region": "pose", "gain": 1.5},
        {"region": "pose"},
        [(STITCH, {})],
        {"gain": 1.5},
    ),
    "absolute": ({"motion": "absolute"}, {"motion_mode": "absolute"}, [(STITCH, {})], {}),
    "eyes and lip follow": (
        {"eyes_open": "driver", "lip_open": "driver"},
        {},
        [(EYES, {"follow": "driver"}), (LIP, {"follow": "driver"}), (STITCH, {})],
        {},
    ),
    "eyes half open, instead of the motion": (
        {"eyes_open": 0.2, "lip_open": 0.3, "retarget": "replace"},
        {},
        [
            (EYES, {"follow": "fixed", "eyes_open": 0.2, "retarget": "replace"}),
            (LIP, {"follow": "fixed", "lip_open": 0.3}),
            (STITCH, {}),
        ],
        {},
    ),
    "from a closed lip": (
        {"normalize_lip": True},
        {},
        [(STITCH, {}), (LIP, {"follow": "closed source"})],
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_still_driven_by_a_clip(suite, case):
    driving, choices, steps, painting = CASES[case]
    frames = walk(3)  # a whole chunk, and part of one
    made = chained(suite, batch(STILL), video(suite, frames), steps, **choices, **painting)
    wanted = animated(suite, STILL, clip(suite, frames), options_of(suite, **driving))
    np.testing.assert_array_equal(pixels(made["pasted"]), wanted)


def test_a_still_driven_by_a_motion(suite):
    frames = walk(3)
    motion = (
        suite.module("liveportrait_core.animation.read")
        .read_clip(
            suite.model().model,
            clip(suite, frames, 30),
            reader(suite, "driver"),
            suite.core.Framing(),
            "driver",
        )
        .motion.map_tensors(torch.clone)
    )
    made = chained(suite, batch(STILL), motion)
    wanted = animated(suite, STILL, motion, options_of(suite))
    np.testing.assert_array_equal(pixels(made["pasted"]), wanted)


VIDEOS = {
    "of the same rate": ({}, walk(4), 25),
    "of another rate": ({}, walk(3), Fraction(15)),
    "that ends early": ({}, walk(2), 25),
    "that ends early and begins again": ({"when_shorter": "loop"}, walk(2), 25),
    "that is longer": ({}, walk(5), 25),
    "of one picture": ({}, walk(1), 25),
    "without smoothing, its third frame neutral": ({"smooth": False, "reference": 2}, walk(4), 25),
}


@pytest.mark.parametrize("case", VIDEOS)
def test_a_video_driven_by_a_video(suite, case):
    choices, frames, fps = VIDEOS[case]
    source = walk(4, step=1, side=60)
    widgets = {
        "smooth": {None: "auto", False: "off"}[choices.get("smooth")],
        "when_shorter": choices.get("when_shorter", "stop"),
        "reference_frame": choices.get("reference", -1),
    }
    made = chained(
        suite,
        video(suite, source, Fraction(25)),
        video(suite, frames, Fraction(fps)),
        options=suite.options(**widgets),
        region="expression",
    )
    options = options_of(suite, region="expression", **choices)
    wanted = animated(suite, clip(suite, source), clip(suite, frames, fps), options)
    np.testing.assert_array_equal(pixels(made["pasted"]), wanted)


def test_frames_of_a_source_that_show_no_face_stay_as_they_are(suite):
    source = walk(5, step=1, side=60)
    source[0] = source[4] = face_frame()
    made = chained(suite, video(suite, source), video(suite, walk(5)))
    wanted = animated(suite, clip(suite, source), clip(suite, walk(5)), options_of(suite))
    pasted = pixels(made["pasted"])
    for frame in (0, 4):
        np.testing.assert_array_equal(pasted[frame], source[frame])
        assert not made["mask"][frame].any()
    # a chunk without its missing frame is smaller, and may round differently: one level at most
    assert np.abs(pasted.astype(int) - wanted).max() <= 1


def test_eyes_of_a_source_video_can_be_held(suite):
    source, driving = walk(4, step=1, side=60), walk(4)
    steps = [(STITCH, {}), (EYES, {"follow": "first frame"})]
    made = chained(suite, video(suite, source), video(suite, driving), steps)
    options = options_of(suite, source_video_eyes=True)
    wanted = animated(suite, clip(suite, source), clip(suite, driving), options)
    np.testing.assert_array_equal(pixels(made["pasted"]), wanted)


def test_the_mask_is_where_the_pictures_changed(suite):
    made = chained(suite, batch(STILL), video(suite, walk(3)))
    assert made["mask"].shape == (1, 120, 160)  # the face stays in its place
    assert made["occlusion"].shape == (3, 128, 128)
    differs = (pixels(made["pasted"]) != STILL).any(-1).any(0)
    assert differs.any()
    assert not differs[made["mask"][0].numpy() == 0].any()
    assert made["mask"].min() >= 0
    assert made["mask"].max() == 1


ALL_IN_ONE = {
    "as it comes": ({}, {}, {}),
    "expression, farther, unstitched": (
        {"region": "expression", "gain": 2.0, "stitch": False},
        {"region": "expression", "gain": 2.0, "stitch": False},
        {},
    ),
    "with options": (
        {"motion": "absolute", "eyes_open": 0.1, "lip_open": "driver", "smooth": True},
        {"motion_mode": "absolute"},
        {"eyes": "fixed", "eyes_open": 0.1, "lip": "driver", "smooth": "on"},
    ),
    "lip closed first": ({"normalize_lip": True}, {}, {"close_source_lip": True}),
}


@pytest.mark.parametrize("case", ALL_IN_ONE)
def test_animate_portrait_gives_the_same(suite, case):
    driving, widgets, options = ALL_IN_ONE[case]
    options = suite.options(**options) if options else None
    for source, own in (
        (batch(STILL), STILL),
        (video(suite, walk(3, step=1, side=60)), clip(suite, walk(3, step=1, side=60))),
    ):
        given = {"source": source, "driving": video(suite, walk(3)), **widgets}
        given |= {"options": options} if options else {}
        images, _, motion = suite("LPS_AnimatePortrait", model=suite.model(), **given)
        wanted = animated(suite, own, clip(suite, walk(3)), options_of(suite, **driving))
        np.testing.assert_array_equal(pixels(images), wanted)
        assert len(motion) == 3


def test_the_motion_that_comes_out_drives_again_as_the_clip_did(suite):
    given = {"model": suite.model(), "source": batch(STILL)}
    images, mask, motion = suite("LPS_AnimatePortrait", driving=video(suite, walk(3)), **given)
    again, mask_again, motion_again = suite("LPS_AnimatePortrait", driving=motion, **given)
    assert torch.equal(images, again)
    assert torch.equal(mask, mask_again)
    assert torch.equal(motion.expression, motion_again.expression)


def test_crops_come_out_unpasted(suite):
    given = {"model": suite.model(), "source": batch(STILL), "driving": video(suite, walk(3))}
    images, mask, _ = suite("LPS_AnimatePortrait", paste_back=False, **given)
    assert images.shape == (3, 128, 128, 3)
    assert mask.shape == (1, 128, 128)
    assert (mask == 1).all()
    whole = chained(suite, batch(STILL), video(suite, walk(3)))
    np.testing.assert_array_equal(pixels(images), pixels(whole["painted"]))


@pytest.mark.parametrize("is_video", [False, True])
def test_the_video_file_holds_the_same_frames(suite, is_video, monkeypatch):
    source = walk(4, step=1, side=60)
    given = {
        "model": suite.model(),
        "source": video(suite, source) if is_video else batch(source[0]),
        "driving": video(suite, walk(5), Fraction(30000, 1001)),
        "region": "lip",
    }
    images = suite("LPS_AnimatePortrait", **given)[0]
    written = []
    writer = suite.core.VideoWriter
    write = writer.write
    monkeypatch.setattr(
        writer,
        "write",
        lambda self, frame, *more: (written.append(frame.copy()), write(self, frame, *more)),
    )
    made = suite("LPS_AnimateVideo", **given)
    np.testing.assert_array_equal(np.stack(written), pixels(images))
    assert len(images) == (4 if is_video else 5)  # they last as long as 4.17 frames at 25 a second
    found = suite.core.VideoReader(made.get_stream_source())
    assert (found.width, found.height) == (160, 120)
    assert found.fps == (25 if is_video else Fraction(30000, 1001))


@pytest.mark.parametrize("how", ["follow", "fixed"])
def test_a_driver_that_walks(suite, how):
    squares = [(10 + 6 * number, 30, 40) for number in range(12)]
    frames = [face_frame(square, width=240) for square in squares]
    chain = Chain(suite)
    _, crops, motion = chain.read(video(suite, frames), "driver", driving_crop=how)
    assert len({str(one.source_to_crop) for one in crops.transforms}) == (
        1 if how == "fixed" else 12
    )
    crop_motion = suite.module("liveportrait_core.animation.crop_motion")
    wanted = suite.module("liveportrait_core.animation.read").read_clip(
        suite.model().model,
        clip(suite, frames),
        reader(suite, "driver"),
        suite.core.Framing(),
        "driver",
        crop_motion.ReadOptions(driving_crop=how),
    )
    torch.testing.assert_close(motion.translation, wanted.motion.translation)
