"""Gradients of several processes: sent while others are computed, and exactly their mean."""

import os
import sys
from itertools import pairwise

import pytest
import torch
import torch.distributed as dist
from torch import multiprocessing, nn

from train.engine import gradients
from train.engine.gradients import GradientMeans

WIDTHS = (3, 5, 4, 2)


def network():
    torch.manual_seed(0)
    layers = [nn.Linear(a, b) for a, b in pairwise(WIDTHS)]
    layers[0].bias.requires_grad_(False)
    layers.insert(0, nn.Linear(7, 7))  # which nothing asks for
    return nn.ModuleList(layers)


def backward(net, rank, part):
    x = torch.randn(6, WIDTHS[0], generator=torch.Generator().manual_seed(10 * rank + part))
    for layer in net[1:]:
        x = layer(x).tanh()
    x.square().mean().backward()


def gradients_of(net):
    return [p.grad for p in net.parameters()]


def check(rank, place):
    """In one of two processes; an assertion that fails ends it with an error."""
    os.environ.update(GLOO_SOCKET_IFNAME="lo")
    dist.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=2)
    gradients.BUCKET_NUMBERS = 6
    net, sent_before_the_end = network(), []
    means = GradientMeans(net.parameters())
    net[1].weight.register_post_accumulate_grad_hook(
        lambda parameter: sent_before_the_end.append(len(means._sent))
    )
    for _ in range(2):
        net.zero_grad(set_to_none=False)
        for part in range(2):
            if part == 1:
                means.begin()
            backward(net, rank, part)
        means.finish()
        found, each = gradients_of(net), []
        for other in range(2):
            alone = network()
            for part in range(2):
                backward(alone, other, part)
            each.append(gradients_of(alone))
        for ours, one, two in zip(found, *each, strict=True):
            if one is None:
                assert ours is None
            else:
                assert torch.equal(ours, (one + two) / 2)
    # the last gradient to come of a first part, and of a second: by then whole buckets have gone
    assert sent_before_the_end[0] == 0
    assert sent_before_the_end[1] > 1
    dist.destroy_process_group()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked")
def test_two_processes_get_the_mean_of_all_parts_bit_by_bit(tmp_path):
    place = (f"{tmp_path}/meeting",)
    multiprocessing.start_processes(check, place, nprocs=2, start_method="fork")
