"""Forms for graphs give what torch's own operators give."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core import graphs

seeds = st.integers(0, 2**31 - 1)


@pytest.fixture
def in_a_graph(monkeypatch):
    monkeypatch.setattr(graphs, "is_graph", lambda: True)


def random_of(seed):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=12)
@given(seed=seeds, count=st.integers(1, 17), columns=st.integers(1, 4))
def test_elimination_solves_symmetric_positive_systems(seed, count, columns):
    random = random_of(seed)
    half = torch.randn(2, count, count, generator=random)
    matrix = half @ half.transpose(1, 2) / count + 0.5 * torch.eye(count)
    right = torch.randn(2, count, columns, generator=random)
    expected = torch.linalg.solve(matrix.double(), right.double()).float()
    assert_close(graphs.eliminated(matrix, right), expected, atol=1e-4, rtol=1e-4)


@settings(max_examples=30)
@given(seed=seeds, count=st.integers(1, 8))
def test_the_median_is_torchs(seed, count):
    values = torch.randint(0, 5, (3, count), generator=random_of(seed)).float()
    assert torch.equal(graphs.lower_median(values), values.median(1, keepdim=True).values)


def test_products_in_a_graph_are_torchs(in_a_graph):
    values = torch.rand(2, 10, 3, 4, generator=random_of(0))
    assert_close(graphs.cumulative_product(values), values.cumprod(1))


def test_nothing_is_a_graph_until_one_is_made():
    seen = []

    def asked(x):
        seen.append((graphs.is_exported(), graphs.is_graph()))
        return x + 1

    asked(torch.ones(1))
    torch.jit.trace(asked, torch.ones(1), check_trace=False)
    assert seen == [(False, False), (True, True)]
