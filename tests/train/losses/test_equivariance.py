"""L_E of Eq. 4: nothing to pay for keypoints that move with the picture, whatever the move."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from train.losses.compact_motion_terms import MotionWeights, equivariance_terms, split_reading
from train.losses.keypoints import equivariance

# Training in the same process turns numbers below the normal ones to zero.
SHIFTS = st.floats(-1, 1, allow_subnormal=False)
MOVES = st.tuples(
    st.floats(-math.pi, math.pi, allow_subnormal=False), st.floats(0.5, 2.0), SHIFTS, SHIFTS
)
CLOUDS = st.integers(0, 1000).map(
    lambda seed: torch.randn(2, 21, 3, generator=torch.Generator().manual_seed(seed)).double()
)


def similarity(angle, zoom, across, down):
    """Turn and zoom that act on rows, and a shift, for two pictures."""
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    linear = torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64).expand(2, 2, 2)
    return linear, torch.tensor([across, down], dtype=torch.float64).expand(2, 2)


def moved(points, angle, zoom, across, down):
    """Each point by the formulas of a similarity in complex numbers; depth is zoomed."""
    turned = (
        torch.complex(points[..., 0], points[..., 1])
        * zoom
        * complex(math.cos(angle), math.sin(angle))
    )
    shifted = turned + complex(across, down)
    return torch.stack((shifted.real, shifted.imag, points[..., 2] * zoom), -1)


@settings(deadline=None, max_examples=60)
@given(CLOUDS, MOVES)
def test_keypoints_that_move_with_the_picture_cost_nothing(points, move):
    loss = equivariance(moved(points, *move), points, *similarity(*move))
    assert float(loss) == pytest.approx(0, abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(CLOUDS, MOVES, st.floats(-0.5, 0.5, allow_subnormal=False))
def test_a_miss_costs_its_size_wherever_the_picture_went(points, move, miss):
    # x and y count 1, depth .4, of three axes
    loss = equivariance(moved(points, *move) + miss, points, *similarity(*move))
    assert float(loss) == pytest.approx(abs(miss) * 2.4 / 3, abs=1e-5)


def test_keypoints_that_ignore_the_picture_pay_for_its_shift():
    points = torch.zeros(2, 21, 3)
    linear, shift = torch.eye(2).expand(2, 2, 2), torch.tensor([0.3, -0.1]).expand(2, 2)
    assert float(equivariance(points, points, linear, shift)) == pytest.approx(0.4 / 3)


def test_the_gradient_goes_to_the_moved_reading():
    found = torch.full((1, 21, 3), 0.5, requires_grad=True)
    linear, shift = torch.eye(2)[None], torch.zeros(1, 2)
    equivariance(found, torch.zeros(1, 21, 3), linear, shift).backward()
    assert float(found.grad[..., :2].sum()) == pytest.approx(2 / 3)


def test_the_row_is_in_the_table_with_its_weight():
    (row,) = equivariance_terms(MotionWeights(equivariance=3.0))
    assert (row.name, row.weight) == ("equivariance", 3.0)


def test_a_reading_is_divided_frame_by_frame():
    torch.manual_seed(0)
    motion = CompactMotionExtractor(width=0.125).eval()
    faces = torch.rand(3, 3, 128, 128)
    with torch.no_grad():
        first, rest = split_reading(motion.read(faces), 2)
        alone = motion.read(faces[2:])
    assert first.keypoints.shape == (2, 21, 3)
    torch.testing.assert_close(rest.keypoints, alone.keypoints)
    torch.testing.assert_close(rest.expression, alone.expression)
