"""Every form of a convolution gives what torch's own gives, and only where it may."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from liveportrait_core.networks import convolutions, fourier
from liveportrait_core.networks import winograd as winograd_module
from liveportrait_core.networks.convolutions import (
    Conv2d,
    Conv3d,
    both,
    fold_convolution,
    phase_convolution,
    upsampled_convolution,
)
from liveportrait_core.networks.fourier import fourier_convolution
from liveportrait_core.networks.winograd import winograd

ROUNDING = 5e-5
"""Of the largest output: sums of float32 in another order, and Winograd's larger numbers."""

FORMS = (
    "fold_convolution",
    "fourier_convolution",
    "phase_convolution",
    "upsampled_convolution",
    "winograd",
)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def assert_same(found, expected):
    assert found.shape == expected.shape
    error = (found - expected).abs().max() / expected.abs().max()
    assert error < ROUNDING


def upsampled(x, factor):
    """Pixels repeated; slices of a volume are not."""
    return x.repeat_interleave(factor, -2).repeat_interleave(factor, -1)


def plain(x, weight, bias):
    """By torch's own convolution, in float64."""
    function = F.conv3d if weight.dim() == 5 else F.conv2d
    padding = tuple(side // 2 for side in weight.shape[2:])
    bias = None if bias is None else bias.double()
    return function(x.double(), weight.double(), bias, padding=padding).float()


@pytest.fixture
def taken(monkeypatch):
    """Names of the forms that were computed."""
    names = []

    def noted(name):
        form = getattr(convolutions, name)

        def call(*args):
            names.append(name)
            return form(*args)

        return call

    for name in FORMS:
        monkeypatch.setattr(convolutions, name, noted(name))
    return names


@pytest.mark.parametrize("side", [1, 3, 7])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("size", [(8, 8), (5, 9)])
def test_fold_gives_the_plain_convolution(side, outputs, size):
    x, weight, bias = drawn(2, 6, *size), drawn(outputs, 6, side, side, seed=1), drawn(outputs)
    assert_same(fold_convolution(x, weight, bias), plain(x, weight, bias))
    assert_same(fold_convolution(x, weight, None), plain(x, weight, None))


@pytest.mark.parametrize("form", [phase_convolution, upsampled_convolution])
@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (6, 5), (3, 6, 5)])
def test_both_forms_give_the_convolution_of_the_upsampled_map(form, factor, size):
    x, bias = drawn(2, 4, *size), drawn(3)
    weight = drawn(3, 4, *(3 for _ in size), seed=1)
    last = x.movedim(1, -1).contiguous().movedim(-1, 1)
    for b in (bias, None):
        expected = plain(upsampled(x, factor), weight, b)
        assert_same(form(x, weight, b, factor), expected)
        assert_same(form(last, weight, b, factor), expected)


@pytest.mark.parametrize("size", [(4, 4), (16, 8), (7, 13), (1, 2), (3, 8, 8), (9, 7, 9)])
@pytest.mark.parametrize("outputs", [3, 70])  # 70 outputs: more numbers in the weights
@pytest.mark.parametrize("together", [1, 2**20])
def test_winograd_gives_the_plain_convolution(size, outputs, together, monkeypatch):
    monkeypatch.setattr(winograd_module, "TOGETHER", together)
    x, bias = drawn(2, 5, *size), drawn(outputs)
    weight = drawn(outputs, 5, *(3 for _ in size), seed=1)
    last = x.movedim(1, -1).contiguous().movedim(-1, 1)
    for b in (bias, None):
        assert_same(winograd(x, weight, b), plain(x, weight, b))
        assert_same(winograd(last, weight, b), plain(x, weight, b))


@pytest.mark.parametrize("side", [3, 5, 7])
@pytest.mark.parametrize("size", [(4, 16, 32), (9, 7, 21), (1, 3, 2)])
def test_spectra_give_the_plain_convolution(side, size, monkeypatch):
    monkeypatch.setattr(fourier, "CHANNELS_TOGETHER", 2)
    x, weight = drawn(2, 5, *size), drawn(3, 5, side, side, side, seed=1)
    for b in (drawn(3), None):
        assert_same(fourier_convolution(x, weight, b), plain(x, weight, b))


def test_spectra_of_a_kernel_without_depth_keep_slices_apart():
    x, weight = drawn(1, 5, 3, 8, 8), drawn(4, 5, 1, 7, 7, seed=1)
    assert_same(fourier_convolution(x, weight, None), plain(x, weight, None))


@torch.no_grad()
@pytest.mark.parametrize("bias", [True, False])
def test_two_convolutions_of_one_map_are_one_where_that_pays(bias, taken):
    x = drawn(1, 128, 64, 64)
    first, second = (Conv2d(128, n, 3, padding=1, bias=bias) for n in (96, 32))
    for found, conv in zip(both(first, second, x), (first, second), strict=True):
        assert_same(found, plain(x, conv.weight, conv.bias))
    assert taken == ["winograd"]
    both(first, nn.Identity(), x)
    both(first, second, x[..., :32])
    both(first.double(), second.double(), x.double())
    assert taken == ["winograd"]


def test_two_convolutions_of_one_map_learn_each_by_itself(taken):
    x = drawn(1, 128, 64, 64)
    first, second = (Conv2d(128, 128, 3, padding=1) for _ in range(2))
    sum(given.sum() for given in both(first, second, x)).backward()
    assert first.weight.grad is not None
    assert second.bias.grad is not None
    assert not taken


@torch.no_grad()
def test_each_form_is_taken_where_it_pays(taken):
    x, volume = drawn(1, 128, 64, 64), drawn(1, 64, 2, 64, 64)
    for conv, given, form in (
        (Conv2d(128, 1, 7, padding=3), x, "fold_convolution"),
        (Conv2d(128, 128, 3, padding=1), x, "winograd"),
        (Conv3d(64, 128, 3, padding=1), volume, "winograd"),
        (Conv3d(64, 22, 7, padding=3), volume, "fourier_convolution"),
    ):
        assert_same(conv(given), plain(given, conv.weight, conv.bias))
        assert {*taken} == {form}
        taken.clear()
    conv = Conv2d(128, 8, 3, padding=1)
    assert_same(conv.of_upsampled(x, 2), plain(upsampled(x, 2), conv.weight, conv.bias))
    assert taken == ["upsampled_convolution"]
    taken.clear()
    conv, few = Conv2d(64, 8, 3, padding=1), drawn(1, 64, 64, 64)
    assert_same(conv.of_upsampled(few, 2), plain(upsampled(few, 2), conv.weight, conv.bias))
    assert taken == ["phase_convolution"]
    conv = Conv2d(128, 128, 3, padding=1)
    assert torch.equal(conv.of_upsampled(x, 1), conv(x))


@pytest.mark.parametrize(
    "conv",
    [
        Conv2d(128, 128, 1),
        Conv2d(128, 128, 5, padding=2),
        Conv2d(128, 128, 3, padding=0),
        Conv2d(128, 128, 3, padding=1, stride=2),
        Conv2d(128, 128, 3, padding=2, dilation=2),
        Conv2d(128, 128, 3, padding=1, groups=64),
        Conv2d(128, 128, 3, padding=1, padding_mode="reflect"),
        Conv2d(128, 64, 3, padding=1),
        Conv2d(128, 1, 4, padding=1),
    ],
    ids=str,
)
@torch.no_grad()
def test_other_convolutions_are_torchs_own(conv, taken):
    x = drawn(1, 128, 64, 64)
    assert torch.equal(conv(x), nn.Conv2d.forward(conv, x))
    assert not taken


def test_small_maps_gradients_types_and_autocast_are_torchs_own(taken):
    conv, x = Conv2d(128, 128, 3, padding=1), drawn(1, 128, 64, 64)
    conv(x)  # its weights learn
    conv.requires_grad_(False)
    conv(x.clone().requires_grad_())
    conv(x[..., :32])
    deepcopy(conv).double()(x.double())
    with torch.autocast("cpu", torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
    assert not taken
    conv(x)  # neither learns
    assert {*taken} == {"winograd"}


@torch.no_grad()
def test_weights_may_change_between_calls():
    conv, x = Conv2d(128, 128, 3, padding=1), drawn(1, 128, 64, 64)
    conv(x)
    conv.weight.mul_(-2)
    assert_same(conv(x), plain(x, conv.weight, conv.bias))
    other = Conv2d(128, 128, 3, padding=1)
    other.load_state_dict(conv.state_dict())
    assert torch.equal(other(x), conv(x))


@torch.no_grad()
def test_hooks_see_a_convolution_of_any_form():
    conv, seen = Conv2d(128, 128, 3, padding=1), []
    conv.register_forward_hook(lambda _conv, _inputs, output: seen.append(output.shape))
    conv(drawn(1, 128, 64, 64))
    assert seen == [(1, 128, 64, 64)]
