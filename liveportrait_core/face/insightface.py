"""InsightFace's face detector and 106-point landmarks, from the user's own files.

InsightFace's package runs them where it is installed; otherwise onnxruntime runs the same two
networks with the same thresholds and sizes. The models are for non-commercial use; they are the
user's, never ours.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from ..errors import CheckpointError
from ..imaging.landmark_layouts import INSIGHTFACE_106, Landmarks
from ..imaging.tensors import Pixels
from .detector import FaceFinder
from .faces import Box, Face
from .onnx import Array, check_file, open_session

_LOG = logging.getLogger(__name__)

DETECTOR_FILE: Final = "det_10g.onnx"
LANDMARK_FILE: Final = "2d106det.onnx"
THRESHOLD: Final = 0.15
"""Smallest detection score of a face, as published."""
DETECTOR_PX: Final = 512
"""Side of the detector's input, as published."""
STRIDES: Final = (8, 16, 32)
ANCHORS: Final = 2
"""Anchors on each cell of the detector's grids."""
NMS_OVERLAP: Final = 0.4
POINTS_PX: Final = 192
POINTS_SCALE: Final = 1.5
"""Side of the 106-point network's crop over the longer side of the face's box."""


def insightface_finder(
    folder: Path, *, threshold: float = THRESHOLD, providers: Sequence[str] = ()
) -> FaceFinder:
    """InsightFace's finder: its own `FaceAnalysis` where that is installed, else onnxruntime.

    Args:
        folder: Holds `det_10g.onnx` and `2d106det.onnx`, as `models/buffalo_l` does.
        threshold: Smallest detection score of a face, 0 to 1.
        providers: onnxruntime's execution providers; none takes the CPU.

    Raises:
        CheckpointError: onnxruntime or a file is missing, or a file is damaged.
    """
    try:
        package: Any = import_module("insightface.app")
    except ImportError as error:
        if error.name != "insightface":
            _LOG.warning(
                "InsightFace is installed but cannot be imported (%s); onnxruntime runs its files.",
                error,
            )
        return InsightFaceFinder(folder, threshold=threshold, providers=providers)
    return FaceAnalysisFinder(
        package.FaceAnalysis, folder, threshold=threshold, providers=providers
    )


class FaceAnalysisFinder:
    """Faces of InsightFace's own `FaceAnalysis`."""

    def __init__(
        self, analysis: Any, folder: Path, *, threshold: float, providers: Sequence[str] = ()
    ) -> None:
        """A finder.

        Args:
            analysis: The class `insightface.app.FaceAnalysis`.
            folder: As in `insightface_finder`.
            threshold: As in `insightface_finder`.
            providers: As in `insightface_finder`.

        Raises:
            CheckpointError: A file is missing, or InsightFace cannot load it.
        """
        for name in (DETECTOR_FILE, LANDMARK_FILE):
            check_file(folder / name)
        self._threshold = threshold
        try:
            with redirect_stdout(sys.stderr):  # it prints what it loads; our results go to stdout
                self._analysis = analysis(
                    # an absolute folder is taken as it is, and nothing is downloaded
                    name=str(folder.resolve()),
                    root=str(folder.resolve().parent),
                    allowed_modules=["detection", "landmark_2d_106"],
                    providers=list(providers) or ["CPUExecutionProvider"],
                )
                self._analysis.prepare(
                    ctx_id=0 if providers else -1,
                    det_thresh=threshold,
                    det_size=(DETECTOR_PX, DETECTOR_PX),
                )
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise CheckpointError(
                f"InsightFace cannot load the networks in {folder} ({reason}); its {DETECTOR_FILE} "
                f"and {LANDMARK_FILE} are expected. Get the files again; they may be cut short."
            ) from error

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return f"InsightFace FaceAnalysis, threshold {self._threshold:.2f}"

    def find(self, frame: Pixels) -> list[Face]:
        """Every face above the threshold, with 106 landmarks.

        Args:
            frame: (H, W, 3) uint8 RGB.
        """
        faces: list[Face] = []
        for found in self._analysis.get(np.ascontiguousarray(frame[..., ::-1])):  # BGR
            left, top, right, bottom = (float(edge) for edge in found.bbox)
            points = np.asarray(found.landmark_2d_106, np.float64)
            faces.append(
                Face(
                    box=(left, top, right - left, bottom - top),
                    landmarks=Landmarks(points, INSIGHTFACE_106.name),
                    score=float(found.det_score),
                )
            )
        return faces


class InsightFaceFinder:
    """The same networks run by onnxruntime alone."""

    def __init__(
        self, folder: Path, *, threshold: float = THRESHOLD, providers: Sequence[str] = ()
    ) -> None:
        """A finder.

        Args:
            folder: As in `insightface_finder`.
            threshold: As in `insightface_finder`.
            providers: As in `insightface_finder`.

        Raises:
            CheckpointError: onnxruntime or a file is missing, or a file is damaged.
        """
        self._detect = open_session(folder / DETECTOR_FILE, providers)
        self._points = open_session(folder / LANDMARK_FILE, providers)
        self._threshold = threshold

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return f"InsightFace det_10g, threshold {self._threshold:.2f}"

    def find(self, frame: Pixels) -> list[Face]:
        """Every face above the threshold, with 106 landmarks.

        Args:
            frame: (H, W, 3) uint8 RGB.
        """
        zoom = min(DETECTOR_PX / side for side in frame.shape[:2])
        found = decode_detections(
            self._detect(_detector_input(frame, zoom)), threshold=self._threshold
        )
        faces: list[Face] = []
        for left, top, right, bottom, score in found:
            box = (left / zoom, top / zoom, (right - left) / zoom, (bottom - top) / zoom)
            landmarks = self._landmarks(frame, box)
            faces.append(Face(box=box, landmarks=landmarks, score=score))
        return faces

    def _landmarks(self, frame: Pixels, box: Box) -> Landmarks:
        x, y, width, height = box
        zoom = POINTS_PX / (POINTS_SCALE * max(width, height))
        shift = POINTS_PX / 2 - zoom * np.array([x + width / 2, y + height / 2])
        matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        crop = cv2.warpAffine(frame, matrix, (POINTS_PX, POINTS_PX), flags=cv2.INTER_LINEAR)
        units = self._points(np.asarray(crop, np.float32).transpose(2, 0, 1)[None])[0]
        if units.size < 2 * INSIGHTFACE_106.num_points:
            raise CheckpointError(
                f"{LANDMARK_FILE} gives {units.size} numbers; 212 are expected. "
                "Give InsightFace's 106-point network."
            )
        in_crop = (units.reshape(-1, 2).astype(np.float64) + 1) * (POINTS_PX / 2)
        return Landmarks((in_crop - shift) / zoom, INSIGHTFACE_106.name)


def decode_detections(
    outputs: Sequence[Array], *, threshold: float, size_px: int = DETECTOR_PX
) -> list[tuple[float, float, float, float, float]]:
    """Boxes of an SCRFD detector.

    Convention:
        - outputs: scores of strides 8, 16, 32, then distances, then (unused) points
        - a cell's anchor is its index times the stride; distances to left, top, right and
          bottom are in strides; two anchors share each cell, next to each other

    Args:
        outputs: Each (N, 1) or (N, 4), with or without a batch axis.
        threshold: Smallest score.
        size_px: Side of the detector's input.

    Returns:
        left, top, right, bottom in input pixels and score, most confident first, overlaps removed.

    Raises:
        CheckpointError: Outputs of another kind.
    """
    if len(outputs) < 2 * len(STRIDES):
        raise CheckpointError(
            f"The detector has {len(outputs)} outputs; 6 or 9 are expected, as SCRFD has. "
            f"Give {DETECTOR_FILE}."
        )
    boxes: list[Array] = []
    scores: list[Array] = []
    for level, stride in enumerate(STRIDES):
        score = outputs[level].reshape(-1)
        distance = outputs[level + len(STRIDES)].reshape(-1, 4) * stride
        cells = size_px // stride
        if len(score) != cells * cells * ANCHORS or len(distance) != len(score):
            raise CheckpointError(
                f"The detector gives {len(score)} scores at stride {stride}; "
                f"{cells * cells * ANCHORS} are expected. Give {DETECTOR_FILE}."
            )
        y, x = np.divmod(np.arange(cells * cells).repeat(ANCHORS), cells)
        anchors = np.stack((x, y, x, y), 1) * stride
        keep = score >= threshold
        boxes.append((anchors + distance * (-1, -1, 1, 1))[keep])
        scores.append(score[keep])
    return _suppressed(np.concatenate(boxes), np.concatenate(scores))


def _detector_input(frame: Pixels, zoom: float) -> Array:
    height, width = (max(1, int(side * zoom)) for side in frame.shape[:2])
    canvas = np.zeros((DETECTOR_PX, DETECTOR_PX, 3), np.float32)
    canvas[:height, :width] = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
    return ((canvas - 127.5) / 128).transpose(2, 0, 1)[None]


def _suppressed(boxes: Array, scores: Array) -> list[tuple[float, float, float, float, float]]:
    """Non-maximum suppression by intersection over union."""
    kept: list[tuple[float, float, float, float, float]] = []
    waiting = list(np.argsort(-scores, kind="stable"))
    while waiting:
        best, *others = waiting
        left, top, right, bottom = (float(value) for value in boxes[best])
        kept.append((left, top, right, bottom, float(scores[best])))
        rest = boxes[others]
        width = np.minimum(rest[:, 2], right) - np.maximum(rest[:, 0], left)
        height = np.minimum(rest[:, 3], bottom) - np.maximum(rest[:, 1], top)
        shared = width.clip(0) * height.clip(0)
        areas = (rest[:, 2] - rest[:, 0]) * (rest[:, 3] - rest[:, 1])
        union = areas + (right - left) * (bottom - top) - shared
        waiting = [
            other
            for other, apart in zip(others, shared <= NMS_OVERLAP * union, strict=True)
            if apart
        ]
    return kept
