"""Measures of inner mouths."""

import math

import pytest
import torch

from train.evaluation.mouth_measures import mouth_measures, mouth_sums
from train.rendering.regions import Region


def regions_of(rows):
    regions = torch.full((1, 8, 8), int(Region.SKIN), dtype=torch.uint8)
    regions[:, rows] = int(Region.MOUTH)
    return regions


def test_only_pixels_of_the_inner_mouth_count():
    truth = torch.rand(1, 3, 16, 16)
    image = truth.clone()
    image[..., :8, :] += 0.1  # rows 0 to 3 of the labels
    found = mouth_measures([mouth_sums(image, truth, regions_of(slice(0, 2)))])
    assert found["mouth_psnr_db"] == pytest.approx(20, abs=1e-3)
    assert found["mouth_luminance_255"] == pytest.approx(25.5, abs=1e-3)
    assert found["mouth_chroma_255"] == pytest.approx(0, abs=1e-3)
    elsewhere = mouth_measures([mouth_sums(image, truth, regions_of(slice(6, 8)))])
    assert elsewhere["mouth_psnr_db"] == pytest.approx(100)


def test_a_mouth_of_half_the_contrast_is_half_as_sharp():
    truth = torch.rand(1, 3, 16, 16)
    found = mouth_measures([mouth_sums(truth / 2, truth, regions_of(slice(0, 8)))])
    assert found["mouth_sharpness"] == pytest.approx(0.5)


def test_without_open_mouths_there_is_no_number():
    truth = torch.rand(1, 3, 16, 16)
    found = mouth_measures([mouth_sums(truth, truth, regions_of(slice(0, 0)))])
    assert all(math.isnan(value) for value in found.values())
