"""The number type that is fastest, by a clock of the test."""

import itertools

import pytest
import torch

from liveportrait_core.animation import precision_probe
from liveportrait_core.animation.precision_probe import fastest_dtype
from liveportrait_core.assets.shipped_face import shipped_face
from tests.support.tiny import tiny_compact_model


def clock_of(model, *, float32_s, other_s):
    """A clock by which a picture takes so long in each type, by what W computes in."""
    now = itertools.accumulate(itertools.chain([0.0], _spent(float32_s, other_s)))
    return lambda: next(now)


def _spent(float32_s, other_s):
    for seconds in (float32_s, other_s):
        for _ in range(1 + precision_probe.ROUNDS):
            yield seconds
            yield 0.0


def test_a_faster_type_whose_picture_is_the_same_is_taken():
    model = tiny_compact_model()
    found = fastest_dtype(model, clock=clock_of(model, float32_s=2.0, other_s=1.0))
    assert found.dtype == torch.bfloat16
    assert found.reason.startswith("A face takes 2000 ms in float32, 1000 ms in bfloat16 (")
    assert found.reason.endswith("bfloat16 is used.")
    assert model.dtype == torch.float32  # left as it was


@pytest.mark.parametrize("other_s", [2.0, 2.5, 10.0])
def test_no_slower_type_is_taken_and_a_slow_one_is_left_after_its_first_picture(other_s):
    model = tiny_compact_model()
    found = fastest_dtype(model, clock=clock_of(model, float32_s=2.0, other_s=other_s))
    assert found.dtype == torch.float32


def test_a_faster_type_whose_picture_differs_is_not_taken(monkeypatch):
    monkeypatch.setattr(precision_probe, "LEAST_PSNR_DB", 119.0)
    model = tiny_compact_model()
    found = fastest_dtype(model, clock=clock_of(model, float32_s=2.0, other_s=1.0))
    assert found.dtype == torch.float32


def test_a_type_in_which_a_network_overflows_is_not_taken():
    model = tiny_compact_model()
    model.decoder.first.weight.data[0, 0, 0, 0] = 3.4e38  # beyond bfloat16's largest number
    found = fastest_dtype(model, clock=clock_of(model, float32_s=2.0, other_s=1.0))
    assert found.dtype == torch.float32


def test_the_face_that_ships_is_a_small_picture():
    assert shipped_face().shape == (256, 256, 3)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_takes_no_type_that_is_slower_or_looks_different():
    model = tiny_compact_model().to("cuda")
    found = fastest_dtype(model)
    assert found.dtype in (torch.float32, torch.float16, torch.bfloat16)
    assert "float16" in found.reason
    assert model.dtype == torch.float32
