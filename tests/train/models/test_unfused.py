"""A finished face finder trains on: norms are put back, and the function stays."""

import pytest
import torch
from torch import nn

from liveportrait_core.face.network_finder import load_finder_network, save_finder_network
from liveportrait_core.networks.face_finder import ConvNorm, FaceFinderNetwork
from train.models.unfused import unfused_network


@pytest.fixture
def finished(tmp_path):
    """A file of a network whose norms have seen something."""
    torch.manual_seed(1)
    network = FaceFinderNetwork()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 3, 64, 64))
    path = tmp_path / "finder.safetensors"
    save_finder_network(network, path, metadata={})
    return path


def pictures(count):
    torch.manual_seed(2)
    return [torch.rand(4, 3, 64, 64) for _ in range(count)]


def test_norms_that_are_put_back_leave_the_function_as_it_was(finished):
    network = unfused_network(finished, pictures(3))
    assert not network.training
    shown = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before, after = load_finder_network(finished)(shown), network(shown)
    torch.testing.assert_close(after.heat_logit, before.heat_logit, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.points, before.points, atol=1e-4, rtol=1e-4)


def test_in_train_mode_the_pictures_it_was_measured_on_give_the_same(finished):
    (shown,) = pictures(1)
    network = unfused_network(finished, [shown])
    with torch.no_grad():
        measured = network.train()(shown).heat_logit
        expected = load_finder_network(finished)(shown).heat_logit
    torch.testing.assert_close(measured, expected, atol=1e-2, rtol=1e-2)


def test_it_can_be_folded_again(finished):
    network = unfused_network(finished, pictures(2))
    shown = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        before = network(shown).points
        torch.testing.assert_close(network.fuse()(shown).points, before, atol=1e-4, rtol=1e-4)
    assert all(isinstance(m[1], nn.Identity) for m in network.modules() if isinstance(m, ConvNorm))
