"""The published networks at a tiny size: shapes, gradients, types, invariances."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from liveportrait_core.networks.build import NETWORK_NAMES, build
from liveportrait_core.networks.dense_motion import (
    candidate_flows,
    heatmap_difference,
    identity_grid,
    sample_each_candidate,
    sample_volume,
)
from liveportrait_core.preset import PAPER
from tests.support.tiny import TINY_PAPER, tiny_published_model

MODEL = tiny_published_model()
NUM_BINS = 66


def faces(num=1, seed=0):
    return torch.rand(num, 3, 128, 128, generator=torch.Generator().manual_seed(seed))


def keypoints(num=1, seed=0):
    return torch.rand(num, 21, 3, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8


def painted(volume, source, driving, model=MODEL):
    return model.decoder(model.warping(volume, source, driving))


def test_shapes_of_every_output():
    with torch.no_grad():
        volume = MODEL.appearance(faces(2))
        heads = MODEL.motion(faces(2))
        warped = MODEL.warping(volume, keypoints(2), keypoints(2, seed=1))
        picture = MODEL.decoder(warped)
    assert volume.shape == (2, 2, 4, 32, 32)
    for angle in (heads.pitch, heads.yaw, heads.roll):
        assert angle.shape == (2, NUM_BINS)
    assert heads.expression.shape == heads.canonical.shape == (2, 63)
    assert heads.translation.shape == (2, 3)
    assert heads.scale.shape == (2, 1)
    assert warped.features.shape == (2, 16, 32, 32)
    assert warped.flow.shape == (2, 4, 32, 32, 3)
    assert warped.occlusion.shape == (2, 1, 32, 32)
    assert picture.shape == (2, 3, 256, 256)
    assert 0 <= picture.min() <= picture.max() <= 1


def test_a_batch_gives_what_its_rows_give_alone():
    with torch.no_grad():
        volume, source, driving = MODEL.appearance(faces(3)), keypoints(3), keypoints(3, seed=1)
        together = painted(volume, source, driving)
        alone = [
            painted(volume[i : i + 1], source[i : i + 1], driving[i : i + 1]) for i in range(3)
        ]
        heads = MODEL.motion(faces(3))
        single = MODEL.motion(faces(3)[1:2])
    # Rounding: torch's own convolutions alone differ by 9.8e-6.
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=2e-5)
    torch.testing.assert_close(heads.canonical[1:2], single.canonical, rtol=0, atol=1e-5)


def test_inputs_are_left_untouched():
    volume, source, driving = MODEL.appearance(faces()), keypoints(), keypoints(seed=1)
    copies = [value.clone() for value in (volume, source, driving)]
    with torch.no_grad():
        painted(volume, source, driving)
    for value, copy in zip((volume, source, driving), copies, strict=True):
        assert torch.equal(value, copy)


def test_gradients_reach_the_face_and_both_keypoints():
    face = faces().requires_grad_()
    source, driving = keypoints().requires_grad_(), keypoints(seed=1).requires_grad_()
    picture = painted(MODEL.appearance(face), source, driving)
    picture.square().sum().backward()
    heads = MODEL.motion(face)
    motion_gradient = torch.autograd.grad(heads.canonical.sum() + heads.yaw[:, 0].sum(), face)
    for gradient in (face.grad, source.grad, driving.grad, *motion_gradient):
        assert gradient is not None
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


def test_half_precision_keeps_coordinates_whole():
    half = tiny_published_model().to(dtype=torch.bfloat16)
    with torch.no_grad():
        volume = half.appearance(faces().bfloat16())
        warped = half.warping(volume, keypoints(), keypoints(seed=1))
        picture = half.decoder(warped)
        exact = painted(MODEL.appearance(faces()), keypoints(), keypoints(seed=1))
    assert volume.dtype == warped.features.dtype == picture.dtype == torch.bfloat16
    assert warped.flow.dtype == torch.float32
    assert (picture.float() - exact).abs().mean() < 0.02


def test_networks_say_nothing_of_modes_and_gradients():
    networks = build(TINY_PAPER)
    assert tuple(networks) == NETWORK_NAMES
    assert all(net.training for net in networks.values())
    assert all(p.requires_grad for net in networks.values() for p in net.parameters())


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"face_size_px": 200}, "multiple of 128"), ({"output_size_px": 256}, "Give 512")],
)
def test_impossible_sizes_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        build(replace(PAPER, **changes))


def test_convention_of_the_grid():
    grid = identity_grid(torch.zeros(1, 1, 3, 5, 9))
    assert grid.shape == (3, 5, 9, 3)
    assert grid[0, 0, 0].tolist() == [-1, -1, -1]
    assert grid[-1, -1, -1].tolist() == [1, 1, 1]
    assert grid[0, 0, -1].tolist() == [1, -1, -1]  # x is the last axis of the volume
    assert grid[1, 2, 4].tolist() == [0, 0, 0]


def test_convention_of_sampling_the_identity_shrinks_about_the_centre():
    # Index i of n is read at i n / (n - 1) - 0.5: corner-aligned grid, edge-aligned sampling.
    volume = torch.arange(4.0).expand(1, 1, 4, 4, 4)
    read = sample_volume(volume, identity_grid(volume)[None])
    # i = 1 of 4 is read at 1 * 4 / 3 - 0.5 = 0.8333
    torch.testing.assert_close(read[0, 0, 1, 1, 1], torch.tensor(0.8333333))
    # the border lies half a voxel outside on each of three axes: 3 * (1/2)^3
    torch.testing.assert_close(read[0, 0, -1, -1, -1], torch.tensor(0.375))


def test_convention_of_candidates_the_first_stays_and_others_move_with_their_keypoint():
    source, driving = keypoints(), keypoints(seed=1)
    grid = identity_grid(torch.zeros(1, 1, 4, 8, 8))
    flows = candidate_flows(grid, source, driving)
    assert torch.equal(flows[0, 0], grid)
    # the voxel at the driving keypoint is read at the source keypoint
    shift = flows[0, 6] - grid
    torch.testing.assert_close(shift[2, 3, 4] + driving[0, 5], source[0, 5])


def test_reading_through_each_candidate_is_reading_through_one_after_another():
    volume = torch.rand(2, 3, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    flows = candidate_flows(identity_grid(volume), keypoints(2), keypoints(2, seed=1))
    together = sample_each_candidate(volume, flows)
    assert together.shape == (2, 22, 3, 4, 8, 8)
    torch.testing.assert_close(together[:, 7], sample_volume(volume, flows[:, 7]))


def test_heat_peaks_at_the_driving_keypoint_and_dips_at_the_sources():
    volume = torch.zeros(1, 1, 17, 33, 65)
    source = torch.zeros(1, 21, 3)
    driving = torch.zeros(1, 21, 3)
    driving[..., 0] = 0.5
    heat = heatmap_difference(source, driving, volume)
    assert heat.shape == (1, 22, 17, 33, 65)
    assert not heat[:, 0].any()
    # At one centre the other Gaussian is exp(-0.5 * 0.25 / 0.01) = 3.7e-6; x = 0.5 is column 48.
    torch.testing.assert_close(heat[0, 1, 8, 16, 48], torch.tensor(1 - 3.7267e-6))
    torch.testing.assert_close(heat[0, 1, 8, 16, 32], torch.tensor(3.7267e-6 - 1))


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_timm_is_imported_only_when_a_published_model_is_built():
    code = (
        "import sys, liveportrait_core.model, liveportrait_core.stages\n"
        "from liveportrait_core.networks.build import build\n"
        "from liveportrait_core.preset import COMPACT\n"
        "build(COMPACT)\n"
        "assert 'timm' not in sys.modules and 'torchvision' not in sys.modules"
    )
    result = run_python(code)
    assert result.returncode == 0, result.stderr


BROKEN_TORCHVISION = """
import torch
from torch.library import register_fake
for name in ("nms", "qnms"):
    register_fake(f"torchvision::{name}")(lambda *args: None)
"""


def test_a_torchvision_without_its_operators_is_no_obstacle(tmp_path):
    """A stand-in that asks for its operators as the real one does, and has failed once before."""
    (tmp_path / "torchvision.py").write_text(BROKEN_TORCHVISION)
    (tmp_path / "timm" / "models").mkdir(parents=True)
    (tmp_path / "timm" / "__init__.py").write_text("import torchvision\n")
    (tmp_path / "timm" / "models" / "__init__.py").write_text("")
    (tmp_path / "timm" / "models" / "convnext.py").write_text("class ConvNeXt: marker = 1\n")
    result = run_python(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "try:\n import torchvision\nexcept RuntimeError:\n pass\n"
        "from liveportrait_core.networks.motion_extractor import _convnext_class\n"
        "assert _convnext_class().marker == 1"
    )
    assert result.returncode == 0, result.stderr


def test_a_missing_timm_is_told_with_the_remedy(tmp_path):
    (tmp_path / "timm.py").write_text("raise ImportError('No module named timm')\n")
    result = run_python(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from liveportrait_core.networks.motion_extractor import MotionExtractor\n"
        "MotionExtractor()"
    )
    assert "pip install timm torchvision" in result.stderr
