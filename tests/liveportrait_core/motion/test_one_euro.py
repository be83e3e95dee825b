"""The one-euro filter."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.one_euro import OneEuroFilter
from liveportrait_core.motion.tool_options import OneEuroOptions
from liveportrait_core.motion.types import Motion, concatenate
from tests.support.motions import random_motion

VALUES = ("expression", "rotation", "scale", "translation", "pose_deg")


def clip(frames=8, **changes):
    return replace(random_motion(1, frames, COMPACT_SPACE), fps=Fraction(25), **changes)


def scales(*values, fps=25):
    return replace(clip(len(values)), scale=torch.tensor(values)[:, None], fps=Fraction(fps))


def by_hand(values, fps, cutoff, beta):
    """Algorithm 1 of the paper, in plain numbers."""

    def alpha(cutoff_hz):
        return 1 / (1 + (1 / (2 * math.pi * cutoff_hz)) * fps)

    smoothed, speed = [values[0]], 0.0
    for value in values[1:]:
        speed = alpha(1.0) * (value - smoothed[-1]) * fps + (1 - alpha(1.0)) * speed
        share = alpha(cutoff + beta * abs(speed))
        smoothed.append(share * value + (1 - share) * smoothed[-1])
    return smoothed


def test_it_is_the_filter_of_the_paper():
    values = [1.0, 1.3, 1.1, 1.6, 1.6, 0.9]
    options = OneEuroOptions(cutoff_hz=1.5, beta=0.7)
    made = OneEuroFilter(options)(scales(*values, fps=30)).scale[:, 0]
    assert_close(made, torch.tensor(by_hand(values, 30, 1.5, 0.7)))


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_frames_in_pieces_give_the_bits_of_all_at_once(sizes):
    motion = clip(30, shot=torch.arange(30) // 11)
    whole, smoother = OneEuroFilter()(motion), OneEuroFilter()
    ends = [min(sum(sizes[:count]), 30) for count in range(len(sizes) + 1)]
    pieces = [smoother(motion[a:b]) for a, b in zip(ends, [*ends[1:], 30], strict=True)]
    joined = concatenate([piece for piece in pieces if len(piece)])
    for name in VALUES:
        assert torch.equal(getattr(joined, name), getattr(whole, name))


def test_a_face_at_rest_and_a_single_frame_stay_as_they_are():
    rest = clip(1)[torch.zeros(6, dtype=torch.long)]
    smoothed = OneEuroFilter()(rest)
    for name in VALUES:
        assert_close(getattr(smoothed, name), getattr(rest, name), atol=1e-5, rtol=0)
        one = OneEuroFilter()(rest[:1])
        assert torch.equal(getattr(one, name), getattr(rest[:1], name))
    assert len(OneEuroFilter()(rest[:0])) == 0


def test_trembling_is_smoothed_and_a_fast_turn_is_followed():
    tremble = torch.randn(200, generator=torch.Generator().manual_seed(0)) * 0.2
    turn = (torch.arange(200) >= 100).float() * 25
    pose = torch.stack((torch.zeros(200), turn + tremble, torch.zeros(200)), 1)
    zeros = clip(200)
    motion = Motion.from_degrees(
        pose_deg=pose, expression=zeros.expression, scale=zeros.scale, translation=pose * 0
    ).describe(space=COMPACT_SPACE)
    yaw = OneEuroFilter()(motion).yaw_deg
    assert yaw[20:100].std() < 0.6 * tremble[20:100].std()
    assert yaw[103] > 0.9 * 25
    rotation = OneEuroFilter()(motion).rotation
    assert_close(rotation @ rotation.mT, torch.eye(3).expand(200, 3, 3), atol=1e-6, rtol=0)


def test_a_larger_beta_comes_sooner():
    step = scales(*[1.0] * 5, *[2.0] * 5)
    slow, quick = (OneEuroFilter(OneEuroOptions(beta=beta))(step).scale[6] for beta in (0, 10))
    assert slow < 1.5
    assert quick > 1.8


def test_a_blink_of_the_default_stays_a_blink():
    # shut in two frames, for one, and open in four, as of people at 25 frames a second
    lids = torch.tensor([0.0] * 9 + [0.5, 1, 1, 0.75, 0.5, 0.25] + [0.0] * 5) * -0.06
    motion = replace(clip(20), expression=torch.zeros(20, 21, 3))
    motion.expression[:, 9, 1] = lids
    smoothed = OneEuroFilter()(motion).expression[:, 9, 1]
    assert smoothed.min() < 0.85 * lids.min()
    assert int(smoothed.argmin()) <= 11


def test_a_shot_begins_anew():
    shot = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1])
    motion = clip(shot=shot)
    smoothed = OneEuroFilter()(motion)
    for name in VALUES:
        assert torch.equal(getattr(smoothed, name)[3], getattr(motion, name)[3])
    alone = OneEuroFilter()(motion[3:])
    assert torch.equal(smoothed.expression[3:], alone.expression)


def test_a_turn_is_one_turn_about_its_axis():
    # from rest at 0 to a turn of 30 degrees: the same share of it as of any other number
    motion = Motion.from_degrees(
        pose_deg=torch.tensor([[0.0, 0, 0], [0, 30, 0]]),
        expression=torch.zeros(2, 21, 3),
        scale=torch.ones(2, 1),
        translation=torch.zeros(2, 3),
    )
    radians = by_hand([0.0, math.radians(30)], 25, 1.0, 30.0)[1]
    assert float(OneEuroFilter()(motion).yaw_deg[1]) == pytest.approx(
        math.degrees(radians), abs=1e-3
    )
