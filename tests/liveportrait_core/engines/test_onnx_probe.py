"""The quicker of torch and another engine, by a clock of the test."""

import itertools
from dataclasses import replace

import pytest

from liveportrait_core.engines import onnx_probe
from liveportrait_core.engines.onnx_probe import TRIED, faster_engines
from tests.support.tiny import tiny_compact_model


def clock_of(*seconds):
    """A clock by which the timed runs take so long, and all later ones as long as the last."""
    spent = itertools.chain(seconds, itertools.repeat(seconds[-1]))
    now, running = 0.0, False

    def clock():
        nonlocal now, running
        if running:
            now += next(spent)
        running = not running
        return now

    return clock


@pytest.fixture
def model():
    """Its M has an engine, which is the network itself."""
    plain = tiny_compact_model()
    return replace(plain, engines={"motion": plain.motion})


def test_an_engine_that_is_faster_is_kept(model):
    found = faster_engines(model, clock_of(*[2.0, 1.0] * 4))
    assert found.model.engines == model.engines
    assert found.reason == (
        "torch and ONNX Runtime take motion 2000 and 1000 ms; by ONNX Runtime: motion."
    )


def test_one_that_is_not_is_left(model):
    found = faster_engines(model, clock_of(*[1.0, 1.0] * 4))
    assert not found.model.engines
    assert found.reason.endswith("by ONNX Runtime: none.")


def test_the_first_runs_do_not_count(model):
    found = faster_engines(model, clock_of(5.0, 7.0, *[2.0, 1.0] * 3))
    assert found.model.engines


def test_a_slow_one_is_looked_at_once(model):
    clock = clock_of(1.0, 1.0 + onnx_probe.TOO_SLOW, *[2.0, 1.0] * 3)
    assert not faster_engines(model, clock).model.engines


def test_networks_without_an_engine_are_not_timed():
    def no_clock():
        raise AssertionError

    model = tiny_compact_model()
    assert set(TRIED) <= set(model.modules())
    assert not faster_engines(model, no_clock).model.engines
