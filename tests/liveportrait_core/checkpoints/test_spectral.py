"""Spectral norm, folded and written back."""

from __future__ import annotations

import pytest
import torch

from liveportrait_core.checkpoints.spectral import fold, trivial_vectors
from liveportrait_core.errors import CheckpointError


def published_weight(weight_orig, u, v):
    """What torch's own hook, which the published blocks carry, makes of the three tensors."""
    conv = torch.nn.Conv2d(weight_orig.shape[1], weight_orig.shape[0], weight_orig.shape[2:])
    torch.nn.utils.spectral_norm(conv)
    conv.load_state_dict(
        {"weight_orig": weight_orig, "weight_u": u, "weight_v": v, "bias": conv.bias}
    )
    conv.eval()
    with torch.no_grad():
        conv(torch.zeros(1, weight_orig.shape[1], 5, 5))
    return conv.weight.detach()


def random_parts(seed, shape=(12, 7, 3, 3)):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, generator=generator)
    u = torch.nn.functional.normalize(torch.randn(shape[0], generator=generator), dim=0)
    v = torch.nn.functional.normalize(torch.randn(weight[0].numel(), generator=generator), dim=0)
    return weight, u, v


@pytest.mark.parametrize("seed", range(5))
def test_folding_gives_the_bits_of_the_published_forward(seed):
    weight, u, v = random_parts(seed)
    assert torch.equal(fold(weight, u, v), published_weight(weight, u, v))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_trivial_vectors_leave_every_bit_of_the_weight(seed, dtype):
    weight = random_parts(seed)[0].to(dtype) * 0.03
    u, v = trivial_vectors(weight, "x")
    assert fold(weight, u, v) is weight
    assert torch.equal(published_weight(weight.float(), u, v), weight.float())


def test_negative_zeros_and_tiny_numbers_keep_their_bits():
    weight = torch.tensor([[-0.0, 1e-42], [3.3e-30, 0.1]])[:, :, None, None]
    u, v = trivial_vectors(weight, "x")
    theirs = published_weight(weight, u, v)
    assert theirs.numpy().tobytes() == weight.numpy().tobytes()


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_weight_that_has_no_norm_is_refused(value):
    with pytest.raises(CheckpointError, match=r"decoder\.x is all zero or not finite"):
        trivial_vectors(torch.full((2, 2, 1, 1), value), "decoder.x")


@pytest.mark.parametrize("offset", [1, 2, 3, 5])
def test_folding_does_not_depend_on_where_a_tensor_lies_in_memory(offset):
    weight, u, v = random_parts(0, shape=(64, 33, 3, 3))
    room = torch.empty(offset + weight.numel())
    moved = room[offset:].view(weight.shape)
    moved.copy_(weight)
    assert torch.equal(fold(moved, u, v), fold(weight, u, v))
