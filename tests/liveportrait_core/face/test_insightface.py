"""InsightFace's files: run by onnxruntime, and by InsightFace's own package where it is there."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.insightface import (
    FaceAnalysisFinder,
    InsightFaceFinder,
    decode_detections,
    insightface_finder,
)

from .made_up_onnx import write_network


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


def test_of_overlapping_boxes_the_best_is_kept():
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


def test_missing_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"det_10g\.onnx does not exist"):
        InsightFaceFinder(tmp_path)


class FaceAnalysis:
    """Stands in for `insightface.app.FaceAnalysis`, with its call of 0.7 to 2.1."""

    def __init__(self, name="buffalo_l", root="~/.insightface", allowed_modules=None, **kwargs):
        self.loaded = {"name": name, "allowed_modules": allowed_modules, **kwargs}
        sys.stdout.write(f"find model: {name} {root}")  # as 0.7 does

    def prepare(self, ctx_id, det_thresh=0.5, det_size=(640, 640)):
        self.prepared = {"ctx_id": ctx_id, "det_thresh": det_thresh, "det_size": det_size}

    def get(self, img, max_num=0):
        del max_num
        blue = np.argwhere(img[..., 0] > 0)  # BGR
        top, left = (float(edge) for edge in blue.min(0))
        bottom, right = (float(edge) for edge in blue.max(0))
        points = np.full((106, 2), 5, np.float32)
        box = np.array([left, top, right, bottom], np.float32)
        return [SimpleNamespace(bbox=box, det_score=np.float32(0.75), landmark_2d_106=points)]


@pytest.fixture
def files(tmp_path):
    """A folder with both names: only their presence is looked at."""
    for name in ("det_10g.onnx", "2d106det.onnx"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """InsightFace's package, installed; gives its stand-in to be changed."""
    app = SimpleNamespace(FaceAnalysis=FaceAnalysis)
    monkeypatch.setitem(sys.modules, "insightface", SimpleNamespace(app=app))
    monkeypatch.setitem(sys.modules, "insightface.app", app)
    return app


@pytest.mark.parametrize(
    ("providers", "expected"), [((), ["CPUExecutionProvider"]), (("CUDA",), ["CUDA"])]
)
def test_an_installed_insightface_is_used_with_the_published_settings(
    installed, files, providers, expected, capsys
):
    finder = insightface_finder(files, providers=providers)
    assert isinstance(finder, FaceAnalysisFinder)
    assert finder._analysis.loaded == {
        "name": str(files.resolve()),
        "allowed_modules": ["detection", "landmark_2d_106"],
        "providers": expected,
    }
    assert finder._analysis.prepared == {
        "ctx_id": 0 if providers else -1,
        "det_thresh": 0.15,
        "det_size": (512, 512),
    }
    assert capsys.readouterr().out == ""
    assert "FaceAnalysis, threshold 0.15" in finder.tried
    assert installed.FaceAnalysis is FaceAnalysis


@pytest.mark.usefixtures("installed")
def test_faces_of_an_installed_insightface_have_boxes_scores_and_106_points(files):
    frame = np.zeros((60, 80, 3), np.uint8)
    frame[10:31, 40:61, 2] = 255  # blue, in RGB
    (face,) = insightface_finder(files).find(frame)
    assert face.box == (40, 10, 20, 20)
    assert face.score == 0.75
    assert face.landmarks.layout == "insightface-106"
    assert face.landmarks.points.tolist() == [[5, 5]] * 106


def test_files_that_an_installed_insightface_cannot_load_are_named(installed, files):
    def refuse(**_):
        raise AssertionError

    installed.FaceAnalysis = refuse
    with pytest.raises(CheckpointError, match=r"cannot load .* \(AssertionError\); its det_10g"):
        insightface_finder(files)
    (files / "2d106det.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"2d106det\.onnx does not exist"):
        insightface_finder(files)


@pytest.mark.parametrize(("broken", "warnings"), [(False, 0), (True, 1)])
def test_without_insightface_onnxruntime_runs_its_files(
    tmp_path, monkeypatch, caplog, broken, warnings
):
    pytest.importorskip("onnxruntime")
    missing = ModuleNotFoundError("No module", name="requests" if broken else "insightface")

    def refuse(name):
        raise missing

    monkeypatch.setattr("liveportrait_core.face.insightface.import_module", refuse)
    write_network(tmp_path / "det_10g.onnx", [1, 3, 512, 512], detector_outputs([]))
    write_network(tmp_path / "2d106det.onnx", [1, 3, 192, 192], [np.zeros((1, 212))])
    assert isinstance(insightface_finder(tmp_path), InsightFaceFinder)
    assert len(caplog.records) == warnings
