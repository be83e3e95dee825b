"""Batch norms folded into convolutions."""

import torch
from torch import nn

from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.networks.folding import folded


def test_a_quick_copy_gives_the_same_numbers_without_norms_and_leaves_the_network_alone():
    torch.manual_seed(0)
    network = CompactMotionExtractor(width=0.5, blocks=1, detailed=True)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    network.eval()
    copied = folded(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in copied.modules())
    assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    faces = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        slow, quick = network.read(faces), copied.read(faces)
        found = copied.landmarks(faces)
    torch.testing.assert_close(quick.keypoints, slow.keypoints, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(quick.pose_deg, slow.pose_deg, atol=1e-2, rtol=1e-4)
    torch.testing.assert_close(found, quick.keypoints[..., :2])


def test_what_has_nothing_to_fold_stays_itself():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)).eval()
    assert folded(network) is network
    copied = folded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval())
    assert folded(copied) is copied
