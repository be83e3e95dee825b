"""Whether the faces of a clip are one person's, by a recognition network that the user brings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.onnx import open_session
from liveportrait_core.imaging.landmark_layouts import LAYOUTS, Landmarks
from liveportrait_core.imaging.tensors import Pixels

from ..metrics.face_similarity import ARCFACE_POINTS, ARCFACE_PX

MIN_EMBEDDING: Final = 64
"""Length of an embedding at least; 512 is usual."""

Recognise = Callable[[Pixels, Landmarks], NDArray[np.float32]]
"""A frame and its face -> a vector of length 1."""


def load_recognition(path: Path) -> Recognise:
    """An ArcFace network as .onnx, for example InsightFace's `w600k_r50.onnx`.

    Raises:
        CheckpointError: onnxruntime or the file is missing, or it is another network.
    """
    run = open_session(path)

    def recognise(frame: Pixels, landmarks: Landmarks) -> NDArray[np.float32]:
        crop = aligned(frame, landmarks).astype(np.float32)
        vector = run(((crop - 127.5) / 127.5).transpose(2, 0, 1)[None])[0].reshape(-1)
        if len(vector) < MIN_EMBEDDING:
            raise CheckpointError(
                f"{path} gives {len(vector)} numbers; a recognition network with 512 is expected. "
                "Give InsightFace's w600k_r50.onnx or another ArcFace network."
            )
        return np.asarray(vector / np.linalg.norm(vector).clip(1e-9), np.float32)

    return recognise


def aligned(frame: Pixels, landmarks: Landmarks) -> Pixels:
    """The face as ArcFace takes it: turned, shifted and zoomed by eyes and mouth.

    Convention:
        - by three points, which landmarks of every layout have; not all have the nose's tip

    Returns:
        (112, 112, 3).
    """
    layout = LAYOUTS[landmarks.layout]
    groups = (layout.left_eye, layout.right_eye, layout.lip)
    points = np.stack([landmarks.points[list(group)].mean(0) for group in groups])
    target = np.array(ARCFACE_POINTS)
    matrix = _similarity(points, np.stack((target[0], target[1], target[3:].mean(0))))
    return np.asarray(cv2.warpAffine(frame, matrix, (ARCFACE_PX, ARCFACE_PX)), np.uint8)


def lowest_similarity(vectors: Sequence[NDArray[np.float32]]) -> float:
    """The smallest cosine of any two of some vectors of length 1."""
    stacked = np.stack(vectors)
    return float((stacked @ stacked.T).min())


def _similarity(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 3) rotation, zoom and shift that bring points to their targets by least squares."""
    rows = [[[x, -y, 1, 0], [y, x, 0, 1]] for x, y in points]
    solution, *_ = np.linalg.lstsq(np.concatenate(rows), target.reshape(-1), rcond=None)
    a, b, x, y = solution
    return np.array([[a, -b, x], [b, a, y]])
