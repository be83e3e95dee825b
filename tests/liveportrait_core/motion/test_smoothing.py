import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.motion.smoothing import (
    nearest_rotation,
    smooth_motion,
    smooth_rotation,
    smooth_values,
)
from tests.support.motions import random_motion


def test_a_constant_stays_as_it_is():
    values = torch.full((9, 2, 3), 0.37)
    assert_close(smooth_values(values, 1e-3), values)


def test_one_frame_stays_as_it_is():
    face = random_motion(1)
    smoothed = smooth_motion(face, 1e-3)
    assert torch.equal(smoothed.expression, face.expression)
    assert torch.equal(smoothed.rotation, face.rotation)


def test_two_frames_by_hand():
    # q = 1e-5, r = 1e-5; frame 0: K = 1/(1 + 1e-5) on z_0 gives z_0, P = 1e-5/(1 + 1e-5) ~ 1e-5
    # frame 1: P_p ~ 2e-5, K ~ 2/3, so m_1 = z_0 + 2/3 (z_1 - z_0)
    # backwards: P_0/P_p1 ~ 1/2, so m_0 = z_0 + 1/2 * 2/3 (z_1 - z_0)
    smoothed = smooth_values(torch.tensor([[0.0], [3.0]]), 1e-5)
    assert_close(smoothed, torch.tensor([[1.0], [2.0]]), atol=1e-4, rtol=0)


def test_it_is_the_least_squares_path():
    # an independent form: the minimum of sum (z-m)^2/r + sum (m_{t+1}-m_t)^2/q + (m_0-z_0)^2
    r, q, n = 4e-5, 1e-5, 12
    values = torch.randn(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    steps = torch.diff(torch.eye(n, dtype=torch.float64), dim=0)
    prior = torch.zeros(n, n, dtype=torch.float64)
    prior[0, 0] = 1.0
    system = torch.eye(n, dtype=torch.float64) / r + steps.T @ steps / q + prior
    expected = torch.linalg.solve(system, values / r + prior @ values)
    assert_close(smooth_values(values, r), expected, atol=1e-9, rtol=0)


def test_more_noise_means_smoother():
    values = torch.randn(40, 5, generator=torch.Generator().manual_seed(1)) * 0.01
    rough = [smooth_values(values, variance).diff(dim=0).abs().sum() for variance in (1e-9, 1e-4)]
    assert rough[1] < 0.5 * rough[0]


def test_smoothed_rotations_stay_rotations():
    rotation = random_motion(2, 15).rotation
    smoothed = smooth_rotation(rotation, 1e-4)
    assert_close(smoothed @ smoothed.mT, torch.eye(3).expand(15, 3, 3), atol=1e-5, rtol=0)
    entrywise = smooth_rotation(rotation, 1e-4, entrywise=True)
    assert (entrywise @ entrywise.mT - torch.eye(3)).abs().max() > 1e-3


def test_only_the_named_channels_are_smoothed():
    face = random_motion(3, 8)
    smoothed = smooth_motion(face, 1e-4, channels=("scale",))
    assert torch.equal(smoothed.expression, face.expression)
    assert torch.equal(smoothed.rotation, face.rotation)
    assert not torch.equal(smoothed.scale, face.scale)


@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_rotation_of_a_rotation_is_itself(seed):
    rotation = random_motion(seed, 4).rotation
    assert_close(nearest_rotation(rotation * 1.3), rotation, atol=1e-5, rtol=0)


def test_the_nearest_rotation_is_never_a_reflection():
    mirrored = torch.diag(torch.tensor([1.0, 1.0, -0.2]))[None]
    assert float(torch.det(nearest_rotation(mirrored))) == pytest.approx(1.0)
