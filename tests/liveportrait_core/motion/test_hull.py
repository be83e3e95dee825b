import itertools
import math

import pytest
import torch

from liveportrait_core.motion.hull import hull_volume
from tests.support.motions import random_motion


def test_the_hull_of_a_cube_is_the_cube():
    corners = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=3)))
    inside = torch.zeros(5, 3).uniform_(-0.9, 0.9, generator=torch.Generator().manual_seed(0))
    points = torch.cat((corners, inside))[None]
    assert float(hull_volume(points)) == pytest.approx(8.0, rel=1e-5)


def test_the_hull_of_a_corner_is_a_sixth():
    points = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]])
    assert float(hull_volume(points)) == pytest.approx(1 / 6)


def test_an_octahedron():
    points = torch.cat((torch.eye(3), -torch.eye(3)))[None]
    assert float(hull_volume(points)) == pytest.approx(4 / 3, rel=1e-5)


def test_volume_goes_with_the_cube_and_not_with_place_or_pose():
    face = random_motion(1)
    points = face.canonical
    moved = 2.0 * points @ face.rotation + 3.0
    ratio = float(hull_volume(moved) / hull_volume(points))
    assert math.isclose(ratio, 8.0, rel_tol=1e-4)
