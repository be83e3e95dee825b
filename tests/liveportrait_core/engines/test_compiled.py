"""Compiled networks: the same numbers, whole graphs, few sizes, and no compiler at all."""

import os
import shutil
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.engines import compiled as room
from liveportrait_core.engines.compiled import COMPILED, CompiledNetwork, compiled
from liveportrait_core.engines.onnx_export import trial_inputs
from liveportrait_core.networks.precision import set_precision
from liveportrait_core.stages import extract_motion, source_parts
from tests.liveportrait_core.engines.test_onnx import small_default_model, small_published_model
from tests.support.tiny import tiny_compact_model

WANTED = "LIVEPORTRAIT_COMPILE"
compiles = pytest.mark.skipif(
    not os.environ.get(WANTED), reason=f"compiling takes minutes; {WANTED}=1 runs it"
)
COMPILER = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")
torch_compile = torch.compile


def flat(value):
    return list(room.tensors_of(value))


def said(caplog):
    """What the library warns of; torch logs in its own name."""
    return [record.message for record in caplog.records if record.name == room.__name__]


@pytest.fixture
def whole_graphs(monkeypatch):
    """torch.compile without a compiler: what it finds is run as it is, and must be one graph."""
    torch._dynamo.reset()

    def compile_(function, *, dynamic, mode):
        assert (dynamic, mode) == (False, "default")
        return torch_compile(function, backend="eager", fullgraph=True, dynamic=False)

    monkeypatch.setattr(torch, "compile", compile_)


@compiles
@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("make", [small_default_model, small_published_model])
def test_each_network_is_one_graph_of_the_same_numbers(make, name, whole_graphs, caplog):
    model = make()
    inputs = trial_inputs(model, 0.08, grey=True)[name]
    with torch.inference_mode():
        if name == "warping" and (parts := source_parts(model, *inputs[:2])) is not None:
            inputs = (*inputs, parts)
        expected = flat(model.compute(name, *inputs))
        found = flat(compiled(model).compute(name, *inputs))
    assert not said(caplog)
    for ours, theirs in zip(expected, found, strict=True):
        assert_close(theirs, ours, atol=1e-4 * max(1.0, float(ours.abs().max())), rtol=0)


@pytest.fixture
def plain_calls(monkeypatch):
    """torch.compile that gives the function back, and the rows of each call of it."""
    rows = []

    def compile_(function, **_options):
        def run(*inputs):
            rows.append(len(flat(inputs)[0]))
            return function(*inputs)

        return run

    monkeypatch.setattr(torch, "compile", compile_)
    return rows


def test_few_rows_are_computed_as_a_batch_that_is_compiled_already(plain_calls):
    model = tiny_compact_model()
    engine = CompiledNetwork(model.motion, "motion")
    faces = torch.rand(4, 3, 512, 512)
    with torch.inference_mode():
        for count in (4, 3, 1, 2):
            found, expected = engine(faces[:count]), model.motion(faces[:count])
            assert_close(found.expression, expected.expression)
    assert plain_calls == [4, 4, 1, 4]


def test_kept_parts_of_one_source_serve_all_rows(plain_calls):
    model = small_default_model()
    volume, source, driving = trial_inputs(model, 0.05)["warping"]
    both = [tensor.expand(2, *tensor.shape[1:]) for tensor in (volume, source, driving)]
    engine = CompiledNetwork(model.warping, "warping")
    with torch.inference_mode():
        parts = source_parts(model, volume, source)
        engine(*(tensor.repeat(3, *(1 for _ in tensor.shape[1:])) for tensor in both[:3]), parts)
        found, expected = engine(*both, parts), model.warping(*both, parts)
    assert plain_calls == [6, 6]
    assert_close(found.features, expected.features)
    assert_close(found.decoder_source.base, expected.decoder_source.base)


def test_where_nothing_can_be_compiled_the_network_runs_as_it_is(monkeypatch, caplog):
    def compile_(_function, **_options):
        raise RuntimeError("No working C++ compiler found\nin: g++")

    monkeypatch.setattr(torch, "compile", compile_)
    model = tiny_compact_model()
    faces = torch.rand(1, 3, 512, 512)
    with torch.inference_mode():
        engine = CompiledNetwork(model.motion, "motion")
        for _ in range(2):
            assert torch.equal(engine(faces).expression, model.motion(faces).expression)
    assert said(caplog) == [
        "The motion network cannot be compiled here (RuntimeError: No working C++ compiler found "
        "in: g++); it runs as it is."
    ]


def test_without_cuda_graphs_it_is_compiled_all_the_same(monkeypatch, caplog):
    modes = []

    def compile_(function, *, dynamic, mode):
        assert dynamic is False
        modes.append(mode)
        if mode == room.GRAPHS_MODE:
            raise RuntimeError("no graphs")
        return function

    monkeypatch.setattr(torch, "compile", compile_)
    model = tiny_compact_model()
    engine = CompiledNetwork(model.motion, "motion")
    engine._modes["cpu"] = engine._modes["cuda"]
    with torch.inference_mode():
        engine(torch.rand(1, 3, 512, 512))
    assert modes == [room.GRAPHS_MODE, room.PLAIN_MODE]
    assert "(RuntimeError: no graphs); it is compiled without CUDA graphs." in caplog.text


def test_gradients_are_not_compiled(plain_calls):
    model = compiled(tiny_compact_model())
    face = torch.rand(1, 3, 512, 512, requires_grad=True)
    extract_motion(model, face).expression.sum().backward()
    assert bool(face.grad.any())
    assert not plain_calls


def test_a_compiled_network_that_overflows_goes_on_in_float32(plain_calls, caplog):
    net = tiny_compact_model().appearance
    net.layers[0].weight.data.fill_(6e4)  # near the largest number of the type
    set_precision(net, "appearance", torch.float16)
    engine = CompiledNetwork(net, "appearance")
    with torch.inference_mode():
        found = engine(torch.rand(1, 3, 512, 512))
    assert bool(found.isfinite().all())
    assert "overflows in float16" in caplog.text


@compiles
@pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")
def test_a_small_network_compiles_to_the_same_numbers(caplog):
    model = tiny_compact_model(replace(tiny_compact_model().preset, detail_px=128))
    face = torch.rand(1, 3, 512, 512)
    with torch.inference_mode():
        engine = CompiledNetwork(model.appearance, "appearance")
        assert_close(engine(face), model.appearance(face), atol=1e-4, rtol=0)
    assert not said(caplog)
