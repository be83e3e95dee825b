"""The loss table of the branches of mouth and eyes."""

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.networks.compact.mouth import MouthView
from train.data.part_windows import PartWindows
from train.losses.terms import weighted_losses
from train.losses.window_terms import WindowWeights, mouth_step, window_terms

SIDE = 48


def windows_of(truth, picture):
    points = torch.zeros(1, 21, 3)
    points[0, C.LEFT_LIP_CORNER, 0], points[0, C.RIGHT_LIP_CORNER, 0] = -0.5, 0.5
    inside = torch.zeros(1, 1, SIDE, SIDE)
    inside[..., 20:28, 14:34] = 1
    view = MouthView(
        picture=picture,
        source=picture,
        driving_points=points,
        source_points=points,
        skin=torch.full((1, 3), 0.5),
    )
    return PartWindows(view=view, truth=truth, inside=inside)


def losses(truth, picture, change):
    step = mouth_step(windows_of(truth, picture), change)
    return weighted_losses(window_terms(WindowWeights(), gan=False), step)[1]


def test_a_mouth_that_becomes_the_true_one_costs_nothing():
    truth, picture = torch.rand(1, 3, SIDE, SIDE), torch.rand(1, 3, SIDE, SIDE)
    found = losses(truth, picture, truth - picture)
    assert all(float(value) == pytest.approx(0, abs=1e-5) for value in found.values())


def test_teeth_a_pixel_beside_the_true_ones_cost_less_than_none():
    stripes = torch.zeros(1, 3, SIDE, SIDE)
    stripes[..., ::2] = 1
    found = [float(losses(stripes, x, 0 * x)["picture"]) for x in (1 - stripes, 0 * stripes)]
    assert found[0] < 0.1 * found[1]


def test_a_wrong_luminance_is_no_wrong_chroma():
    truth = torch.full((1, 3, SIDE, SIDE), 0.4)
    brighter = losses(truth, truth, torch.full_like(truth, 0.2))
    green = torch.tensor((0, 0.2, 0)).view(3, 1, 1)
    greener = losses(truth, truth, green.expand_as(truth))
    assert float(brighter["chroma"]) == pytest.approx(0, abs=1e-6)
    # chroma of (0, 0.2, 0): its luminance 0.1174 is taken from each channel
    wrong = (0.1174 + (0.2 - 0.1174) + 0.1174) / 3
    assert float(greener["chroma"]) == pytest.approx(wrong, rel=1e-4)


def test_a_discriminator_sees_the_lips_alone():
    truth = torch.rand(1, 3, SIDE, SIDE)
    step = mouth_step(windows_of(truth, truth), torch.full_like(truth, 0.1))
    torch.testing.assert_close(step.judged[..., :4, :], truth[..., :4, :])
    torch.testing.assert_close(step.judged[..., 24, 24], truth[..., 24, 24] + 0.1)
