"""A motion changed by options."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.config.spec import OptionError
from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.change import change_motion
from liveportrait_core.motion.channels import amplify_motion, clamp_motion
from liveportrait_core.motion.edit import loop, mirror, retime
from liveportrait_core.motion.one_euro import OneEuroFilter
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.sequence import trim
from liveportrait_core.motion.smoothing import smooth_motion
from liveportrait_core.motion.tool_options import (
    ChangeOptions,
    ChannelGains,
    ChannelLimits,
    OneEuroOptions,
)
from liveportrait_core.motion.types import CHANNELS
from tests.support.motions import random_motion

GAINS = ChannelGains(gain_yaw=1.5, gain_expression=0.5)
LIMITS = ChannelLimits(max_turn_deg=15, max_translation=0.05)


def clip(space=COMPACT_SPACE, **changes):
    return replace(random_motion(1, 20, space), reference_frame=2, **changes)


def test_nothing_asked_for_changes_nothing():
    motion = clip()
    changed = change_motion(motion, ChangeOptions())
    for name in ("expression", "rotation", "scale", "translation", "eyes_open", "canonical"):
        assert torch.equal(getattr(changed, name), getattr(motion, name))
    assert changed.reference_frame == 2


def test_all_at_once_is_one_after_another():
    motion = clip()
    options = ChangeOptions(
        start=0.08,
        duration=0.6,
        smooth="zero-phase",
        smooth_variance=1e-5,
        fps=Fraction(30),
        mirror=True,
        gains=GAINS,
        limits=LIMITS,
        times=2,
        crossfade=3,
    )
    wanted = smooth_motion(trim(motion, 0.08, 0.6), 1e-5, channels=CHANNELS)
    wanted = mirror(retime(wanted, Fraction(30)))
    wanted = clamp_motion(amplify_motion(wanted, GAINS), LIMITS)
    wanted = loop(wanted, 2, crossfade=3)
    changed = change_motion(motion, options)
    assert (len(changed), changed.fps) == (2 * (18 - 3), 30)
    for name in ("expression", "rotation", "scale", "translation"):
        assert torch.equal(getattr(changed, name), getattr(wanted, name))
    neutral = mirror(own_reference(trim(motion, 0.08)))
    assert_close(own_reference(changed).expression, neutral.expression)


def test_live_smoothing_is_the_filter():
    motion, one_euro = clip(), OneEuroOptions(cutoff_hz=3)
    changed = change_motion(motion, ChangeOptions(smooth="one-euro", one_euro=one_euro))
    assert torch.equal(changed.expression, OneEuroFilter(one_euro)(motion).expression)


def test_a_crossfade_alone_makes_a_loop_of_one_round():
    changed = change_motion(clip(), ChangeOptions(crossfade=4))
    assert len(changed) == 16


@pytest.mark.parametrize(
    ("motion", "options", "text"),
    [
        (clip(HUMAN_SPACE), {"mirror": True}, "no sides"),
        (clip(), {"start": 3}, "it lasts 0.8 s"),
        (clip(), {"crossfade": 11}, "0 to half the motion"),
        (clip()[:0], {}, "'motion' has 0 frames"),
        (clip().describe(scale=torch.full((20, 1), torch.nan)), {}, "values of scale"),
    ],
)
def test_what_cannot_be_done_is_refused(motion, options, text):
    with pytest.raises((ValueError, MotionSpaceError), match=text):
        change_motion(motion, ChangeOptions(**options))


@pytest.mark.parametrize("options", [{"smooth": "much"}, {"times": 0}, {"duration": 0}])
def test_an_option_that_is_none_is_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        ChangeOptions(**options)
