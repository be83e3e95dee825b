"""Files of ONNX: every network of both families against torch, and what is refused."""

import io
import json
import sys
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.cli.main import main
from liveportrait_core.engines import onnx_export
from liveportrait_core.engines.forms import forms
from liveportrait_core.engines.onnx_export import OPSET, TOLERANCE, export_model, trial_inputs
from liveportrait_core.engines.onnx_networks import with_onnx
from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.model import LivePortraitModel, load_model, save_model
from liveportrait_core.networks.appearance_extractor import AppearanceExtractor
from liveportrait_core.networks.dense_motion import DenseMotion
from liveportrait_core.networks.motion_extractor import MotionExtractor
from liveportrait_core.networks.spade_decoder import SpadeDecoder
from liveportrait_core.networks.warping import Warping
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    source_parts,
    stitch,
    transform_keypoints,
    warp_decode,
)
from tests.support.blobs import face_frame
from tests.support.tiny import TINY_PAPER, tiny_compact_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def trained_like(model):
    """With random numbers in place of zeros, so that every branch of a network counts."""
    random = torch.Generator().manual_seed(3)
    for net in model.modules().values():
        for value in net.parameters():
            if not bool(value.any()):
                value.data = 0.03 * torch.randn(value.shape, generator=random)
    return model


def small_default_model():
    """All parts of the default preset, narrow, small and with few blocks."""
    preset = load_model().preset
    few = replace(preset, name="small", width=1 / 8, blocks=0, depth_probes=2)
    return trained_like(tiny_compact_model(replace(few, face_size_px=256, output_size_px=256)))


def small_published_model():
    """The published classes with few blocks; S and R are those of any model."""
    volume = {"volume_channels": 2, "volume_depth": 4}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        dense = DenseMotion(compressed_channels=1, widths=(2, 4, 8), **volume)
        networks = {
            "appearance": AppearanceExtractor(widths=(4, 8, 16), num_residual=1, **volume),
            "motion": MotionExtractor(dims=(8, 16, 24, 32), depths=(1, 1, 1, 1)),
            "warping": Warping(dense, out_channels=16, **volume),
            "decoder": SpadeDecoder(in_channels=16, widths=(16, 8, 4), hidden=8, num_middle=1),
        }
    for net in networks.values():
        net.eval().requires_grad_(False)
    return trained_like(LivePortraitModel(preset=TINY_PAPER, **networks))


@pytest.fixture(scope="module")
def model():
    return small_default_model()


@pytest.fixture(scope="module")
def model_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save_model(model, path)
    return path


@pytest.fixture(scope="module")
def exported(model_file, tmp_path_factory):
    """By the command: the folder, and what it says of each file."""
    folder = tmp_path_factory.mktemp("exported") / "networks"
    said = io.StringIO()
    with redirect_stdout(said):
        code = main(["models", "export", str(folder), "--model", str(model_file), "--json"])
    assert code == 0
    return folder, json.loads(said.getvalue())


@pytest.fixture(scope="module")
def in_onnx(model, exported):
    return with_onnx(model, exported[0])


def test_every_network_is_written_and_compared(model, exported):
    folder, said = exported
    assert said["opset"] == OPSET
    assert [row["network"] for row in said["files"]] == list(model.modules())
    assert {str(path) for path in folder.iterdir()} == {row["path"] for row in said["files"]}
    assert all(row["difference"] <= TOLERANCE for row in said["files"])


def test_files_hold_standard_operators_of_one_opset(exported):
    for path in exported[0].iterdir():
        content = onnx.load(path)
        onnx.checker.check_model(content)
        assert [(used.domain, used.version) for used in content.opset_import] == [("", OPSET)]
        known = onnx.shape_inference.infer_shapes(content).graph
        axes = {
            value.name: len(value.type.tensor_type.shape.dim)
            for value in (*known.value_info, *known.input)
        }
        sampled = [node.input for node in content.graph.node if node.op_type == "GridSample"]
        assert 5 not in {axes.get(name) for names in sampled for name in names}


@pytest.mark.parametrize("name", ["appearance", "motion", "warping", "decoder"])
@pytest.mark.parametrize("grey", [False, True])
def test_the_published_networks_are_the_same(name, grey, published):
    model, in_onnx = published
    arguments = trial_inputs(model, 0.05, grey=grey)[name]
    with torch.inference_mode():
        expected = forms(model)[name].flat(model.compute(name, *arguments))
        made = forms(model)[name].flat(in_onnx.compute(name, *arguments))
    for ours, theirs in zip(expected, made, strict=True):
        assert_close(theirs, ours, atol=1e-3 * max(1.0, float(ours.abs().max())), rtol=0)


@pytest.fixture(scope="module")
def published():
    model = small_published_model()
    return model, with_onnx(model)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("edge_held", [False, True])
def test_a_frame_is_the_same(model, in_onnx, rows, edge_held):
    face = torch.rand(rows, 3, 256, 256, generator=torch.Generator().manual_seed(5))

    def frame(of):
        motion = extract_motion(of, face)
        source = transform_keypoints(motion)
        driving = stitch(of, source, source.flip(0) + 0.03)
        volume = extract_appearance(of, face)
        parts = source_parts(of, volume, source)
        return warp_decode(of, volume, source, driving, edge_held=edge_held, parts=parts)

    with torch.inference_mode():
        expected, made = frame(model), frame(in_onnx)
    assert_close(made, expected, atol=1e-3, rtol=0)


def test_gradients_and_other_sizes_are_left_to_torch(model, in_onnx):
    face = torch.rand(1, 3, 256, 256, requires_grad=True)
    extract_motion(in_onnx, face).expression.sum().backward()
    assert bool(face.grad.any())
    with torch.inference_mode():
        other = torch.rand(1, 3, 384, 384)
        found = in_onnx.compute("motion", other)
        assert torch.equal(found.expression, model.motion(other).expression)


def test_a_file_that_differs_is_not_left(model, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
    with pytest.raises(CheckpointError, match=r"appearance by ONNX Runtime is .* was not written"):
        list(export_model(model, tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())


def test_files_of_other_weights_and_missing_ones_are_refused(model, exported, tmp_path):
    other = replace(model, motion=deepcopy(model.motion))
    other.motion.head.bias.data += 1
    with pytest.raises(CheckpointError, match=r"motion\.onnx is not the motion network"):
        with_onnx(other, exported[0])
    with pytest.raises(CheckpointError, match=r"appearance\.onnx does not exist.*models export"):
        with_onnx(other, tmp_path)


def test_a_damaged_file_is_one_sentence(model, exported, tmp_path):
    for path in exported[0].iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="onnxruntime cannot load"):
        with_onnx(model, tmp_path)


def test_other_number_types_are_refused():
    narrow = small_published_model().to(dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="computes in bfloat16 on cpu; float32 on cpu is expected"):
        with_onnx(narrow)


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_a_missing_package_is_one_sentence(missing, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(CheckpointError, match=r"pip install 'liveportrait-suite\[onnx\]'"):
        with_onnx(small_published_model())


@pytest.fixture
def edit(capsys, tmp_path, model_file, _square_faces):
    """`liveportrait edit` of a square face: exit code, picture, and what is said beside it."""
    write_image(tmp_path / "portrait.png", face_frame((50, 30, 60)))

    def run(*more):
        out = tmp_path / "out.png"
        out.unlink(missing_ok=True)
        fixed = ("edit", tmp_path / "portrait.png", "-o", out, "--model", model_file)
        code = main([str(argument) for argument in (*fixed, "--smile", "1", *more)])
        picture = read_image(out).rgb.astype(int) if out.exists() else None
        return code, picture, capsys.readouterr().err

    return run


def test_the_command_line_gives_the_same_picture(edit, exported):
    _, expected, _ = edit()
    code, picture, said = edit("--backend", "auto", "--onnx", exported[0])
    assert code == 0
    assert np.abs(picture - expected).max() <= 1
    assert "by ONNX Runtime: " in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--onnx", "."), "the backend torch; onnx or auto is expected"),
        (("--backend", "onnx", "--compile", "on"), "compile is on, and the backend onnx"),
        (("--backend", "onnx", "--onnx", "."), "appearance.onnx does not exist"),
        (
            ("--backend", "onnx", "--onnx", ".", "--dtype", "bfloat16"),
            "computes in bfloat16 on cpu; float32 on cpu is expected",
        ),
    ],
)
def test_the_command_line_refuses_what_cannot_be(edit, options, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, picture, said = edit(*options)
    assert (code, picture) == (2, None)
    assert expected in said


def test_auto_without_a_folder_says_that_torch_computes(edit):
    code, _, said = edit("--backend", "auto")
    assert code == 0
    assert "torch computes: --backend auto needs --onnx" in said
