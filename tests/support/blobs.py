"""Faces that need no trained network: bright squares on dark ground, and what finds them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.face.faces import Face, face_from_landmarks
from liveportrait_core.face.landmarks import LandmarkNetwork
from liveportrait_core.imaging.landmark_layouts import Landmarks

DARK, BRIGHT = 40, 220
THRESHOLD = 130

# Where the 21 points lie in a face, shares of its square; any face-like places would do.
POINTS = np.array(
    [
        *[(0.10, 0.10), (0.40, 0.10), (0.60, 0.10), (0.90, 0.10)],
        *[(0.15, 0.30), (0.40, 0.30), (0.60, 0.30), (0.85, 0.30)],
        *[(0.27, 0.25), (0.27, 0.33), (0.73, 0.25), (0.73, 0.33)],
        *[(0.27, 0.30), (0.73, 0.30), (0.50, 0.55)],
        *[(0.30, 0.75), (0.70, 0.75), (0.50, 0.72), (0.50, 0.78), (0.50, 0.85), (0.50, 0.95)],
    ]
)


def face_frame(
    *squares: tuple[int, int, int], width: int = 160, height: int = 120
) -> NDArray[np.uint8]:
    """A dark picture with bright squares (x, y, side)."""
    frame = np.full((height, width, 3), DARK, np.uint8)
    for x, y, side in squares:
        frame[max(0, y) : y + side, max(0, x) : x + side] = BRIGHT
    return frame


def squares_in(picture: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """x, y, width, height of every bright region of at least 4 pixels a side."""
    grey = np.ascontiguousarray(picture[..., 1] > THRESHOLD).astype(np.uint8)
    _, _, rows, _ = cv2.connectedComponentsWithStats(grey)
    boxes = [tuple(int(value) for value in row[:4]) for row in rows[1:]]
    return [(x, y, w, h) for x, y, w, h in boxes if min(w, h) >= 4]


def landmarks_of(box: tuple[float, float, float, float]) -> Landmarks:
    x, y, width, height = box
    return Landmarks(POINTS * (width, height) + (x - 0.5, y - 0.5), "compact-21")


@dataclass
class SquareFinder:
    """Finds the squares, as a detector finds faces."""

    tried = "bright squares"

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        return [face_from_landmarks(landmarks_of(box), 0.9) for box in squares_in(frame)]


def square_network(size_px: int = 64) -> LandmarkNetwork:
    """Reads the landmarks of the square nearest to a crop's middle; none gives no face's shape."""

    def read(faces: Tensor) -> Tensor:
        rows = []
        for face in faces:
            pixels = (face.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
            boxes = squares_in(pixels)
            if not boxes:
                rows.append(torch.zeros(len(POINTS), 2))
                continue
            middle = size_px / 2
            nearest = min(
                boxes, key=lambda b: abs(b[0] + b[2] / 2 - middle) + abs(b[1] + b[3] / 2 - middle)
            )
            points = landmarks_of(nearest).points
            rows.append(torch.from_numpy((points + 0.5) * 2 / size_px - 1).float())
        return torch.stack(rows)

    return LandmarkNetwork(read=read, size_px=size_px)
