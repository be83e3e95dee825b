"""Measures of parts of a face."""

import math

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from train.evaluation.part_measures import iris_mask, part_measures, part_sums, region_mask
from train.rendering.regions import Region


def mask_of(rows):
    regions = torch.full((1, 8, 8), int(Region.SKIN), dtype=torch.uint8)
    regions[:, rows] = int(Region.MOUTH)
    return region_mask(regions, Region.MOUTH, 16)


def test_only_pixels_of_the_inner_mouth_count():
    truth = torch.rand(1, 3, 16, 16)
    image = truth.clone()
    image[..., :8, :] += 0.1  # rows 0 to 3 of the labels
    found = part_measures("mouth", [part_sums(image, truth, mask_of(slice(0, 2)))])
    assert found["mouth_psnr_db"] == pytest.approx(20, abs=1e-3)
    assert found["mouth_luminance_255"] == pytest.approx(25.5, abs=1e-3)
    assert found["mouth_chroma_255"] == pytest.approx(0, abs=1e-3)
    elsewhere = part_measures("mouth", [part_sums(image, truth, mask_of(slice(6, 8)))])
    assert elsewhere["mouth_psnr_db"] == pytest.approx(100)


def test_a_mouth_of_half_the_contrast_is_half_as_sharp():
    truth = torch.rand(1, 3, 16, 16)
    found = part_measures("mouth", [part_sums(truth / 2, truth, mask_of(slice(0, 8)))])
    assert found["mouth_sharpness"] == pytest.approx(0.5)


def test_without_open_mouths_there_is_no_number():
    truth = torch.rand(1, 3, 16, 16)
    found = part_measures("mouth", [part_sums(truth, truth, mask_of(slice(0, 0)))])
    assert all(math.isnan(value) for value in found.values())


def test_irises_are_discs_where_an_eye_is_seen():
    keypoints = torch.zeros(1, len(C), 3)
    keypoints[0, C.LEFT_EYE_OUTER, 0], keypoints[0, C.RIGHT_EYE_OUTER, 0] = -1, 1
    keypoints[0, C.LEFT_IRIS, 0], keypoints[0, C.RIGHT_IRIS, 0] = -0.5, 0.5
    eyes = torch.full((1, 64, 64), int(Region.EYE), dtype=torch.uint8)
    whole = iris_mask(keypoints, eyes, 128)
    # two discs of radius 0.06 of a distance of 2, of 64 px a unit
    assert float(whole.sum()) == pytest.approx(2 * math.pi * (0.12 * 64) ** 2, rel=0.03)
    eyes[..., :32] = int(Region.SKIN)
    half = iris_mask(keypoints, eyes, 128)
    assert torch.equal(half[..., 64:], whole[..., 64:])
    assert not half[..., :64].any()
