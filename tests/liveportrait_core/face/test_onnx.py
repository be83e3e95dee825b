from pathlib import Path

import numpy as np
import pytest
import torch

from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.onnx import (
    InsightFaceFinder,
    decode_detections,
    landmark_203_from,
    landmark_203_network,
    open_session,
)
from liveportrait_core.imaging.crop import FaceBox


def write_network(path: Path, shape, outputs):
    """A .onnx file that gives the same outputs whatever comes in."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes, infos = [], []
    for number, values in enumerate(outputs):
        constant = onnx.numpy_helper.from_array(np.asarray(values, np.float32))
        nodes.append(helper.make_node("Constant", [], [f"out{number}"], value=constant))
        infos.append(helper.make_tensor_value_info(f"out{number}", kind, np.shape(values)))
    given = helper.make_tensor_value_info("input", kind, shape)
    graph = helper.make_graph(nodes, "made", [given], infos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def test_the_third_output_holds_shares_of_224_pixels(tmp_path):
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
    with pytest.raises(CheckpointError, match=r"x.onnx gives 10 numbers"):
        network.read(torch.zeros(1, 3, 224, 224))


def detector_outputs(faces, size_px=512):
    """Outputs of a made detector: faces as (stride, row, column, score, l, t, r, b)."""
    outputs = {}
    for stride in (8, 16, 32):
        cells = size_px // stride
        outputs[stride] = np.zeros((cells * cells * 2, 1)), np.zeros((cells * cells * 2, 4))
    for stride, row, column, score, *distances in faces:
        index = (row * (size_px // stride) + column) * 2
        outputs[stride][0][index] = score
        outputs[stride][1][index] = np.array(distances) / stride
    scores, boxes = zip(*outputs.values(), strict=True)
    return [array.astype(np.float32) for array in (*scores, *boxes)]


def test_anchors_and_distances_make_boxes():
    outputs = detector_outputs([(16, 5, 10, 0.9, 20, 30, 40, 50)])
    (found,) = decode_detections(outputs, threshold=0.5)
    # anchor at x 160, y 80
    assert found == pytest.approx((140, 50, 200, 130, 0.9))


def test_overlapping_boxes_keep_the_surest():
    faces = [
        (8, 10, 10, 0.6, 30, 30, 30, 30),
        (16, 5, 5, 0.8, 30, 30, 30, 30),
        (32, 12, 12, 0.7, 30, 30, 30, 30),
        (32, 1, 1, 0.1, 30, 30, 30, 30),
    ]
    found = decode_detections(detector_outputs(faces), threshold=0.5)
    assert [score for *_, score in found] == pytest.approx([0.8, 0.7])


@pytest.mark.parametrize(
    ("outputs", "words"),
    [([np.zeros((4, 1))] * 3, "3 outputs"), ([np.zeros((8, 1))] * 6, "8 scores at stride 8")],
)
def test_outputs_of_another_detector_are_named(outputs, words):
    with pytest.raises(CheckpointError, match=words):
        decode_detections(outputs, threshold=0.5)


def test_an_insightface_folder_gives_faces_with_106_points(tmp_path):
    pytest.importorskip("onnxruntime")
    points = np.zeros((106, 2), np.float32)
    points[0] = 1.0  # a corner of its crop
    outputs = detector_outputs([(16, 10, 10, 0.9, 40, 40, 40, 40)])
    write_network(tmp_path / "det_10g.onnx", [1, 3, 512, 512], outputs)
    write_network(tmp_path / "2d106det.onnx", [1, 3, 192, 192], [points.reshape(1, 212)])
    finder = InsightFaceFinder(tmp_path)
    (face,) = finder.find(np.zeros((256, 200, 3), np.uint8))  # shown at twice its size
    assert face.box == pytest.approx((60, 60, 40, 40))
    assert face.score == pytest.approx(0.9)
    # 1.5 times the box around its middle (80, 80): the far corner is 30 px away
    np.testing.assert_allclose(face.landmarks.points[:2], [[110, 110], [80, 80]], atol=1e-6)
    assert "threshold 0.15" in finder.tried


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="There is no"):
        InsightFaceFinder(tmp_path)
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
