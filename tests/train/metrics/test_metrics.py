import importlib
import subprocess
import sys
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from skimage import metrics as independent
from torch import nn

from liveportrait_core.errors import CheckpointError, LivePortraitError
from tests.support.tiny import tiny_published_model
from tests.train.evaluation.made_up_files import alexnet_state, inception_state
from train.metrics.distribution import Gaussian, Moments, frechet_distance
from train.metrics.face_similarity import ARCFACE_POINTS, aligned, cosine
from train.metrics.image import MS_SSIM_MIN_PX, l1, ms_ssim, psnr_db, ssim
from train.metrics.inception import InceptionNetwork
from train.metrics.lpips import LpipsNetwork, lpips_distance
from train.metrics.metric_files import METRIC_FILES, open_state
from train.metrics.motion_errors import angle_deg, jitter, mean_l1, point_distance


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
    expected = [
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
    np.testing.assert_allclose(ssim(image.double(), truth.double()), expected, atol=1e-6)


def test_psnr_is_that_of_scikit_image():
    image, truth = pictures(7)
    expected = [
        independent.peak_signal_noise_ratio(as_array(y), as_array(x), data_range=1.0)
        for x, y in zip(image, truth, strict=True)
    ]
    np.testing.assert_allclose(psnr_db(image, truth), expected, rtol=1e-4)


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


def test_ms_ssim_of_the_same_picture_is_one():
    _, truth = pictures(2, count=2, size=MS_SSIM_MIN_PX)
    np.testing.assert_allclose(ms_ssim(truth, truth), 1, atol=1e-5)


@pytest.mark.parametrize("size", [MS_SSIM_MIN_PX, 192])
def test_ms_ssim_is_that_of_pytorch_msssim(size):
    other = pytest.importorskip("pytorch_msssim")
    image, truth = pictures(3, count=2, size=size)
    expected = other.ms_ssim(image, truth, data_range=1.0, size_average=False)
    np.testing.assert_allclose(ms_ssim(image, truth), expected, atol=1e-5)
    plain = other.ssim(image, truth, data_range=1.0, size_average=False)
    np.testing.assert_allclose(ssim(image, truth), plain, atol=1e-5)


def test_pictures_are_measured_as_torchmetrics_does():
    tiny_published_model()  # makes a torchvision that does not fit torch importable
    other = pytest.importorskip("torchmetrics.functional.image")
    image, truth = pictures(4, count=2)
    pairs = list(zip(image.split(1), truth.split(1), strict=True))
    expected = [float(other.peak_signal_noise_ratio(x, y, data_range=1.0)) for x, y in pairs]
    np.testing.assert_allclose(psnr_db(image, truth), expected, rtol=1e-5)
    ssim_of = other.structural_similarity_index_measure
    expected = [float(ssim_of(x, y, data_range=1.0)) for x, y in pairs]
    # it mirrors pictures at their borders, and counts the windows there too
    mirrored = [F.pad(x, (5, 5, 5, 5), mode="reflect") for x in (image, truth)]
    np.testing.assert_allclose(ssim(*mirrored), expected, atol=1e-5)


def test_only_the_finest_scale_of_ms_ssim_sees_what_averages_away():
    rough, _ = pictures(5, count=1, size=192)
    fine = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(96, 96) * 0.05
    image, other = rough * 0.8 + 0.1 + fine, rough * 0.8 + 0.1 - fine
    # what is left is the contrast of the first scale to the power of its weight
    found = float(ms_ssim(image, other))
    assert found < 0.985
    assert found == pytest.approx(np.mean(first_contrast(image, other) ** 0.0448), abs=1e-4)


def first_contrast(image, other):
    """(3,) mean contrast of each colour, by scipy's filter."""
    rows = []
    for x, y in zip(image[0].double().numpy(), other[0].double().numpy(), strict=True):
        smooth = [gaussian_filter(v, 1.5, radius=5) for v in (x, y, x * x, y * y, x * y)]
        mx, my, xx, yy, xy = (v[5:-5, 5:-5] for v in smooth)
        c2 = 0.03**2
        rows.append(((2 * (xy - mx * my) + c2) / (xx - mx**2 + yy - my**2 + c2)).mean())
    return np.array(rows)


def test_angles_between_directions():
    x, y = torch.tensor([[2.0, 0, 0]]), torch.tensor([[0, 0.5, 0]])
    assert float(angle_deg(x, y)) == pytest.approx(90)
    assert float(angle_deg(x, -x)) == pytest.approx(180)
    # a small angle: arctan(1e-4), which an arc cosine of float32 would call 0
    near = torch.tensor([[1.0, 1e-4, 0]])
    assert float(angle_deg(x, near)) == pytest.approx(np.degrees(1e-4), rel=1e-4)


def test_parameters_and_points_differ_by_means():
    assert mean_l1(torch.tensor([[1.0, 2], [0, 0]]), torch.zeros(2, 2)).tolist() == [1.5, 0]
    found = torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])
    assert point_distance(found, torch.zeros(1, 2, 2)).tolist() == [2.5]  # 5 and 0


def test_only_what_shakes_trembles():
    frames = torch.arange(5.0)[:, None, None].expand(5, 3, 2)
    still = torch.zeros(5, 3, 2)
    assert jitter(still + 7, still).tolist() == [0, 0, 0]
    assert jitter(frames * 2, frames).tolist() == [0, 0, 0]
    shaking = still.clone()
    shaking[1::2, :, 0] = 1.0  # 0 1 0 1 0: each second difference is 2
    assert jitter(shaking, still).tolist() == [2, 2, 2]
    assert jitter(shaking[:2], still[:2]).tolist() == []


def test_the_same_direction_is_the_same_person():
    rows = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(cosine(rows, 3 * rows), 1)
    np.testing.assert_allclose(cosine(rows, rows.flip(0)), 0.5**0.5, rtol=1e-6)


def test_an_aligned_face_has_its_points_where_arcface_wants_them():
    # the template, three times as large and turned by a quarter, on 400 pixels
    template = np.array(ARCFACE_POINTS)
    turned = 3 * (template @ np.array([[0, 1.0], [-1, 0]])) + (390, 20)
    face = torch.zeros(1, 3, 400, 400)
    for place, (x, y) in enumerate(turned.round().astype(int)):
        face[0, place % 3, y - 2 : y + 3, x - 2 : x + 3] = 1.0
    units = torch.from_numpy((turned + 0.5) / 200 - 1).float()[None]
    picture = aligned(face, units)
    assert picture.shape == (1, 3, 112, 112)
    for place, (x, y) in enumerate(template.round().astype(int)):
        assert float(picture[0, place % 3, y, x]) > 0.5
    assert float(picture.sum()) < 5 * 9 * 1.2  # 25 pixels each, a ninth of them, and no more


def test_the_distance_of_two_bells_by_hand():
    # one dimension: (m1 - m2)^2 + (s1 - s2)^2, of means 0 and 3, deviations 1 and 2
    first = Gaussian(torch.zeros(1).double(), torch.ones(1, 1).double())
    second = Gaussian(torch.full((1,), 3.0).double(), torch.full((1, 1), 4.0).double())
    assert frechet_distance(first, second) == pytest.approx(10)
    assert frechet_distance(first, first) == pytest.approx(0)


@pytest.mark.parametrize("count", [40, 6])
def test_the_distance_of_sets_is_that_of_scipy(count):
    random = np.random.default_rng(count)
    rows = random.normal(size=(count, 8)), 1.5 * random.normal(size=(count, 8)) + 0.3
    gaussians = []
    for values in rows:
        moments = Moments()
        for part in np.array_split(values, 3):
            moments.add(torch.from_numpy(part))
        gaussians.append(moments.gaussian())
    (m1, c1), (m2, c2) = [(v.mean(0), np.cov(v, rowvar=False)) for v in rows]
    np.testing.assert_allclose(gaussians[0].covariance, c1, atol=1e-12)
    root = scipy.linalg.sqrtm(c1 @ c2).real
    expected = np.sum((m1 - m2) ** 2) + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(*gaussians) == pytest.approx(expected, rel=1e-5)


def test_one_picture_has_no_distribution():
    moments = Moments()
    moments.add(torch.zeros(1, 4))
    with pytest.raises(LivePortraitError, match="two or more are expected"):
        moments.gaussian()


def heads_of_the_package():
    path = METRIC_FILES["lpips"].found_in(None)
    return open_state(path, torch.device("cpu"))


@pytest.mark.filterwarnings("ignore:.*pretrained:UserWarning", "ignore:.*weight enum:UserWarning")
def test_lpips_is_that_of_its_package():
    tiny_published_model()  # makes a torchvision that does not fit torch importable
    theirs = importlib.import_module("lpips").LPIPS(net="alex", pnet_rand=True, verbose=False)
    state = alexnet_state()
    slices = [key for key in theirs.state_dict() if key.startswith("net.slice")]
    trunk = {key: state[f"features.{key.split('.', 2)[2]}"] for key in slices}
    assert not theirs.load_state_dict(trunk, strict=False).unexpected_keys
    read = LpipsNetwork(state, heads_of_the_package())
    image, truth = pictures(6, count=2, size=96)
    found = lpips_distance(read(image), read(truth))
    with torch.no_grad():
        expected = theirs(image, truth, normalize=True).flatten()
    assert float(expected.min()) > 1e-4
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(lpips_distance(read(image), read(image)), 0, atol=1e-7)


def test_the_heads_are_read_without_importing_their_package():
    code = (
        "import sys, torch; from train.metrics.metric_files import METRIC_FILES, open_state;"
        "path = METRIC_FILES['lpips'].found_in(None);"
        "assert len(open_state(path, torch.device('cpu'))) == 5;"
        "assert not {'lpips', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_heads_of_another_network_are_refused():
    heads = heads_of_the_package()
    heads["lin2.model.1.weight"] = torch.rand(1, 9, 1, 1)
    with pytest.raises(CheckpointError, match=r"lin2.*\(1, 384, 1, 1\)"):
        LpipsNetwork(alexnet_state(), heads)
    with pytest.raises(CheckpointError, match=r"lacks features\.0\.weight"):
        LpipsNetwork({}, heads)


def test_inception_is_that_of_timm_with_the_pools_of_fid(monkeypatch):
    tiny_published_model()  # makes a torchvision that does not fit torch importable
    theirs = importlib.import_module("timm.models.inception_v3")
    calls = iter(range(9))

    def pooled(x, **options):
        # FID's network leaves the border out of its means, and the last of nine is a maximum
        if next(calls) == 8:
            return F.max_pool2d(x, **options)
        return F.avg_pool2d(x, **options, count_include_pad=False)

    pools = SimpleNamespace(max_pool2d=F.max_pool2d, avg_pool2d=pooled)
    monkeypatch.setattr(theirs, "F", pools)
    state = inception_state()
    with torch.device("meta"):
        wide = theirs.InceptionV3()
    net = narrowed(wide, state)
    image = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = net.eval().forward_features(2 * image - 1).mean((2, 3))
        found = InceptionNetwork(state)(image)
    assert float(expected.abs().max()) > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def narrowed(net, state):
    """timm's network with its convolutions made as narrow as some weights."""
    blocks = [name for name, block in net.named_modules() if hasattr(block, "conv")]
    assert {f"{name}.conv.weight" for name in blocks} <= set(state)
    for name in blocks:
        old, weight = net.get_submodule(name).conv, state[f"{name}.conv.weight"]
        shape = (weight.shape[1], len(weight), old.kernel_size, old.stride, old.padding)
        assert old.kernel_size == weight.shape[2:]
        conv = nn.Conv2d(*shape, bias=False)
        norm = nn.BatchNorm2d(len(weight), eps=1e-3)
        parts = {"conv": conv, "bn": norm, "act": nn.ReLU()}
        parent, _, last = name.rpartition(".")
        setattr(net.get_submodule(parent), last, nn.Sequential(OrderedDict(parts)))
    net.load_state_dict(state, strict=False)
    return net


def test_an_inception_without_a_layer_is_refused():
    state = inception_state()
    del state["Mixed_6c.branch1x1.conv.weight"]
    with pytest.raises(CheckpointError, match=r"lacks Mixed_6c\.branch1x1\.conv\.weight"):
        InceptionNetwork(state)(torch.rand(1, 3, 64, 64))
