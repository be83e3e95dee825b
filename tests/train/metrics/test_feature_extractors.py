import numpy as np
import pytest
import torch
from torch import nn

from liveportrait_core.errors import CheckpointError
from tests.support.tiny import tiny_compact_model
from tests.train.evaluation.made_up_files import inception_state, write_metric_files, write_onnx
from train.evaluation.measured_model import at_size
from train.metrics import metric_files
from train.metrics.face_similarity import ARCFACE_POINTS
from train.metrics.feature_extractors import (
    KeypointExtractor,
    View,
    bins_to_degrees,
    gaze_direction,
    load_extractors,
    missing_file,
)
from train.metrics.inception import InceptionNetwork

SIZE_PX = 64
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


@pytest.fixture(scope="module")
def motion():
    return KeypointExtractor(at_size(tiny_compact_model(), SIZE_PX))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_metric_files(tmp_path_factory.mktemp("metrics"))


def a_view(count=2):
    generator = torch.Generator().manual_seed(0)
    whole, face = (torch.rand(count, 3, SIZE_PX, SIZE_PX, generator=generator) for _ in range(2))
    return View(whole=whole, face=face)


def test_without_files_each_extractor_says_what_it_needs_and_where(motion, tmp_path, monkeypatch):
    assert set(load_extractors(None, motion)) == {"pixels", "motion"}
    assert missing_file("pixels", None) is None
    told = missing_file("lpips", None)
    assert told.startswith("unavailable (needs torchvision's AlexNet at METRIC_FILES/alexnet.pth")
    assert "--metric-files" in told
    (tmp_path / "alexnet.pth").touch()
    assert missing_file("lpips", tmp_path) is None
    monkeypatch.setattr(metric_files, "find_spec", lambda name: None)
    expected = "unavailable (needs the LPIPS heads for AlexNet; run pip install lpips)"
    assert missing_file("lpips", tmp_path) == expected


def test_every_extractor_is_there_with_its_files(motion, files):
    extractors = load_extractors(files, motion)
    assert all(missing_file(name, files) is None for name in extractors)
    view = a_view()
    shapes = {
        name: [tuple(part.shape) for part in extractors[name](view)]
        for name in ("pixels", "motion", "inception", "arcface", "l2cs", "smirk")
    }
    assert shapes == {
        "pixels": [(2, 3, SIZE_PX, SIZE_PX)],
        "motion": [(2, 21, 3), (2, 3)],
        "inception": [(2, 12)],
        "arcface": [(2, 3)],
        "l2cs": [(2, 3)],
        "smirk": [(2, 55), (2, 3)],
    }
    assert len(extractors["lpips"](view)) == 5


def test_arcface_sees_an_aligned_face_from_minus_one_to_one(tmp_path):
    # a face of 112 pixels whose eyes, nose and lip are where the network wants them already
    keypoints = torch.zeros(1, 21, 3)
    units = (torch.tensor(ARCFACE_POINTS) + 0.5) / 56 - 1
    for point, place in ((4, 0), (5, 0), (6, 1), (7, 1), (14, 2), (15, 3), (16, 4)):
        keypoints[:, point, :2] = units[place]
    write_onnx(tmp_path / "arcface.onnx", {"embedding": (np.eye(3), np.zeros(3))})
    read = load_extractors(tmp_path, lambda view: (keypoints, torch.zeros(1, 3)))["arcface"]
    face = torch.tensor([0.75, 0.5, 0.0]).view(1, 3, 1, 1).expand(1, 3, 112, 112)
    (found,) = read(View(whole=face, face=face))
    np.testing.assert_allclose(found, [[0.5, 0.0, -1.0]], atol=1e-3)


def test_l2cs_reads_yaw_first_whatever_its_outputs_are_called(motion, tmp_path):
    yaw, pitch = np.zeros(90), np.zeros(90)
    yaw[60], pitch[45] = 100.0, 100.0  # 4 x 60 - 180 = 60 degrees, and 0
    outputs = {"pitch": (np.zeros((3, 90)), yaw), "yaw": (np.zeros((3, 90)), pitch)}
    write_onnx(tmp_path / "l2cs.onnx", outputs)
    (found,) = load_extractors(tmp_path, motion)["l2cs"](a_view(1))
    np.testing.assert_allclose(found, [[-np.sin(np.pi / 3), 0, -0.5]], atol=1e-5)


def test_an_even_row_of_bins_looks_ahead():
    # the mean of 90 places is 44.5: 4 x 44.5 - 180 = -2; of 28: 3 x 13.5 - 42 = -1.5
    np.testing.assert_allclose(bins_to_degrees(torch.zeros(1, 90)), [-2], atol=1e-4)
    np.testing.assert_allclose(bins_to_degrees(torch.zeros(1, 28)), [-1.5], atol=1e-4)
    with pytest.raises(CheckpointError, match="rows of 7 numbers"):
        bins_to_degrees(torch.zeros(1, 7))


def test_gaze_directions_have_length_one():
    angles = torch.tensor([-30.0, 0.0, 50.0])
    np.testing.assert_allclose(gaze_direction(angles, angles.flip(0)).norm(dim=1), 1, rtol=1e-6)
    assert gaze_direction(torch.zeros(1), torch.zeros(1)).tolist() == [[-0.0, -0.0, -1.0]]


def test_smirk_gives_expression_lids_and_jaw_as_one_row(motion, tmp_path):
    values = {"pose_params": 1.0, "jaw_params": 2.0, "eyelid_params": 3.0, "expression_params": 4.0}
    sizes = {"pose_params": 3, "jaw_params": 3, "eyelid_params": 2, "expression_params": 50}
    outputs = {
        name: (np.zeros((3, size)), np.full(size, values[name])) for name, size in sizes.items()
    }
    write_onnx(tmp_path / "smirk.onnx", outputs)
    expression, pose = load_extractors(tmp_path, motion)["smirk"](a_view(1))
    assert expression[0].tolist() == [4.0] * 50 + [3.0] * 2 + [2.0] * 3
    assert pose.tolist() == [[1.0, 1.0, 1.0]]


def test_smirk_without_names_is_refused(motion, tmp_path):
    write_onnx(tmp_path / "smirk.onnx", {"output": (np.zeros((3, 3)), np.zeros(3))})
    with pytest.raises(CheckpointError, match="no output expression_params"):
        load_extractors(tmp_path, motion)["smirk"](a_view(1))


class Scripted(nn.Module):
    """TorchScript in the manner of FID's published file: bytes in, features when asked for."""

    def forward(self, x: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        mean = x.float().mean((2, 3))
        return mean if return_features else mean * 0


def test_inception_comes_as_torch_script_too(motion, tmp_path):
    torch.jit.script(Scripted()).save(str(tmp_path / "inception.pt"))
    (found,) = load_extractors(tmp_path, motion)["inception"](a_view())
    expected = (a_view().whole * 255).round().mean((2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_inception_comes_as_onnx_too(motion, tmp_path):
    write_onnx(tmp_path / "inception.onnx", {"features": (np.eye(3), np.zeros(3))})
    flat = torch.full((1, 3, SIZE_PX, SIZE_PX), 51 / 255)
    (found,) = load_extractors(tmp_path, motion)["inception"](View(whole=flat, face=flat))
    np.testing.assert_allclose(found, [[2 * 0.2 - 1] * 3], atol=1e-3)


def test_inception_weights_may_be_of_half_precision(motion, tmp_path):
    torch.save({k: v.half() for k, v in inception_state().items()}, tmp_path / "inception.pth")
    (found,) = load_extractors(tmp_path, motion)["inception"](a_view(1))
    state = {key: value.half().float() for key, value in inception_state().items()}
    torch.testing.assert_close(found, InceptionNetwork(state)(a_view(1).whole))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("arcface.onnx", "onnxruntime cannot load .*arcface.onnx"),
        ("inception.pt", "inception.pt cannot be read by TorchScript"),
    ],
)
def test_a_damaged_file_is_one_sentence(name, said, motion, tmp_path):
    (tmp_path / name).write_bytes(b"cut short")
    with pytest.raises(CheckpointError, match=said):
        load_extractors(tmp_path, motion)


def test_a_folder_that_is_none_is_refused(motion, tmp_path):
    with pytest.raises(CheckpointError, match="is no folder"):
        load_extractors(tmp_path / "none", motion)


def test_features_do_not_depend_on_the_batch(motion, files):
    extractors, view = load_extractors(files, motion), a_view(3)
    for name, read in extractors.items():
        alone = View(whole=view.whole[1:2], face=view.face[1:2])
        for whole, one in zip(read(view), read(alone), strict=True):
            torch.testing.assert_close(whole[1:2], one, rtol=1e-3, atol=1e-4, msg=name)
