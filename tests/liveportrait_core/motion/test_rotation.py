import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.motion.rotation import (
    degrees_from_bins,
    degrees_from_rotation,
    rotation_from_degrees,
)

ANGLE = st.floats(-85, 85)


@given(ANGLE, ANGLE, ANGLE)
def test_degrees_to_a_rotation_and_back(pitch, yaw, roll):
    pose = torch.tensor([[pitch, yaw, roll]], dtype=torch.float64)
    rotation = rotation_from_degrees(*pose.unbind(1))
    assert_close(degrees_from_rotation(rotation), pose, atol=1e-6, rtol=0)
    assert_close(rotation @ rotation.mT, torch.eye(3, dtype=torch.float64)[None])


def test_convention_rows_turn():
    # R = Rz^T for a pure roll of 90 degrees: the row (1, 0, 0) becomes (0, 1, 0)
    zero, quarter = torch.zeros(1), torch.full((1,), 90.0)
    rotation = rotation_from_degrees(zero, zero, quarter)
    turned = torch.tensor([[1.0, 0, 0]]) @ rotation[0]
    assert_close(turned, torch.tensor([[0.0, 1, 0]]), atol=1e-6, rtol=0)


def test_one_certain_bin_is_its_angle():
    logits = torch.full((1, 66), -1e4)
    logits[0, 40] = 0
    assert_close(degrees_from_bins(logits), torch.tensor([3 * 40 - 97.5]))


def test_undecided_bins_look_straight_on():
    assert_close(degrees_from_bins(torch.zeros(1, 66)), torch.zeros(1), atol=1e-4, rtol=0)
