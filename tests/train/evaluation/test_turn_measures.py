"""Measures of turned heads by region, of colour on grey sources and of flicker."""

import math

import pytest
import torch

from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.networks.compact.layers import identity_grid
from tests.support.rendered import write_rendered
from train.data.rendered import RenderedSet
from train.evaluation.measured_model import at_size
from train.evaluation.steadiness import grey_chroma, still_flicker
from train.evaluation.turn_measures import turn_measures, turn_sums
from train.rendering.regions import Region


def halves():
    """A pair whose left half is skin and whose right half is hair."""
    regions = torch.full((1, 8, 8), int(Region.SKIN))
    regions[..., 4:] = int(Region.HAIR)
    truth = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    flow = identity_grid(8, truth).permute(0, 3, 1, 2)
    return truth, flow, torch.ones(1, 1, 8, 8), regions


def test_the_true_picture_has_no_error_and_the_truth_s_sharpness():
    truth, flow, visible, regions = halves()
    found = turn_measures([turn_sums(truth, truth, flow, flow, visible, regions)])
    assert found["turned_flow_skin_px"] == 0
    assert found["turned_psnr_hair_db"] == pytest.approx(100)
    assert found["turned_sharpness"] == pytest.approx(1)
    assert math.isnan(found["turned_psnr_eyes_db"])  # there are none


def test_errors_count_in_their_region_alone_and_flow_where_the_source_shows_it():
    truth, flow, visible, regions = halves()
    image, wrong = truth.clone(), flow.clone()
    image[..., 8:] += 0.1
    wrong[:, 0, :, 4:] += 4 / 128  # four pixels of 256
    visible[..., 4:, :] = 0
    wrong[:, 0, 4:, :4] += 1.0  # hidden there
    found = turn_measures([turn_sums(image, truth, wrong, flow, visible, regions)])
    assert found["turned_psnr_hair_db"] == pytest.approx(20, abs=1e-3)
    assert found["turned_psnr_skin_db"] == pytest.approx(100)
    assert found["turned_flow_hair_px"] == pytest.approx(4, abs=1e-4)
    assert found["turned_flow_skin_px"] == 0


def test_pairs_add_up_and_a_blurred_face_is_less_sharp():
    truth, flow, visible, regions = halves()
    blurred = torch.nn.functional.avg_pool2d(truth, 3, 1, 1)
    sharp, soft = (turn_sums(x, truth, flow, flow, visible, regions) for x in (truth, blurred))
    alone, both = turn_measures([soft])["turned_sharpness"], turn_measures([sharp, soft])
    assert alone < 0.8
    assert both["turned_sharpness"] == pytest.approx((1 + alone) / 2)


def test_nothing_turned_is_no_number():
    assert all(math.isnan(value) for value in turn_measures([]).values())


class Tinted(torch.nn.Module):
    """G that gives the source, redder by as much as is said, or with noise of its own."""

    def __init__(self, red=0.0):
        super().__init__()
        self.red = red

    def forward(self, warped):
        return warped.face + self.red * torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)


@pytest.mark.parametrize("red", [0.0, 0.1])
def test_colour_on_a_grey_source_is_found_and_a_face_that_copies_does_not_flicker(tmp_path, red):
    data = RenderedSet([write_rendered(tmp_path, identities=2)])
    default = at_size(load_model(), data.size_px)
    model = LivePortraitModel(
        preset=default.preset, origin="", **{**dict(default.modules()), "decoder": Tinted(red)}
    )
    assert grey_chroma(model, data) == pytest.approx(255 * red, abs=0.01)
    assert still_flicker(model, data) == pytest.approx(0, abs=1e-4)
