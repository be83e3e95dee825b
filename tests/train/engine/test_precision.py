import pytest
import torch

from liveportrait_core.config.fields import OptionError
from train.engine import precision
from train.engine.precision import chosen_device, chosen_precision, convolution_s, precision_name

BF16 = torch.bfloat16


@pytest.mark.parametrize(("bfloat16_s", "expected"), [(0.5, BF16), (1.0, None), (6.0, None)])
def test_a_cpu_computes_in_bfloat16_only_where_it_is_faster(bfloat16_s, expected):
    seconds = {torch.bfloat16: bfloat16_s, torch.float32: 1.0}
    assert chosen_precision("cpu", bfloat16=True, stopwatch=seconds.__getitem__) == expected


@pytest.mark.parametrize(
    ("kept", "bfloat16_s", "expected"),
    [
        ("bfloat16", 1.9, BF16),
        ("bfloat16", 2.1, None),
        ("float32", 0.6, None),
        ("float32", 0.4, BF16),
    ],
)
def test_a_run_that_goes_on_keeps_its_type_unless_the_other_is_twice_as_fast(
    kept, bfloat16_s, expected
):
    seconds = {torch.bfloat16: bfloat16_s, torch.float32: 1.0}.__getitem__
    assert chosen_precision("cpu", bfloat16=True, kept=kept, stopwatch=seconds) == expected
    assert precision_name(expected) == ("float32" if expected is None else "bfloat16")


def refuse(dtype):
    raise AssertionError("nothing is to be timed")


@pytest.mark.parametrize(
    ("device", "bfloat16", "expected"),
    [("cuda", True, BF16), ("cuda", False, None), ("cpu", False, None)],
)
def test_nothing_is_timed_where_there_is_nothing_to_choose(device, bfloat16, expected):
    assert chosen_precision(device, bfloat16=bfloat16, stopwatch=refuse) == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_convolution_of_either_type_has_a_time(dtype, monkeypatch):
    monkeypatch.setattr(precision, "SIZE_PX", 8)
    assert 0 < convolution_s(dtype) < 60


def test_float16_is_taken_where_it_is_asked_for():
    found = chosen_precision("cpu", bfloat16=True, float16=True, stopwatch=refuse)
    assert found == torch.float16


@pytest.mark.parametrize(
    ("asked", "there", "expected"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_a_gpu_is_taken_where_there_is_one(asked, there, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert chosen_device(asked) == expected


def test_a_gpu_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionError, match=r"device is cuda, but torch .* Give device=cpu"):
        chosen_device("cuda")
