"""Each step of Algorithm 1 on its own: one after the other they are `drive`."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.animation.drive import amplify, drive, move, stitch_keypoints
from liveportrait_core.animation.inputs import prepare_inputs
from liveportrait_core.animation.retarget import (
    close_source_lip,
    hold_source_eyes,
    open_eyes,
    open_lip,
)
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.options import DrivingOptions
from liveportrait_core.preset import COMPACT
from tests.liveportrait_core.animation.test_drive import small_networks_model
from tests.support.motions import random_motion

EYES, LIP = {"eyes_open": 0.3}, {"lip_open": "driver"}


@pytest.fixture(autouse=True)
def _without_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def model():
    return small_networks_model(COMPACT)


def motions(source_frames, driving_frames):
    return (
        random_motion(1, source_frames, COMPACT_SPACE),
        random_motion(2, driving_frames, COMPACT_SPACE),
    )


def in_steps(model, source, driving, options):
    """Algorithm 1, a step at a time, as a graph of nodes does it."""
    inputs = prepare_inputs(source, driving, options)
    keypoints = move(inputs, options, model.preset)
    retarget = "replace" if options.replaces else "add"
    if options.eyes_open is not None:
        keypoints = open_eyes(model, inputs, keypoints, options.eyes_open, retarget)
        retarget = "add"
    if options.lip_open is not None:
        keypoints = open_lip(model, inputs, keypoints, options.lip_open, retarget)
    if options.stitch:
        keypoints = stitch_keypoints(model, keypoints)
    if options.normalize_lip:
        keypoints = close_source_lip(model, inputs, keypoints)
    if options.source_video_eyes:
        keypoints = hold_source_eyes(model, inputs, keypoints)
    return amplify(keypoints, options.gain)


@pytest.mark.parametrize(("source_frames", "driving_frames"), [(1, 5), (6, 5), (6, 1)])
@pytest.mark.parametrize(
    "options",
    [
        DrivingOptions(),
        DrivingOptions(stitch=False, gain=1.7),
        DrivingOptions(motion="absolute", region="lip"),
        DrivingOptions(**EYES, **LIP),
        DrivingOptions(**EYES, **LIP, retarget="replace"),
        DrivingOptions(normalize_lip=True, source_video_eyes=True),
    ],
    ids=["plain", "unstitched", "absolute", "retargeted", "replaced", "held"],
)
def test_steps_one_after_the_other_are_drive(model, source_frames, driving_frames, options):
    source, driving = motions(source_frames, driving_frames)
    if source_frames == 1:
        options = replace(options, source_video_eyes=False)
    whole = drive(model, source, driving, options)
    made = in_steps(model, source, driving, options)
    assert torch.equal(made.driving_keypoints, whole.driving_keypoints)
    assert torch.equal(made.source_keypoints, whole.source_keypoints)
    assert made.stitched == whole.stitched == options.stitch


def test_an_open_lip_is_closed_by_where_its_keypoints_are(model):
    source, driving = motions(1, 2)
    options = DrivingOptions()
    parted = source.describe(lip_open=torch.full((1, 1), 0.2))
    inputs = prepare_inputs(parted, driving, options)
    keypoints = move(inputs, options)
    closed = close_source_lip(model, inputs, keypoints).driving_keypoints
    travel = closed - keypoints.driving_keypoints
    upper, lower = 17, 18
    apart = (keypoints.source_keypoints[:, lower] - keypoints.source_keypoints[:, upper])[0]
    torch.testing.assert_close((travel[:, lower] - travel[:, upper]), -apart.expand(2, -1))
    torch.testing.assert_close(travel[0, 20], -0.3 * apart)  # the chin
    assert travel[:, :17].abs().max() == 0
    shut_lip = source.describe(lip_open=torch.full((1, 1), 0.02))
    shut = prepare_inputs(shut_lip, driving, options)
    same = close_source_lip(model, shut, keypoints).driving_keypoints
    assert torch.equal(same, keypoints.driving_keypoints)


@pytest.mark.parametrize("options", [DrivingOptions(), DrivingOptions(**LIP)])
def test_a_driver_whose_lips_are_measured_from_shut_ones_has_the_sources_closed_first(
    model, options
):
    source, driving = motions(1, 4)
    source = source.describe(lip_open=torch.full((1, 1), 0.2))
    made = drive(model, source, driving.describe(from_shut_lips=True), options)
    told = drive(model, source, driving, replace(options, normalize_lip=not options.retargets))
    assert torch.equal(made.driving_keypoints, told.driving_keypoints)
    plain = drive(model, source, driving, options)
    assert torch.equal(made.driving_keypoints, plain.driving_keypoints) == options.retargets


def test_lips_that_cannot_be_closed_stay_as_they_are(model):
    source, driving = motions(1, 4)
    source = source.describe(lip_open=None)
    made = drive(model, source, driving.describe(from_shut_lips=True))
    assert torch.equal(made.driving_keypoints, drive(model, source, driving).driving_keypoints)


def test_steps_change_nothing_that_they_are_given(model):
    source, driving = motions(1, 4)
    inputs = prepare_inputs(source, driving, DrivingOptions())
    keypoints = move(inputs, DrivingOptions())
    before = keypoints.driving_keypoints.clone()
    opened = open_eyes(model, inputs, keypoints, 0.1)
    open_lip(model, inputs, keypoints, 0.1, "replace")
    stitch_keypoints(model, keypoints)
    close_source_lip(model, inputs, keypoints)
    amplify(keypoints, 3.0)
    assert torch.equal(keypoints.driving_keypoints, before)
    assert not torch.equal(opened.driving_keypoints, before)
    assert opened.source_keypoints is keypoints.source_keypoints


def test_a_scene_is_as_long_as_its_moving_parts(model):
    for source_frames, driving_frames, wanted in ((1, 4, 4), (6, 4, 4), (4, 6, 4), (6, 1, 6)):
        inputs = prepare_inputs(*motions(source_frames, driving_frames), DrivingOptions())
        assert inputs.num_frames == len(move(inputs, DrivingOptions())) == wanted
        assert (inputs.source_is_video, inputs.driving_is_video) == (
            source_frames > 1,
            driving_frames > 1,
        )
        assert len(inputs.reference) == 1


def test_amplifying_by_one_is_the_same_object(model):
    keypoints = move(prepare_inputs(*motions(1, 3), DrivingOptions()), DrivingOptions())
    assert amplify(keypoints, 1) is keypoints


@pytest.mark.parametrize("retarget", ["add", "replace"])
@pytest.mark.parametrize("part", ["eyes", "lip"])
def test_strength_is_the_share_of_the_offset(model, part, retarget):
    source, driving = motions(1, 4)
    order = {f"{part}_open": 0.4, "stitch": False, "retarget": retarget}
    none, half, full = (
        drive(model, source, driving, DrivingOptions(**order, **{f"{part}_strength": share}))
        for share in (0.0, 0.5, 1.0)
    )
    start = none.source_keypoints
    if retarget == "add":
        start = drive(model, source, driving, DrivingOptions(stitch=False)).driving_keypoints
    torch.testing.assert_close(none.driving_keypoints, start)
    middle = (none.driving_keypoints + full.driving_keypoints) / 2
    torch.testing.assert_close(half.driving_keypoints, middle)
    assert not torch.equal(none.driving_keypoints, full.driving_keypoints)
