import numpy as np
import pytest
import torch

from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.onnx import (
    landmark_203_from,
    landmark_203_network,
    open_session,
)
from liveportrait_core.imaging.crop import FaceBox

from .made_up_onnx import write_network


def test_the_third_output_holds_fractions_of_224_pixels(tmp_path):
    pytest.importorskip("onnxruntime")
    points = np.random.default_rng(0).uniform(0.2, 0.8, (203, 2)).astype(np.float32)
    outputs = [np.zeros((1, 214)), np.zeros((1, 262)), points.reshape(1, 406)]
    network = landmark_203_network(write_network(tmp_path / "l.onnx", [1, 3, 224, 224], outputs))
    box = FaceBox((112.0, 112.0), 224.0, 0.0)  # the crop is the picture
    read = network.landmarks(np.zeros((224, 224, 3), np.uint8), box)
    np.testing.assert_allclose(read.points, points * 224, atol=1e-4)
    assert read.layout == "liveportrait-203"


def test_another_network_in_its_place_is_named():
    network = landmark_203_from(lambda _: [np.zeros((1, 10), np.float32)], "x.onnx")
    with pytest.raises(CheckpointError, match=r"x.onnx gives 10 numbers; 406 are expected"):
        network.read(torch.zeros(1, 3, 224, 224))


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"landmark\.onnx does not exist"):
        landmark_203_network(tmp_path / "landmark.onnx")
    pytest.importorskip("onnxruntime")
    broken = tmp_path / "landmark.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(CheckpointError, match="cannot load"):
        landmark_203_network(broken)


def test_a_missing_onnxruntime_tells_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    (tmp_path / "x.onnx").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"liveportrait-suite\[onnx\]"):
        open_session(tmp_path / "x.onnx")
