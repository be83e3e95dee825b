import pytest
import torch

from train.engine import precision
from train.engine.precision import chosen_precision, convolution_s


@pytest.mark.parametrize(("bfloat16_s", "expected"), [(0.5, "bf16"), (1.0, "no"), (6.0, "no")])
def test_a_cpu_computes_in_bfloat16_only_where_it_is_faster(bfloat16_s, expected):
    seconds = {torch.bfloat16: bfloat16_s, torch.float32: 1.0}
    assert chosen_precision("cpu", bfloat16=True, stopwatch=seconds.__getitem__) == expected


def refuse(dtype):
    raise AssertionError("nothing is to be timed")


@pytest.mark.parametrize(
    ("device", "bfloat16", "expected"),
    [("cuda", True, "bf16"), ("cuda", False, "no"), ("cpu", False, "no")],
)
def test_nothing_is_timed_where_there_is_nothing_to_choose(device, bfloat16, expected):
    assert chosen_precision(device, bfloat16=bfloat16, stopwatch=refuse) == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_convolution_of_either_type_has_a_time(dtype, monkeypatch):
    monkeypatch.setattr(precision, "SIZE_PX", 8)
    assert 0 < convolution_s(dtype) < 60
