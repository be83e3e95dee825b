"""The face that does nothing."""

import pytest
import torch

from liveportrait_core.animation.inputs import prepare_inputs
from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.edit import apply_expression, neutral_motion
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.options import DrivingOptions
from tests.support.motions import random_motion

SPACES = (HUMAN_SPACE, ANIMAL_SPACE, COMPACT_SPACE)


@pytest.mark.parametrize("space", SPACES)
def test_it_looks_straight_ahead_from_the_middle(space):
    motion = neutral_motion(space)
    assert (len(motion), motion.space, motion.producer) == (1, space, "")
    assert torch.equal(motion.rotation, torch.eye(3)[None])
    assert not motion.pose_deg.any()
    assert not motion.translation.any()
    assert torch.equal(motion.scale, torch.ones(1, 1))
    assert motion.expression.shape == (1, 21, 3)
    assert motion.expression.abs().max() < 0.1


@pytest.mark.parametrize("space", SPACES)
def test_it_is_what_a_single_driving_frame_is_measured_against(space):
    still = neutral_motion(space)
    inputs = prepare_inputs(random_motion(1, 1, space), still, DrivingOptions())
    assert torch.equal(inputs.reference.expression, still.expression)
    assert torch.equal(inputs.reference.rotation, still.rotation)


@pytest.mark.parametrize("space", SPACES)
def test_neutral_sliders_leave_it_as_it_is(space):
    still = neutral_motion(space)
    made = apply_expression(still, Sliders())
    assert torch.equal(made.expression, still.expression)
    assert torch.equal(made.rotation, still.rotation)


def test_an_unknown_space_is_refused():
    with pytest.raises(MotionSpaceError, match="mars"):
        neutral_motion("mars")
