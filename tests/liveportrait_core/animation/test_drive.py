from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from liveportrait_core.animation.drive import drive
from liveportrait_core.animation.edit import edit_keypoints, hold_lip_closed, hold_lip_open
from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE
from liveportrait_core.errors import CheckpointError, MotionSpaceError
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.edit import driving_expression
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.sliders import expression_offset
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.motion.types import tensor_fields
from liveportrait_core.networks.retargeting import eyes_mlp, lip_mlp, stitching_mlp
from liveportrait_core.options import DrivingOptions, Edit
from liveportrait_core.preset import COMPACT, PAPER, PAPER_ANIMAL, Preset
from tests.support.motions import random_motion


def small_networks_model(preset: Preset = PAPER, *, scale: float = 1.0) -> LivePortraitModel:
    """Random S, R_eyes and R_lip; with scale 0 they offset nothing."""
    torch.manual_seed(7)
    nets = [stitching_mlp(), eyes_mlp(), lip_mlp()]
    for net in nets:
        for parameter in net.parameters():
            parameter.data *= scale
    nothing = nn.Identity()
    return LivePortraitModel(
        preset=preset,
        appearance=nothing,
        motion=nothing,
        warping=nothing,
        decoder=nothing,
        stitching=nets[0],
        eyes=nets[1],
        lip=nets[2],
    )


@pytest.fixture(autouse=True)
def _without_gradients():
    with torch.no_grad():
        yield


@pytest.fixture
def model() -> LivePortraitModel:
    return small_networks_model()


@pytest.mark.parametrize("preset", [PAPER, PAPER_ANIMAL, COMPACT], ids=lambda p: p.name)
@pytest.mark.parametrize("compat", ["none", "published"])
def test_a_driver_that_never_moves_leaves_the_source_alone(preset, compat):
    model = small_networks_model(preset, scale=0.0)
    source, still = random_motion(1, 1, preset.space), random_motion(2, 1, preset.space)
    driving = still[torch.zeros(6, dtype=torch.long)]
    driven = drive(model, source, driving, DrivingOptions(compat=compat))
    assert_close(driven.driving_keypoints, driven.source_keypoints, atol=1e-5, rtol=0)


def test_without_gain_nothing_moves(model):
    options = DrivingOptions(gain=0.0, eyes_open=0.2, lip_open=0.4)
    driven = drive(model, random_motion(1), random_motion(2, 3), options)
    assert_close(driven.driving_keypoints, driven.source_keypoints)


def test_gain_stretches_the_way_from_the_source(model):
    source, driving = random_motion(1), random_motion(2, 3)
    once, twice = (drive(model, source, driving, DrivingOptions(gain=gain)) for gain in (1.0, 2.0))
    way = once.driving_keypoints - once.source_keypoints
    assert_close(twice.driving_keypoints - twice.source_keypoints, 2 * way, atol=1e-5, rtol=0)


@given(st.integers(1, 5), st.integers(1, 5), st.booleans())
@settings(max_examples=15, deadline=None)
def test_frames_of_source_and_driver(source_frames, driving_frames, published):
    # still: the driver's; video and video: the shorter; video and picture: the source's
    expected = max(source_frames, driving_frames)
    if source_frames > 1 and driving_frames > 1:
        expected = min(source_frames, driving_frames)
    options = DrivingOptions(compat="published" if published else "none")
    driven = drive(
        small_networks_model(),
        random_motion(1, source_frames),
        random_motion(2, driving_frames),
        options,
    )
    assert len(driven) == len(driven.source_keypoints) == len(driven.motion) == expected


@pytest.mark.parametrize("options", [DrivingOptions(), DrivingOptions(motion="absolute")])
def test_a_chunk_of_the_driver_gives_the_same_frames(model, options):
    source, driving = random_motion(1), random_motion(2, 7)
    whole = drive(model, source, driving, options)
    part = drive(model, source, driving[3:5], options, reference=driving[0])
    assert_close(part.driving_keypoints, whole[3:5].driving_keypoints)


def test_inputs_are_left_untouched(model):
    source, driving = random_motion(1, 4), random_motion(2, 4)
    copies = [motion.map_tensors(torch.clone) for motion in (source, driving)]
    options = DrivingOptions(
        eyes_open="driver", lip_open="driver", compat="published", smooth_variance=1e-4
    )
    drive(model, source, driving, options)
    for motion, copy in zip((source, driving), copies, strict=True):
        for name in tensor_fields():
            if getattr(copy, name) is not None:
                assert torch.equal(getattr(motion, name), getattr(copy, name))


def test_retargeting_adds_or_replaces(model):
    source, driving = random_motion(1), random_motion(2, 4)
    plain = drive(model, source, driving, DrivingOptions(stitch=False))
    added, replaced = (
        drive(
            model,
            source,
            driving,
            DrivingOptions(stitch=False, eyes_open=0.5, lip_open="driver", retarget=mode),
        )
        for mode in ("add", "replace")
    )
    offset = replaced.driving_keypoints - replaced.source_keypoints
    assert_close(added.driving_keypoints - plain.driving_keypoints, offset, atol=1e-6, rtol=0)
    assert offset.abs().max() > 1e-3


def test_a_reference_frame_is_the_drivers_neutral():
    model = small_networks_model(scale=0.0)
    driving = replace(random_motion(2, 5), reference_frame=3)
    driven = drive(model, random_motion(1), driving)
    assert_close(driven.driving_keypoints[3], driven.source_keypoints[3], atol=1e-5, rtol=0)
    published = drive(model, random_motion(1), driving, DrivingOptions(compat="published"))
    assert_close(published.driving_keypoints[0], published.source_keypoints[0], atol=1e-5, rtol=0)


def test_a_reference_frame_that_does_not_exist_is_refused(model):
    driving = replace(random_motion(2, 5), reference_frame=5)
    with pytest.raises(ValueError, match="names frame 5"):
        drive(model, random_motion(1), driving)


def test_video_driving_video_is_smoothed_to_rotations_unless_published(model):
    source, driving = random_motion(1, 6), random_motion(2, 6)
    eye = torch.eye(3).expand(6, 3, 3)

    def defect(**options: object) -> float:
        rotation = drive(model, source, driving, DrivingOptions(**options)).motion.rotation
        return float((rotation @ rotation.mT - eye).abs().max())

    assert defect(smooth_variance=1e-4) < 1e-5
    assert defect(smooth_variance=1e-4, compat="published") > 1e-3


def test_smoothing_can_be_switched_off_and_on(model):
    source, driving = random_motion(1), random_motion(2, 6)
    plain, off, on = (
        drive(model, source, driving, DrivingOptions(smooth=smooth, smooth_variance=1e-4))
        for smooth in (None, False, True)
    )
    assert torch.equal(plain.driving_keypoints, off.driving_keypoints)
    assert not torch.equal(plain.driving_keypoints, on.driving_keypoints)


def test_a_source_video_keeps_its_scale_and_place(model):
    source, driving = random_motion(1, 4), random_motion(2, 4)
    moved = drive(model, source, driving).motion
    assert torch.equal(moved.scale, source.scale)
    assert torch.equal(moved.translation, source.translation)


def test_a_source_video_of_one_frame_is_told(model):
    source, driving = random_motion(1), random_motion(2)
    as_video = drive(model, source, driving, source_is_video=True).motion
    assert torch.equal(as_video.scale, source.scale)


def test_lip_normalisation_acts_on_open_lips_only(model):
    driving = random_motion(2, 3)
    for opening, changes in ((0.0, False), (0.2, True)):
        source = replace(random_motion(1), lip_open=torch.full((1, 1), opening))
        plain = drive(model, source, driving)
        closed = drive(model, source, driving, DrivingOptions(normalize_lip=True))
        assert torch.equal(plain.driving_keypoints, closed.driving_keypoints) is not changes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (DrivingOptions(normalize_lip=True, lip_open=0.1), ["normalize_lip", "openings"]),
        (DrivingOptions(normalize_lip=True, motion="absolute"), ["normalize_lip", "absolute"]),
        (DrivingOptions(source_video_eyes=True, eyes_open=0.1), ["source_video_eyes", "openings"]),
        (DrivingOptions(normalize_lip=True, source_video_eyes=True), []),
    ],
)
def test_an_option_that_does_nothing_beside_another_is_named(model, caplog, options, words):
    drive(model, random_motion(1, 3), random_motion(2, 3), options)
    assert len(caplog.messages) == bool(words)
    assert all(word in caplog.text for word in words)


def test_animals_are_carried_over_by_size_or_moved_by_eq_7():
    model = small_networks_model(PAPER_ANIMAL, scale=0.0)
    source, driving = random_motion(1, 1, ANIMAL_SPACE), random_motion(2, 4, ANIMAL_SPACE)
    friendly, pose = (
        drive(model, source, driving, DrivingOptions(driving_option=option)).driving_keypoints
        for option in ("expression-friendly", "pose-friendly")
    )
    assert not torch.allclose(friendly, pose)
    published = DrivingOptions(driving_option="pose-friendly", compat="published", region="lip")
    assert_close(drive(model, source, driving, published).driving_keypoints, friendly)


def test_frame_rate_is_the_source_videos_else_the_drivers(model):
    driving = replace(random_motion(2, 3), fps=Fraction(30000, 1001))
    source = replace(random_motion(1, 3), fps=Fraction(24))
    assert drive(model, source, driving).motion.fps == Fraction(24)
    assert drive(model, source[:1], driving).motion.fps == Fraction(30000, 1001)


def test_motion_of_another_space_is_refused(model):
    with pytest.raises(MotionSpaceError, match=COMPACT_SPACE):
        drive(model, random_motion(1), random_motion(2, 3, COMPACT_SPACE))
    with pytest.raises(MotionSpaceError, match=COMPACT_SPACE):
        edit_keypoints(model, random_motion(1, space=COMPACT_SPACE), Edit())


def test_no_frames_are_refused(model):
    with pytest.raises(ValueError, match="driving motion 0"):
        drive(model, random_motion(1), random_motion(2, 0))


@pytest.mark.parametrize(
    "options",
    [
        DrivingOptions(eyes_open=0.3),
        DrivingOptions(lip_open="driver"),
        DrivingOptions(normalize_lip=True),
    ],
)
def test_missing_openness_is_said_and_not_skipped(model, options):
    source = replace(random_motion(1), eyes_open=None, lip_open=None)
    with pytest.raises(ValueError, match="source carries no"):
        drive(model, source, random_motion(2, 3), options)


def test_a_model_without_stitching_says_so(model):
    bare = replace(model, stitching=None)
    with pytest.raises(CheckpointError, match="stitching"):
        drive(bare, random_motion(1), random_motion(2, 3))
    assert (
        len(drive(bare, random_motion(1), random_motion(2, 3), DrivingOptions(stitch=False))) == 3
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "nose"},
        {"motion": "sideways"},
        {"driving_option": "friendly"},
        {"retarget": "both"},
        {"compat": "old"},
        {"gain": -1.0},
        {"gain": float("nan")},
        {"smooth_variance": 0.0},
        {"eyes_open": "wide"},
        {"lip_open": True},
    ],
)
def test_an_option_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DrivingOptions(**wrong)


def test_neutral_sliders_leave_the_source_alone():
    model = small_networks_model(scale=0.0)
    source = random_motion(1, 2)
    driven = edit_keypoints(model, source, Edit())
    assert torch.equal(driven.driving_keypoints, transform_keypoints(source))


def test_a_held_lip_and_a_silent_lip_move_every_frame(model):
    source = random_motion(1, 5)
    for driven in (hold_lip_open(model, source, 0.4), hold_lip_closed(model, source)):
        travel = (driven.driving_keypoints - driven.source_keypoints).abs().amax((1, 2))
        assert len(driven) == 5
        assert (travel > 1e-4).all()


def test_a_neutral_frame_apart_goes_before_the_motions_own(model):
    source, driver, neutral = (
        random_motion(seed, length) for seed, length in ((1, 1), (2, 4), (3, 1))
    )
    apart = drive(model, source, driver.describe(reference=neutral))
    given = drive(model, source, driver, reference=neutral)
    assert_close(apart.driving_keypoints, given.driving_keypoints, rtol=0, atol=0)


@pytest.mark.parametrize("length", [1, 4])
def test_sliders_on_a_driver_move_the_source_though_every_frame_has_them(length):
    model = small_networks_model(scale=0.0)
    source, driver = random_motion(1, 1), random_motion(2, length)
    plain = drive(model, source, driver).motion
    edited = drive(model, source, driving_expression(driver, Sliders(yaw_deg=10, smile=1))).motion
    offset = expression_offset(Sliders(smile=1), source.space)
    assert_close(edited.expression - plain.expression, offset.expand_as(plain.expression))
    assert (edited.rotation - plain.rotation).abs().amax((1, 2)).min() > 0.05
