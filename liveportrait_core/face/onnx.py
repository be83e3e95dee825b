"""Face networks that users bring as .onnx files; onnxruntime is imported when one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import CheckpointError
from ..imaging.landmark_layouts import INSIGHTFACE_106, LIVEPORTRAIT_203, Landmarks
from ..imaging.tensors import Pixels
from .faces import Box, Face
from .landmarks import LandmarkNetwork

Array = NDArray[np.float32]
Run = Callable[[Array], list[Array]]
"""One input -> every output, in the file's order."""

LANDMARK_PX: Final = 224
LANDMARK_SCALE: Final = 1.5
LANDMARK_VY: Final = -0.1
DETECTOR_PX: Final = 512
STRIDES: Final = (8, 16, 32)
ANCHORS: Final = 2
"""Anchors on each cell of the detector's grids."""
NMS_OVERLAP: Final = 0.4
POINTS_PX: Final = 192
POINTS_SCALE: Final = 1.5
"""Side of the 106-point network's crop over the longer side of the face's box."""


def landmark_203_network(path: Path, *, providers: Sequence[str] = ()) -> LandmarkNetwork:
    """The published 203-point network.

    Args:
        path: `landmark.onnx`.
        providers: onnxruntime's execution providers; none takes the CPU.

    Raises:
        CheckpointError: onnxruntime or the file is missing, or it is another network.
    """
    run = open_session(path, providers)
    return landmark_203_from(run, str(path))


def landmark_203_from(run: Run, origin: str = "the network") -> LandmarkNetwork:
    """The 203-point network around a session that is open already.

    Convention:
        - the third output holds 203 x, y as fractions of 224 pixels, whole pixels being centres
    """

    def read(face: Tensor) -> Tensor:
        rows: list[Array] = []
        for picture in face.detach().float().cpu().numpy():
            outputs = run(picture[None])
            values = outputs[2] if len(outputs) > 2 else outputs[-1]  # noqa: PLR2004
            if values.reshape(-1).size < 2 * LIVEPORTRAIT_203.num_points:
                raise CheckpointError(
                    f"{origin} gives {values.reshape(-1).size} numbers; the 203-point network "
                    "gives 406 in its third output. Give LivePortrait's landmark.onnx."
                )
            rows.append(values.reshape(len(values), -1)[0].reshape(-1, 2))
        pixels = torch.from_numpy(np.stack(rows)).double() * LANDMARK_PX
        return (pixels + 0.5) * (2 / LANDMARK_PX) - 1

    return LandmarkNetwork(
        read=read,
        size_px=LANDMARK_PX,
        layout=LIVEPORTRAIT_203.name,
        scale=LANDMARK_SCALE,
        vy_ratio=LANDMARK_VY,
        antialias=False,
    )


class InsightFaceFinder:
    """InsightFace's `det_10g.onnx` and `2d106det.onnx`, read with onnxruntime alone.

    The models are for non-commercial use; they are the user's, never ours.
    """

    def __init__(
        self, folder: Path, *, threshold: float = 0.15, providers: Sequence[str] = ()
    ) -> None:
        """A finder.

        Args:
            folder: Holds both files, as in `models/buffalo_l`.
            threshold: Least score of a face.
            providers: onnxruntime's execution providers; none takes the CPU.

        Raises:
            CheckpointError: onnxruntime or a file is missing, or a file is damaged.
        """
        self._detect = open_session(folder / "det_10g.onnx", providers)
        self._points = open_session(folder / "2d106det.onnx", providers)
        self._threshold = threshold

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return f"InsightFace det_10g, threshold {self._threshold:.2f}"

    def find(self, frame: Pixels) -> list[Face]:
        """Every face above the threshold, with 106 landmarks."""
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
                f"2d106det.onnx gives {units.size} numbers; 212 were expected. "
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
        threshold: Least score.
        size_px: Side of the detector's input.

    Returns:
        left, top, right, bottom in input pixels and score, most confident first, overlaps removed.

    Raises:
        CheckpointError: Outputs of another kind.
    """
    if len(outputs) < 2 * len(STRIDES):
        raise CheckpointError(
            f"The detector has {len(outputs)} outputs; SCRFD has 6 or 9. Give det_10g.onnx."
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
                f"{cells * cells * ANCHORS} were expected. Give det_10g.onnx."
            )
        y, x = np.divmod(np.arange(cells * cells).repeat(ANCHORS), cells)
        anchors = np.stack((x, y, x, y), 1) * stride
        keep = score >= threshold
        boxes.append((anchors + distance * (-1, -1, 1, 1))[keep])
        scores.append(score[keep])
    return _suppressed(np.concatenate(boxes), np.concatenate(scores))


def open_session(path: Path, providers: Sequence[str] = ()) -> Run:
    """A .onnx file as a function of its one input.

    Raises:
        CheckpointError: onnxruntime or the file is missing, or the file is damaged.
    """
    if not path.is_file():
        raise CheckpointError(
            f"There is no {path}. Put the file there, or use the built-in finder."
        )
    session = load_session(path, providers)
    name = session.get_inputs()[0].name
    return lambda values: session.run(None, {name: values})


def load_session(path: Path, providers: Sequence[str] = ()) -> Any:
    """A .onnx file as onnxruntime's session.

    Raises:
        CheckpointError: onnxruntime is missing, or the file is damaged.
    """
    try:
        runtime: Any = import_module("onnxruntime")
    except ImportError as error:
        raise CheckpointError(
            f"{path.name} needs onnxruntime, which is not installed. "
            "Run: pip install 'liveportrait-suite[onnx]'"
        ) from error
    try:
        return runtime.InferenceSession(
            str(path), providers=list(providers) or ["CPUExecutionProvider"]
        )
    except Exception as error:
        raise CheckpointError(
            f"onnxruntime cannot load {path}: {str(error).splitlines()[0]}. "
            "Get the file again; it may be cut short."
        ) from error


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
