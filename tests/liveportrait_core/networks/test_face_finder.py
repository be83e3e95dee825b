"""The face finder's network."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.networks.face_finder import FaceFinderNetwork


@pytest.fixture
def lived_in():
    """A network whose norms have seen something."""
    torch.manual_seed(0)
    network = FaceFinderNetwork()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
    return network.eval().requires_grad_(False)


def test_there_is_one_cell_for_eight_pixels(lived_in):
    maps = lived_in(torch.rand(2, 3, 48, 80))
    shapes = {
        name: tuple(getattr(maps, name).shape)
        for name in ("heat_logit", "offset", "log_side", "axis", "points")
    }
    assert shapes == {
        "heat_logit": (2, 1, 6, 10),
        "offset": (2, 2, 6, 10),
        "log_side": (2, 1, 6, 10),
        "axis": (2, 2, 6, 10),
        "points": (2, 10, 6, 10),
    }


def test_a_fused_network_is_the_same_function_with_fewer_modules(lived_in):
    pictures = torch.rand(1, 3, 64, 64)
    before = lived_in(pictures)
    after = lived_in.fuse()(pictures)
    torch.testing.assert_close(after.heat_logit, before.heat_logit, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.points, before.points, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in lived_in.modules())


def test_a_network_in_training_is_not_fused():
    with pytest.raises(RuntimeError, match="eval"):
        FaceFinderNetwork().fuse()


def test_training_begins_with_what_the_motion_network_sees():
    torch.manual_seed(1)
    motion, network = CompactMotionExtractor().eval(), FaceFinderNetwork().eval()
    network.initialise_from(motion)
    picture = torch.rand(1, 3, 128, 128)
    first = F.relu(motion.stem(picture * 2 - 1))
    theirs = motion.down3(motion.down2(motion.down1(first)))
    first = F.relu(network.stem(picture * 2 - 1))
    ours = network.down3(network.down2(network.down1(first)))
    torch.testing.assert_close(ours, theirs)


def test_a_motion_network_of_another_width_lends_nothing():
    with pytest.raises(RuntimeError, match="size mismatch"):
        FaceFinderNetwork().initialise_from(CompactMotionExtractor(0.5))
    with pytest.raises(RuntimeError, match="default model is expected"):
        FaceFinderNetwork().initialise_from(nn.Linear(2, 2))
