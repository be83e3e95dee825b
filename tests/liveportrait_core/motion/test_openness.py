import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.constants import COMPACT_SPACE, CompactKeypoint
from liveportrait_core.motion.openness import (
    OpeningPair,
    OpennessPairs,
    driven_eyes_open,
    eyes_condition,
    eyes_open,
    lip_condition,
    lip_open,
)
from liveportrait_core.motion.regions import COMPACT_OPENNESS_PAIRS, keypoint_space

PAIRS = OpennessPairs(
    first_eye=OpeningPair(height=(0, 1), width=(2, 3)),
    second_eye=OpeningPair(height=(4, 5), width=(2, 3)),
    lip=OpeningPair(height=(6, 7), width=(2, 3)),
)
# heights 1, 2 and 0 over a width of 4
POINTS = torch.tensor(
    [[0.0, 0], [0, 1], [0, 0], [4, 0], [1, 1], [1, 3], [2, 2], [2, 2]],
)[None]


def test_openings_are_height_over_width():
    assert_close(eyes_open(POINTS, PAIRS), torch.tensor([[0.25, 0.5]]))
    assert_close(lip_open(POINTS, PAIRS), torch.tensor([[0.0]]))


@pytest.mark.parametrize("factor", [0.01, 7.0, 300.0])
def test_openings_do_not_depend_on_the_size_of_the_face(factor):
    assert_close(eyes_open(POINTS * factor, PAIRS), eyes_open(POINTS, PAIRS), rtol=1e-4, atol=0)


def test_a_face_without_width_gives_a_number():
    assert torch.isfinite(eyes_open(torch.zeros(1, 8, 2), PAIRS)).all()


def test_compact_keypoints_tell_their_own_openness():
    assert keypoint_space(COMPACT_SPACE).openness == COMPACT_OPENNESS_PAIRS
    points = torch.zeros(1, 21, 3)
    points[0, CompactKeypoint.LEFT_EYE_INNER, 0] = 2.0  # the outer corner is at 0
    points[0, CompactKeypoint.LEFT_UPPER_LID, 1] = -0.5
    assert_close(eyes_open(points, COMPACT_OPENNESS_PAIRS)[0, 0], torch.tensor(0.25))


def test_a_driver_at_rest_asks_for_the_sources_own_opening():
    source, rest = torch.tensor([[0.2, 0.3]]), torch.tensor([[0.4, 0.5]])
    assert_close(driven_eyes_open(source, rest, rest), torch.tensor([[0.25]]))


def test_a_driver_with_half_shut_eyes_asks_for_half():
    source, rest = torch.tensor([[0.2, 0.3]]), torch.tensor([[0.4, 0.5]])
    assert_close(driven_eyes_open(source, rest / 2, rest), torch.tensor([[0.125]]))


def test_a_reference_with_shut_eyes_does_not_tear_the_eyes_open():
    source = torch.tensor([[0.3, 0.3]])
    target = driven_eyes_open(source, torch.full((1, 2), 0.4), torch.full((1, 2), 0.001))
    assert float(target) == pytest.approx(0.8)


def test_conditions_put_the_source_first():
    eyes, target = torch.tensor([[0.1, 0.2]]), torch.tensor([[0.3], [0.4]])
    assert_close(eyes_condition(eyes, target), torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.4]]))
    assert_close(lip_condition(eyes[:, :1], target), torch.tensor([[0.1, 0.3], [0.1, 0.4]]))
