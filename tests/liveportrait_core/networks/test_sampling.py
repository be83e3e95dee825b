"""Volumes sampled as rows of a table are sampled as torch does."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.networks.sampling import gathered, voxels_around

sides = st.integers(1, 6)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**31 - 1),
    size=st.tuples(sides, sides, sides),
    beyond=st.sampled_from(["border", "zeros"]),
    reach=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_samples_are_those_of_torch(seed, size, beyond, reach):
    random = torch.Generator().manual_seed(seed)
    volume = torch.randn(2, 3, *size, generator=random)
    grid = (2 * torch.rand(2, 2, 3, 4, 3, generator=random) - 1) * reach
    expected = F.grid_sample(volume, grid, align_corners=False, padding_mode=beyond)
    assert_close(gathered(volume, grid, beyond=beyond), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("place", [-1.0, -0.75, 0.0, 0.999, 1.0, -5.0, 5.0])
def test_shares_sum_to_one_and_voxels_exist(place):
    voxels, shares = voxels_around(torch.full((1, 1, 1, 1, 3), place), (4, 5, 6))
    assert_close(shares.sum(-1), torch.ones(1, 1))
    assert int(voxels.min()) >= 0
    assert int(voxels.max()) < 4 * 5 * 6
