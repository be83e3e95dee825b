import numpy as np
import pytest
import torch
from skimage import metrics as independent

from train.metrics.image import l1, psnr_db, ssim


def pictures(seed, count=3, size=32):
    """Smooth pictures and noisy copies, (B, 3, h, h)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 5, generator=generator)
    truth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)
    noise = 0.1 * torch.randn(count, 3, size, size, generator=generator)
    return (truth + noise).clamp(0, 1), truth


def as_array(picture):
    return picture.permute(1, 2, 0).double().numpy()


@pytest.mark.parametrize("seed", range(3))
def test_ssim_is_that_of_scikit_image(seed):
    image, truth = pictures(seed)
    wanted = [
        independent.structural_similarity(
            as_array(x),
            as_array(y),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
            channel_axis=-1,
        )
        for x, y in zip(image, truth, strict=True)
    ]
    np.testing.assert_allclose(ssim(image.double(), truth.double()), wanted, atol=1e-6)


def test_psnr_is_that_of_scikit_image():
    image, truth = pictures(7)
    wanted = [
        independent.peak_signal_noise_ratio(as_array(y), as_array(x), data_range=1.0)
        for x, y in zip(image, truth, strict=True)
    ]
    np.testing.assert_allclose(psnr_db(image, truth), wanted, rtol=1e-4)


def test_ssim_of_the_same_picture_is_one_and_of_its_negative_below_zero():
    _, truth = pictures(1)
    np.testing.assert_allclose(ssim(truth, truth), 1, atol=1e-5)
    noise = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert float(ssim(1 - noise, noise)) < 0


def test_l1_is_a_mean_for_each_picture():
    image, truth = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    image[1, :, :2] = 0.5
    assert l1(image, truth).tolist() == [0.0, 0.25]


def test_pictures_that_are_the_same_have_a_hundred_decibels():
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert float(psnr_db(image, image)) == pytest.approx(100.0)
