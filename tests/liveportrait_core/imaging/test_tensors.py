import numpy as np
import pytest
import torch

from liveportrait_core.imaging.tensors import (
    limit_pixels,
    limited_size,
    pixels_from_tensor,
    resize_pixels,
    tensor_from_pixels,
)


def test_every_level_survives_the_way_to_a_tensor_and_back():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, 2)
    there = tensor_from_pixels(pixels)
    assert there.shape == (1, 3, 16, 16)
    np.testing.assert_array_equal(pixels_from_tensor(there[0]), pixels)


def test_levels_are_rounded_by_default_and_cut_off_on_request():
    tensor = torch.full((3, 1, 1), 10.9 / 255)
    assert pixels_from_tensor(tensor).max() == 11
    assert pixels_from_tensor(tensor, truncate=True).max() == 10


def test_values_outside_the_range_are_clipped():
    tensor = torch.tensor([-0.5, 0.5, 2.0]).view(3, 1, 1)
    assert pixels_from_tensor(tensor).ravel().tolist() == [0, 128, 255]  # round(127.5) to even


def test_a_stack_of_pictures_keeps_its_order():
    stack = np.stack([np.full((2, 4, 3), level, np.uint8) for level in (10, 20)])
    batch = tensor_from_pixels(stack)
    assert batch.shape == (2, 3, 2, 4)
    np.testing.assert_array_equal(pixels_from_tensor(batch), stack)


def test_shrinking_averages_the_area():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2, :2] = [[[0] * 3, [100] * 3], [[100] * 3, [200] * 3]]
    assert resize_pixels(pixels, (2, 2))[0, 0].tolist() == [100, 100, 100]  # (0+100+100+200)/4


def test_a_picture_of_the_right_size_is_left_alone():
    pixels = np.zeros((4, 5, 3), np.uint8)
    assert resize_pixels(pixels, (4, 5)) is pixels


@pytest.mark.parametrize(
    ("size", "max_side", "divisor", "expected"),
    [
        ((2048, 1024), 1280, 2, (1280, 640)),
        ((101, 57), 0, 8, (96, 56)),  # no limit, cut to multiples of 8
        ((1, 1), 1280, 2, (1, 1)),  # shorter than the divisor: kept
        ((1301, 975), 1280, 2, (1280, 958)),  # int(975 * 1280 / 1301) = 959, then even
    ],
)
def test_a_limited_picture_has_the_size_worked_out_by_hand(size, max_side, divisor, expected):
    limited = limit_pixels(np.zeros((*size, 3), np.uint8), max_side=max_side, divisor=divisor)
    assert limited.shape == (*expected, 3)


def test_a_thin_picture_keeps_a_pixel():
    assert limited_size(1, 5000, max_side=1000) == (1, 1000)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((4, 4), np.uint8), r"uint8 of shape \(4, 4\)"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
    ],
)
def test_a_wrong_picture_is_named(pixels, words):
    with pytest.raises(ValueError, match=words):
        tensor_from_pixels(pixels)


def test_a_tensor_with_channels_last_is_named():
    with pytest.raises(ValueError, match="channels to the front"):
        pixels_from_tensor(torch.zeros(4, 4, 3))


def test_a_size_of_nothing_is_named():
    with pytest.raises(ValueError, match="1 or more"):
        resize_pixels(np.zeros((4, 4, 3), np.uint8), (0, 4))
