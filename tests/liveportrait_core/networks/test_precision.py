"""A network that overflows in 16 bits is repeated in float32, alone, and says so once."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from liveportrait_core.model import load_model, save_model
from liveportrait_core.networks.precision import set_precision
from liveportrait_core.stages import extract_appearance, warp_decode
from tests.support.tiny import TINY_COMPACT, tiny_compact_model, tiny_published_model

FACE = F.interpolate(
    torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 128, mode="bilinear"
)
X_S = torch.rand(1, 21, 3, generator=torch.Generator().manual_seed(1)) - 0.5
X_D = X_S + 0.02

SMALL_COMPACT = replace(TINY_COMPACT, face_size_px=128, output_size_px=128)
MODELS = {
    "compact": lambda: tiny_compact_model(SMALL_COMPACT),
    "published": tiny_published_model,
}
LAYERS = {
    # Followed by a norm, or by a product with the next number.
    ("compact", "appearance"): ("layers.2.weight", None),
    ("compact", "warping"): ("enter.weight", None),
    ("compact", "decoder"): ("conv3.weight", "conv4.weight"),
    ("published", "appearance"): ("stem.conv.weight", "stem.norm.weight"),
    ("published", "warping"): ("project.conv.weight", "project.norm.weight"),
    ("published", "decoder"): ("stem.weight", None),
}
"""Weights to make huge, so that what they give is beyond 65504, and those that make up for it."""


def in_float32(convolve):
    """A convolution that takes float16 by way of float32, and rounds."""

    def convolved(features, weight, bias=None, *more):
        if features.dtype != torch.float16:
            return convolve(features, weight, bias, *more)
        bias = None if bias is None else bias.float()
        return convolve(features.float(), weight.float(), bias, *more).half()

    return convolved


@pytest.fixture(autouse=True)
def _quick_convolutions(monkeypatch):
    """GPUs accumulate float16 in float32, too; a CPU's own float16 takes minutes."""
    for name in ("conv2d", "conv3d"):
        monkeypatch.setattr(F, name, in_float32(getattr(F, name)))


def overflowing(family, *names):
    """A model that paints in float32, but whose named networks overflow in float16."""
    model = MODELS[family]()
    for name in names:
        huge, tiny = LAYERS[family, name]
        weights = dict(getattr(model, name).named_parameters())
        weights[huge].data *= 6e4 / weights[huge].abs().max()
        if tiny is not None:
            weights[tiny].data /= 2**11
    return model


def painted(model):
    return warp_decode(model, extract_appearance(model, FACE), X_S, X_D)


def dtypes(model):
    return {name: next(net.parameters()).dtype for name, net in model.modules().items()}


def num_hooks(model):
    return sum(len(net._forward_hooks) for net in model.modules().values())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize(("family", "name"), LAYERS)
def test_only_the_network_that_overflows_runs_in_float32(family, name, mode, caplog):
    model = overflowing(family, name)
    wanted = deepcopy(model).to(dtype=torch.float16)
    set_precision(getattr(wanted, name), name, torch.float32)  # the same rounded weights
    model.to(dtype=torch.float16)
    with mode():
        expected = painted(wanted)
        assert not caplog.records
        picture = painted(model)
        again = painted(model)
    assert expected.isfinite().all()
    assert expected.std() > 0.01
    assert torch.equal(picture, expected)
    assert torch.equal(again, expected)
    assert [record.getMessage() for record in caplog.records] == [
        f"The {name} network overflows in float16; it runs in float32 from now on, which is "
        "correct but slower."
    ]
    narrow = {"appearance", "warping", "decoder"} - {name}
    assert {key for key, dtype in dtypes(model).items() if dtype == torch.float16} == narrow
    assert not any(parameter.is_inference() for parameter in getattr(model, name).parameters())


@pytest.mark.parametrize("family", MODELS)
def test_a_network_that_overflows_has_given_nonsense_without_the_guard(family):
    model = overflowing(family, "decoder")
    with torch.no_grad():
        warped = model.warping(model.appearance(FACE), X_S, X_D)
        assert not model.decoder.half()(warped).isfinite().all()


@pytest.mark.parametrize("family", MODELS)
def test_float16_paints_nearly_what_float32_does_and_keeps_its_type(family, caplog):
    whole, half = MODELS[family](), MODELS[family]().to(dtype=torch.float16)
    with torch.inference_mode():
        error = (painted(half) - painted(whole)).abs()
    assert error.mean() < 0.002
    assert error.max() < 0.03
    assert not caplog.records
    assert half.dtype == torch.float16


def test_all_three_may_overflow_one_after_the_other(caplog):
    model = overflowing("published", "appearance", "warping", "decoder")
    model.to(dtype=torch.float16)
    wanted = deepcopy(model)
    for name in ("appearance", "warping", "decoder"):
        set_precision(getattr(wanted, name), name, torch.float32)
    with torch.inference_mode():
        assert torch.equal(painted(model), painted(wanted))
    assert [record.args[0] for record in caplog.records] == ["appearance", "warping", "decoder"]


def test_inputs_that_are_not_finite_are_left_alone_without_a_word(caplog):
    model = tiny_published_model().to(dtype=torch.float16)
    with torch.inference_mode():
        volume = extract_appearance(model, FACE)
        assert not warp_decode(model, volume, X_S, X_D * torch.nan).isfinite().all()
        assert not extract_appearance(model, FACE / 0).isfinite().all()
    assert not caplog.records
    assert model.dtype == torch.float16


def test_a_cast_resets_it_and_a_move_does_not(caplog):
    model = overflowing("compact", "warping").to(dtype=torch.float16)
    assert num_hooks(model) == 3
    with torch.inference_mode():
        painted(model)
    assert num_hooks(model) == 2
    assert model.to("cpu").dtype == torch.float32
    assert model.to(dtype=torch.float16).dtype == torch.float16
    assert num_hooks(model) == 3
    with torch.inference_mode():
        painted(model)
    assert len(caplog.records) == 2
    assert num_hooks(model.to(dtype=torch.float32)) == 0


def test_float32_is_not_watched(tmp_path):
    assert num_hooks(load_model()) == 0
    assert num_hooks(tiny_compact_model().to(dtype=torch.float32)) == 0


def test_a_model_is_saved_as_ever_after_it_fell_back(tmp_path):
    model = overflowing("compact", "decoder").to(dtype=torch.float16)
    keys = {name: list(net.state_dict()) for name, net in tiny_compact_model().modules().items()}
    with torch.inference_mode():
        picture = painted(model)
    assert {name: list(net.state_dict()) for name, net in model.modules().items()} == keys
    save_model(model, tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors", dtype=torch.float16)
    with torch.inference_mode():
        assert torch.equal(painted(again), picture)


def test_a_model_loaded_in_inference_mode_falls_back_too(tmp_path):
    save_model(overflowing("compact", "warping"), tmp_path / "model.safetensors")
    with torch.inference_mode():
        model = load_model(tmp_path / "model.safetensors", dtype=torch.float16)
        assert painted(model).isfinite().all()
    assert dtypes(model)["warping"] == torch.float32


def test_a_copy_of_a_watched_model_falls_back_by_itself(caplog):
    model = overflowing("compact", "warping").to(dtype=torch.float16)
    copy = replace(model, warping=deepcopy(model.warping))
    with torch.inference_mode():
        assert painted(copy).isfinite().all()
        assert painted(copy).isfinite().all()
    assert len(caplog.records) == 1
    assert model.dtype == torch.float16


def test_weights_that_float16_cannot_hold_stay_in_float32_from_the_start(caplog):
    model = tiny_published_model()
    model.warping.project.norm.running_var += 1e5
    with torch.inference_mode():
        whole = model.warping(model.appearance(FACE), X_S, X_D).features
        model.to(dtype=torch.float16)
        features = model.warping(model.appearance(FACE), X_S, X_D).features
    torch.testing.assert_close(features, whole, atol=1e-3, rtol=0.01)
    assert [record.getMessage() for record in caplog.records] == [
        "The warping network has weights too large for float16; it runs in float32 from now on, "
        "which is correct but slower."
    ]
    assert dtypes(model)["decoder"] == torch.float16


class Gate(nn.Module):
    """Multiplies by its one weight, in that weight's type."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1), requires_grad=False)

    def forward(self, x, *, aside=None):
        return {"y": [x.to(self.weight.dtype) * self.weight], "aside": aside}


def test_bfloat16_is_watched_likewise_and_outputs_may_be_nested(caplog):
    net = Gate()
    set_precision(net, "gate", torch.bfloat16)
    assert net(torch.tensor([2.0]))["y"][0].dtype == torch.bfloat16
    # 3.4e38 is below the largest float32 and rounds to infinity in bfloat16.
    (y,) = net(torch.tensor([3.4e38]))["y"]
    assert (float(y), y.dtype) == (pytest.approx(3.4e38), torch.float32)
    assert "The gate network overflows in bfloat16" in caplog.text


def test_keyword_inputs_and_integers_are_looked_at_and_left_alone(caplog):
    net = Gate()
    set_precision(net, "gate", torch.float16)
    out = net(torch.tensor([2.0]), aside=(torch.tensor([torch.inf]), torch.tensor([1])))
    assert not out["aside"][0].isfinite().all()
    assert not caplog.records
    assert net.weight.dtype == torch.float16


def test_gradients_flow_through_the_repeated_pass():
    model = overflowing("compact", "warping").to(dtype=torch.float16)
    driving = X_D.clone().requires_grad_()
    warp_decode(model, extract_appearance(model, FACE), X_S, driving).sum().backward()
    assert driving.grad is not None
    assert driving.grad.isfinite().all()
    assert driving.grad.abs().sum() > 0
