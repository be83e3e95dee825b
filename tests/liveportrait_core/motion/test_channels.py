"""How far a motion goes from its neutral frame."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.config.fields import specs_of
from liveportrait_core.config.spec import OptionError
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.geometry import rotation_vector
from liveportrait_core.motion.channels import amplify_motion, clamp_motion
from liveportrait_core.motion.edit import driving_expression, neutral_motion
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.tool_options import ChannelGains, ChannelLimits
from liveportrait_core.motion.types import Motion
from tests.support.motions import random_motion

VALUES = ("expression", "rotation", "scale", "translation")
GAINS = [spec.name for spec in specs_of(ChannelGains)]
CHANNEL = {
    "gain_expression": "expression",
    "gain_scale": "scale",
    "gain_translation": "translation",
}
ALL_LIMITS = ChannelLimits(
    max_expression=0.02, max_turn_deg=8, max_translation=0.05, max_scale=1.05
)


def clip(seed=1, **changes):
    return replace(random_motion(seed, 6, COMPACT_SPACE), reference_frame=2, **changes)


def same(one, other, atol=1e-5):
    for name in VALUES:
        assert_close(getattr(one, name), getattr(other, name), atol=atol, rtol=0, msg=name)


def all_gains(value):
    return ChannelGains(**dict.fromkeys(GAINS, value))


def test_gains_of_one_and_no_limits_keep_every_bit():
    motion = clip()
    for same_motion in (
        amplify_motion(motion, ChannelGains()),
        clamp_motion(motion, ChannelLimits()),
        clamp_motion(motion, ChannelLimits(max_expression=2, max_turn_deg=180, max_scale=10)),
    ):
        for name in (*VALUES, "pose_deg"):
            assert torch.equal(getattr(same_motion, name), getattr(motion, name))


def test_gains_of_zero_stay_at_the_neutral_frame():
    motion = clip()
    held = amplify_motion(motion, all_gains(0))
    same(held, own_reference(motion)[torch.zeros(6, dtype=torch.long)])


@given(first=st.floats(0, 2), second=st.floats(0, 2))
def test_gains_one_after_another_multiply(first, second):
    one_by_one = amplify_motion(amplify_motion(clip(), all_gains(first)), all_gains(second))
    same(one_by_one, amplify_motion(clip(), all_gains(first * second)))


@pytest.mark.parametrize("name", GAINS)
def test_a_gain_changes_its_channel_alone(name):
    motion = clip()
    changed = amplify_motion(motion, ChannelGains(**{name: 0.5}))
    moved = CHANNEL.get(name, "rotation")
    for each in VALUES:
        equal = torch.equal(getattr(changed, each), getattr(motion, each))
        assert equal == (each != moved)
    assert (changed.eyes_open is None) == (moved == "expression")


def posed(*pose_deg):
    """A head in these poses, the first one neutral."""
    flat = neutral_motion(COMPACT_SPACE)
    rows = flat[torch.zeros(len(pose_deg), dtype=torch.long)]
    return Motion.from_degrees(
        pose_deg=torch.tensor(pose_deg),
        expression=rows.expression,
        scale=rows.scale,
        translation=rows.translation,
    ).describe(space=COMPACT_SPACE)


def test_an_angle_is_measured_from_the_neutral_pose():
    head = posed([5.0, 10, 0], [8.0, 20, 3], [5.0, 40, -9])
    changed = amplify_motion(head, ChannelGains(gain_yaw=0.5, gain_roll=2))
    wanted = posed([5.0, 10, 0], [8.0, 15, 6], [5.0, 25, -18])
    assert_close(changed.pose_deg, wanted.pose_deg)
    assert_close(changed.rotation, wanted.rotation)


def test_an_angle_goes_the_short_way_round():
    head = posed([0.0, 0, 170], [0.0, 0, -170])
    changed = amplify_motion(head, ChannelGains(gain_roll=0.5))
    assert_close(changed.rotation, posed([0.0, 0, 170], [0.0, 0, 180]).rotation, atol=1e-6, rtol=0)


def test_a_scale_grows_by_a_power():
    motion = replace(clip(), scale=torch.tensor([[2.0], [1.0], [1.0], [0.5], [4.0], [1.0]]))
    doubled = amplify_motion(motion, ChannelGains(gain_scale=2))
    assert_close(doubled.scale[:, 0], torch.tensor([4.0, 1.0, 1.0, 0.25, 16.0, 1.0]))


def test_nothing_goes_beyond_the_limits():
    motion = clip()
    held, neutral = clamp_motion(motion, ALL_LIMITS), own_reference(motion)
    turn = rotation_vector(held.rotation @ neutral.rotation.mT).norm(dim=-1).rad2deg()
    assert turn.max() == pytest.approx(8, abs=1e-3)
    assert (held.expression - neutral.expression).norm(dim=-1).max() == pytest.approx(0.02)
    travel = (held.translation - neutral.translation)[:, :2].norm(dim=-1)
    assert travel.max() == pytest.approx(0.05)
    ratio = (held.scale / neutral.scale).log().abs()
    assert ratio.max() == pytest.approx(math.log(1.05), abs=1e-6)
    assert torch.equal(held.translation[:, 2], motion.translation[:, 2])


def test_what_is_held_keeps_its_direction():
    motion = clip()
    held, neutral = clamp_motion(motion, ALL_LIMITS), own_reference(motion)
    before, after = (each.expression - neutral.expression for each in (motion, held))
    length = before.norm(dim=-1)
    factor = torch.where(length > 0.02, 0.02 / length, torch.ones(()))
    assert_close(after, before * factor[..., None], atol=1e-7, rtol=0)


def test_clamping_twice_is_clamping_once():
    once = clamp_motion(clip(), ALL_LIMITS)
    same(clamp_motion(once, ALL_LIMITS), once, atol=1e-6)


def test_each_shot_is_measured_from_its_own_neutral_frame():
    shot = torch.tensor([0, 0, 0, 1, 1, 1])
    motion = clip(shot=shot, reference=random_motion(4, 2, COMPACT_SPACE))
    held = amplify_motion(motion, all_gains(0))
    same(held, motion.reference[shot])


def test_a_single_picture_is_measured_from_a_face_without_expression():
    face = driving_expression(neutral_motion(COMPACT_SPACE), Sliders(smile=1.0, yaw_deg=20))
    half = amplify_motion(face.describe(reference=None), all_gains(0.5))
    assert_close(half.expression, face.expression / 2)
    assert_close(half.rotation, face.rotation, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "make", [lambda: ChannelGains(gain_yaw=-1), lambda: ChannelLimits(max_scale=1)]
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(OptionError):
        make()
