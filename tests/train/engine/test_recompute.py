"""Results that are computed twice: the same gradients, and counts as after one pass."""

import copy

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from train.engine.recompute import recompute


def network():
    torch.manual_seed(0)
    convolution = spectral_norm(nn.Conv2d(3, 4, 3))
    return nn.Sequential(convolution, nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3))


def taught(module, picture):
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: saved.append(tensor.numel()) or tensor, lambda tensor: tensor
    ):
        loss = module(picture).square().mean()
    loss.backward()
    return sum(saved), [p.grad for p in module.parameters()], list(module.buffers())


def test_gradients_and_counts_are_those_of_one_pass():
    plain = network().train()
    again = copy.deepcopy(plain)
    recompute(again)
    picture = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    for _ in range(2):
        (kept, gradients, counts), (few, same, same_counts) = (
            taught(module, picture) for module in (plain, again)
        )
        assert few < kept / 2
        for ours, theirs in zip(same + same_counts, gradients + counts, strict=True):
            assert torch.equal(ours, theirs)


def test_a_network_that_is_asked_is_computed_once():
    module = network().eval()
    recompute(module)
    with torch.no_grad():
        assert module(torch.rand(1, 3, 16, 16)).shape == (1, 2, 12, 12)
