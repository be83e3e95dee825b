"""Parts of motions, and motions one after another."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError, subject_of
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.sequence import join_motions, trim
from liveportrait_core.motion.transfer import relative_motion
from tests.support.motions import random_motion

VALUES = ("expression", "rotation", "scale", "translation")


def clip(seed=1, frames=10, **changes):
    changes = {"fps": Fraction(10), **changes}
    return replace(random_motion(seed, frames, COMPACT_SPACE), **changes)


def same(one, other):
    for name in VALUES:
        assert_close(getattr(one, name), getattr(other, name), atol=1e-5, rtol=0, msg=name)


@pytest.mark.parametrize(
    ("start", "duration", "frames"),
    [(0, 0.5, (0, 5)), (0.3, None, (3, 10)), (-0.2, 5, (8, 10)), (-9, 0.1, (0, 1)), (0.3, 0.3, 0)],
)
def test_a_part_is_the_frames_of_its_time(start, duration, frames):
    whole = clip(reference_frame=7)
    part = trim(whole, start, duration)
    first, stop = frames or (3, 6)
    assert torch.equal(part.expression, whole.expression[first:stop])
    assert torch.equal(own_reference(part).expression, whole.expression[7:8])


def test_all_of_a_motion_is_the_motion():
    whole = clip()
    assert trim(whole) is whole
    assert trim(whole, -99, 99) is whole


def test_a_part_of_a_part_is_a_part():
    whole = clip(reference_frame=4)
    same(trim(trim(whole, 0.2, 0.7), 0.3), trim(whole, 0.5, 0.4))


def test_a_part_without_frames_is_refused():
    with pytest.raises(ValueError, match=r"has 0 frames; .* it lasts 1 s"):
        trim(clip(), 2)


@given(at=st.integers(1, 9), reference=st.integers(0, 9))
def test_the_parts_of_a_motion_joined_are_the_motion(at, reference):
    whole = clip(reference_frame=reference)
    parts = [trim(whole, 0, at / 10), trim(whole, at / 10)]
    joined = join_motions(parts, blend_frames=0)
    same(joined, whole)
    assert len(joined.shot_slices) == 2
    assert torch.equal(joined.reference.expression, whole.expression[reference : reference + 1])


@given(lengths=st.lists(st.integers(6, 12), min_size=2, max_size=4), blend=st.integers(0, 3))
def test_the_length_is_as_documented(lengths, blend):
    motions = [clip(seed, frames) for seed, frames in enumerate(lengths)]
    joined = join_motions(motions, blend)
    assert len(joined) == sum(lengths) - blend * (len(lengths) - 1)
    assert joined.shot is None or blend == 0


def test_joining_goes_step_by_step_or_at_once():
    one, two, three = clip(1), clip(2), clip(3)
    same(join_motions([join_motions([one, two], 2), three], 2), join_motions([one, two, three], 2))


def test_one_motion_joined_is_itself():
    alone = clip()
    assert join_motions([alone]) is alone


def test_each_moves_a_source_as_it_did_alone():
    first, second = clip(1, reference_frame=3), clip(2, reference_frame=5)
    source = random_motion(9, 1, COMPACT_SPACE)
    joined = join_motions([first, second], 0)
    driven = relative_motion(source, joined, own_reference(joined), match_openness=True)
    for motion, frames in ((first, slice(0, 10)), (second, slice(10, 20))):
        alone = relative_motion(source, motion, own_reference(motion), match_openness=False)
        others = [keypoint for keypoint in range(21) if keypoint not in (8, 9, 10, 11)]  # no lids
        assert_close(driven.expression[frames][:, others], alone.expression[:, others])
        assert_close(driven.rotation[frames], alone.rotation, atol=1e-5, rtol=0)
        assert_close(driven.scale[frames], alone.scale)


def test_the_seam_goes_over_without_a_jump():
    flat = torch.zeros(10, 3)
    first = replace(clip(1), translation=flat, reference=clip(1)[0].describe(translation=flat[:1]))
    second = replace(first, translation=flat + 1)
    x = join_motions([first, second], 4).translation[:, 0]
    assert_close(x[6:10], torch.tensor([0.2, 0.4, 0.6, 0.8]))
    assert_close(x[:6], torch.zeros(6))
    assert_close(x[10:], torch.ones(6))


def test_another_rate_is_retimed():
    joined = join_motions([clip(1, 10), clip(2, 30, fps=Fraction(30))], 0)
    assert (len(joined), joined.fps) == (20, 10)


def test_shots_are_numbered_on_and_keep_their_neutral_frames():
    shot = torch.tensor([0] * 5 + [1] * 5)
    first = clip(1, shot=shot, reference=random_motion(5, 2, COMPACT_SPACE))
    cut = join_motions([first, clip(2, shot=shot, reference=first.reference), clip(3)], 0)
    assert cut.shot.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5 + [4] * 10
    assert torch.equal(cut.reference.scale, first.reference.scale[[0, 1, 1, 1, 1]])
    blended = join_motions([first, clip(2, shot=shot, reference=first.reference), clip(3)], 2)
    assert blended.shot.tolist() == [0] * 5 + [1] * 8 + [2] * 13
    assert len(blended.reference) == 3


def test_what_was_not_measured_stays_known():
    joined = join_motions([clip(1), clip(2, validity=torch.full((10,), 0.5))], 0)
    assert joined.validity.tolist() == [1] * 10 + [0.5] * 10


def test_a_channel_that_one_has_is_there():
    bare = frozenset({"scale", "pose"})
    joined = join_motions([clip(1, absent=bare), clip(2, absent=frozenset({"pose"}))], 0)
    assert joined.absent == joined.reference.absent == {"pose"}


def test_a_seam_longer_than_half_a_motion_is_refused():
    with pytest.raises(
        ValueError, match="blend_frames is 6 and motion 2 has 11 frames; 0 to 5,"
    ) as caught:
        join_motions([clip(1, 12), clip(2, 11)], 6)
    assert subject_of(caught.value) == "blend_frames"


def test_none_or_motions_of_two_spaces_are_refused():
    with pytest.raises(ValueError, match="0 motions"):
        join_motions([])
    with pytest.raises(MotionSpaceError, match="'motion_2'"):
        join_motions([clip(), random_motion(1, 9, HUMAN_SPACE)])
