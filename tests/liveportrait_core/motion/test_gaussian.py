"""Gaussian averages along the frames."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.motion.gaussian import gaussian_average, reach_frames


def randoms(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_an_impulse_becomes_the_gaussian_itself():
    values = torch.zeros(41, 1, dtype=torch.float64)
    values[20] = 1
    found = gaussian_average(values, 4.0)[:, 0]
    reach = reach_frames(4.0)
    assert reach == 12
    weights = torch.tensor([math.exp(-(k**2) / 32) for k in range(-12, 13)], dtype=torch.float64)
    assert_close(found[8:33], weights / weights.sum())
    assert not found[:8].any()
    assert not found[33:].any()


@pytest.mark.parametrize("frames", [2, 3, 7, 40])
def test_values_that_continue_keep_their_ends_and_a_constant_speed(frames):
    steady = torch.linspace(-1, 3, frames, dtype=torch.float64)[:, None] * torch.tensor([[1.0, -2]])
    assert_close(gaussian_average(steady, 6.0, ends="continued"), steady)
    values = randoms(frames, frames, 2)
    found = gaussian_average(values, 6.0, ends="continued")
    assert_close(found[[0, -1]], values[[0, -1]])


@pytest.mark.parametrize(("frames", "mode"), [(50, "reflect"), (9, "reflect"), (9, "edge")])
def test_what_lies_beyond_the_ends_is_what_numpy_pads(frames, mode):
    values = randoms(frames, frames, 3)
    more = {"reflect_type": "odd"} if mode == "reflect" else {}
    padded = np.pad(values.numpy(), ((18, 18), (0, 0)), mode=mode, **more)
    expected = gaussian_average(torch.from_numpy(padded), 6.0)[18:-18]
    ends = "continued" if mode == "reflect" else "held"
    assert_close(gaussian_average(values, 6.0, ends=ends), expected)


def test_held_averages_never_exceed_what_they_are_made_of():
    values = randoms(3, 30, 2)
    found = gaussian_average(values, 2.5)
    assert (found <= values.amax(0)).all()
    assert (found >= values.amin(0)).all()


def test_one_frame_and_no_width_change_nothing():
    values = randoms(4, 6, 2)
    assert gaussian_average(values, 0.0) is values
    assert torch.equal(gaussian_average(values[:1], 9.0, ends="continued"), values[:1])
