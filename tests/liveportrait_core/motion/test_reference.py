"""What a motion is measured from, and which motions may be used together."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError, subject_of
from liveportrait_core.motion.reference import check_motions, own_reference, reference_of_frames
from liveportrait_core.motion.regions import keypoint_space
from tests.support.motions import random_motion


def test_it_is_the_frame_that_the_motion_names():
    clip = replace(random_motion(1, 5), reference_frame=3)
    assert torch.equal(own_reference(clip).expression, clip.expression[3:4])
    assert own_reference(clip).reference_frame == 0


def test_a_frame_of_its_own_goes_first():
    neutral = random_motion(2)
    clip = replace(random_motion(1, 5), reference_frame=3, reference=neutral)
    assert own_reference(clip) is neutral


def test_a_picture_is_measured_from_itself_without_an_expression():
    face = random_motion(1, space=HUMAN_SPACE)
    neutral = own_reference(face)
    wanted = keypoint_space(HUMAN_SPACE).neutral_expression(face.expression)
    assert torch.equal(neutral.expression[0], wanted)
    assert torch.equal(neutral.rotation, face.rotation)


def test_each_frame_has_that_of_its_shot():
    neutral = random_motion(2, 2)
    clip = replace(random_motion(1, 4), shot=torch.tensor([1, 1, 0, 1]), reference=neutral)
    rows = reference_of_frames(clip, own_reference(clip))
    assert torch.equal(rows.scale, neutral.scale[[1, 1, 0, 1]])


@pytest.mark.parametrize("frame", [-1, 5])
def test_a_frame_that_is_not_there_is_refused(frame):
    clip = replace(random_motion(1, 5), reference_frame=frame)
    with pytest.raises(ValueError, match=f"names frame {frame} .* has 5 frames; 0 to 4"):
        own_reference(clip)


def test_motions_of_two_spaces_are_refused_by_name():
    first = random_motion(1, 2, COMPACT_SPACE)
    second = random_motion(2, 2, HUMAN_SPACE).describe(producer="a film")
    with pytest.raises(MotionSpaceError) as caught:
        check_motions(base=first, over=second)
    assert subject_of(caught.value) == "over"
    assert str(caught.value) == (
        f"The motion 'over' is of the keypoint space '{HUMAN_SPACE}' (made by a film), 'base' of "
        f"'{COMPACT_SPACE}'; one space is expected. Extract both with the same model, "
        "or convert one (motion convert --to, Convert Motion)."
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"scale": torch.tensor([[1.0], [float("nan")]])}, "values of scale that are no finite"),
        ({"reference": replace(random_motion(3), translation=torch.full((1, 3), torch.inf))}, "tr"),
        ({"absolute": frozenset({"lip", "pose"})}, "absolute values of pose"),
        ({"space": "another"}, "'another'"),
    ],
)
def test_what_is_no_use_is_refused(changes, text):
    bad = replace(random_motion(1, 2), **changes)
    with pytest.raises(ValueError, match=text):
        check_motions(motion=bad)
    with pytest.raises(ValueError, match="'motion' has 0 frames"):
        check_motions(motion=random_motion(1, 2)[:0])
