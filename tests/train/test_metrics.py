import pytest
import torch

from train.metrics.image import psnr_db


def test_pictures_that_are_the_same_have_a_hundred_decibels():
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert float(psnr_db(image, image)) == pytest.approx(100.0)
