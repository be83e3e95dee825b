from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.regions import (
    COMPACT_LIDS,
    PUBLISHED_EYE_KEYPOINTS,
    PUBLISHED_LIP_KEYPOINTS,
    keypoint_space,
)
from liveportrait_core.motion.rotation import rotation_from_degrees
from liveportrait_core.motion.transfer import absolute_motion, neutral_reference, relative_motion
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.motion.types import tensor_fields
from tests.support.motions import random_motion

SPACES = (HUMAN_SPACE, ANIMAL_SPACE, COMPACT_SPACE)
REGIONS = ("all", "expression", "pose", "lip", "eyes")


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("region", REGIONS)
def test_a_driver_that_never_moves_leaves_the_source_alone(space, region):
    source, still = random_motion(1, 4, space), random_motion(2, 1, space)
    moved = relative_motion(source, still, still, region=region)
    assert_close(transform_keypoints(moved), transform_keypoints(source))


@pytest.mark.parametrize("space", SPACES)
def test_a_face_driving_itself_gives_the_driver_back(space):
    face = random_motion(3, 5, space)
    moved = relative_motion(face[0], face, face[0])
    assert_close(transform_keypoints(moved), transform_keypoints(face), atol=1e-5, rtol=0)


def test_eq_7_by_hand():
    # a source looking straight on with everything zero but the scale: x = s s_i / s_0 ...
    source = replace(
        random_motion(1),
        expression=torch.zeros(1, 21, 3),
        rotation=torch.eye(3)[None],
        scale=torch.full((1, 1), 2.0),
        translation=torch.zeros(1, 3),
    )
    driving, reference = random_motion(2, 3), random_motion(3)
    moved = relative_motion(source, driving, reference)
    for frame in range(3):
        turn = driving.rotation[frame] @ torch.linalg.inv(reference.rotation[0])
        shape = source.canonical[0] @ turn + driving.expression[frame] - reference.expression[0]
        shift = driving.translation[frame] - reference.translation[0]
        shift[2] = 0
        expected = 2.0 * driving.scale[frame] / reference.scale[0] * shape + shift
        assert_close(transform_keypoints(moved)[frame], expected, atol=1e-5, rtol=0)


def test_the_number_of_frames_does_not_change_a_frame():
    source, driving, reference = random_motion(1), random_motion(2, 6), random_motion(3)
    whole = relative_motion(source, driving, reference)
    for frame in range(6):
        alone = relative_motion(source, driving[frame], reference)
        for name in ("expression", "scale", "translation", "rotation", "canonical"):
            assert_close(getattr(alone, name), getattr(whole[frame], name))


def test_inputs_are_left_untouched():
    motions = [random_motion(seed, frames) for seed, frames in ((1, 1), (2, 4), (3, 1))]
    copies = [motion.map_tensors(torch.clone) for motion in motions]
    relative_motion(*motions)
    absolute_motion(*motions[:2])
    for motion, copy in zip(motions, copies, strict=True):
        for name in tensor_fields():
            assert_close(getattr(motion, name), getattr(copy, name), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("region", "rows"), [("lip", PUBLISHED_LIP_KEYPOINTS), ("eyes", PUBLISHED_EYE_KEYPOINTS)]
)
def test_a_region_moves_its_keypoints_and_no_others(region, rows):
    source, driving, reference = random_motion(1), random_motion(2, 2), random_motion(3)
    moved = relative_motion(source, driving, reference, region=region)
    changed = (moved.expression != source.expression).any(-1)
    expected = torch.zeros(2, 21, dtype=torch.bool)
    expected[:, list(rows)] = True
    assert torch.equal(changed, expected)
    assert torch.equal(moved.rotation, source.rotation.expand(2, 3, 3))
    assert torch.equal(moved.scale, source.scale.expand(2, 1))


def test_the_pose_region_moves_the_head_and_keeps_the_face():
    source, driving, reference = random_motion(1), random_motion(2, 2), random_motion(3)
    moved = relative_motion(source, driving, reference, region="pose")
    assert torch.equal(moved.expression, source.expression.expand(2, -1, -1))
    assert torch.equal(moved.scale, source.scale.expand(2, 1))
    assert not torch.equal(moved.rotation, source.rotation.expand(2, -1, -1))
    assert not torch.equal(moved.translation, source.translation.expand(2, -1))


def test_the_expression_mask_of_the_published_space():
    # counted by hand: 13 whole keypoints, y of two, z of two, y and z of one
    mask = keypoint_space(HUMAN_SPACE).expression_mask("all")
    assert int(mask.sum()) == 13 * 3 + 2 + 2 + 2
    assert not mask[[0, 7, 10]].any()


def test_a_channel_that_the_driver_lacks_stays_the_sources():
    source, reference = random_motion(1), random_motion(3)
    driving = replace(random_motion(2, 2), absent=frozenset({"pose", "scale"}))
    moved = relative_motion(source, driving, reference)
    assert torch.equal(moved.rotation, source.rotation.expand(2, -1, -1))
    assert torch.equal(moved.scale, source.scale.expand(2, -1))
    assert not torch.equal(moved.translation, source.translation.expand(2, -1))


def test_an_absolute_channel_is_taken_as_it_is():
    source, reference = random_motion(1), random_motion(3)
    driving = replace(random_motion(2, 2), absolute=frozenset({"pose", "lip"}))
    moved = relative_motion(source, driving, reference)
    lip = list(PUBLISHED_LIP_KEYPOINTS)
    assert torch.equal(moved.rotation, driving.rotation)
    assert torch.equal(moved.expression[:, lip], driving.expression[:, lip])
    assert not torch.equal(moved.expression, driving.expression)


def test_absolute_motion_takes_the_pose_and_keeps_scale_and_masked_entries():
    source, driving = random_motion(1), random_motion(2, 3)
    moved = absolute_motion(source, driving)
    mask = keypoint_space(HUMAN_SPACE).expression_mask("all")
    assert torch.equal(moved.expression[:, mask], driving.expression[:, mask])
    assert torch.equal(moved.expression[:, ~mask], source.expression[:, ~mask].expand(3, -1))
    assert torch.equal(moved.rotation, driving.rotation)
    assert torch.equal(moved.scale, source.scale.expand(3, 1))


def test_a_single_picture_is_measured_against_a_neutral_face():
    picture = random_motion(1)
    reference = neutral_reference(picture)
    neutral = keypoint_space(HUMAN_SPACE).neutral_expression(picture.expression)
    assert torch.equal(reference.expression[0], neutral)
    assert torch.equal(reference.rotation, picture.rotation)


def test_motion_of_another_space_is_refused_in_one_sentence():
    source, driving = random_motion(1), random_motion(2, space=ANIMAL_SPACE)
    with pytest.raises(MotionSpaceError, match=r"liveportrait-animal-21.*liveportrait-human-21"):
        relative_motion(source, driving, driving)
    odd = replace(source, space="nowhere")
    with pytest.raises(MotionSpaceError, match="'nowhere'"):
        absolute_motion(odd, odd)


def test_frames_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 frames and the driving motion 4"):
        absolute_motion(random_motion(1, 3), random_motion(2, 4))


def test_an_unknown_region_is_refused():
    face = random_motion(1)
    with pytest.raises(ValueError, match="'nose'"):
        relative_motion(face, face, face, region="nose")


def _eyes(opening: float) -> torch.Tensor:
    canonical = torch.zeros(1, 21, 3)
    for upper, lower in COMPACT_LIDS:
        canonical[:, upper, 1], canonical[:, lower, 1] = -opening / 2, opening / 2
    return canonical


@pytest.mark.parametrize(("source_opening", "factor"), [(0.09, 1.5), (0.6, 2.0), (0.01, 0.6)])
def test_lids_travel_the_sources_own_opening(source_opening, factor):
    # reference eyes are .06 open: the ratio of the openings, kept within .6 and 2
    straight = rotation_from_degrees(*torch.zeros(3, 1))
    plain = replace(
        random_motion(1, space=COMPACT_SPACE), rotation=straight, expression=torch.zeros(1, 21, 3)
    )
    source = replace(plain, canonical=_eyes(source_opening), scale=torch.full((1, 1), 1.7))
    reference = replace(plain, canonical=_eyes(0.06))
    driving = replace(reference, expression=torch.full((1, 21, 3), 0.02))
    moved = relative_motion(source, driving, reference)
    lids = [keypoint for pair in COMPACT_LIDS for keypoint in pair]
    assert_close(moved.expression[:, lids], torch.full((1, 4, 3), 0.02 * factor))
    assert_close(moved.expression[:, :8], torch.full((1, 8, 3), 0.02))
    unmatched = relative_motion(source, driving, reference, match_openness=False)
    assert_close(unmatched.expression, torch.full((1, 21, 3), 0.02))


def test_lids_cannot_be_matched_where_there_are_none():
    face = random_motion(1)
    with pytest.raises(ValueError, match="match_openness"):
        relative_motion(face, face, face, match_openness=True)


def test_gradients_reach_source_and_driver():
    expression = torch.zeros(1, 21, 3, requires_grad=True)
    source = replace(random_motion(1), expression=expression)
    moved = relative_motion(source, random_motion(2, 3), random_motion(3))
    transform_keypoints(moved).sum().backward()
    assert expression.grad is not None
    assert (expression.grad != 0).any()
