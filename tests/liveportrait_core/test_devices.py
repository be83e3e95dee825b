"""Devices and number types that are there, and what others get."""

import pytest
import torch

from liveportrait_core.devices import find_device
from liveportrait_core.model import load_model


def test_auto_is_a_device_that_is_there():
    found = find_device("auto")
    assert torch.empty(1, device=found).device.type == found.type


def test_a_device_that_is_there_stays_as_it_is():
    assert find_device("cpu") == find_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda:99", torch.device("cuda:99"), None])
def test_a_device_that_is_not_there_is_refused_before_the_model_is_read(device):
    with pytest.raises(ValueError, match=f"The device is {device}, and PyTorch .* finds .*cpu"):
        load_model("/nowhere", device=device)


@pytest.mark.parametrize("dtype", ["float16", torch.int8, None])
def test_a_number_type_that_networks_do_not_run_in_is_refused(dtype):
    with pytest.raises(ValueError, match=r"torch\.float32, .* is expected"):
        load_model("/nowhere", dtype=dtype)
