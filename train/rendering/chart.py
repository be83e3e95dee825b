"""Where things are on the neutral face: distances that paint is applied by."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from .arrays import FloatArray, Floats
from .head import HeadModel

BROWS: Final = (slice(17, 22), slice(22, 27))
EYE_RINGS: Final = ((36, 37, 38, 39, 40, 41, 36), (42, 43, 44, 45, 46, 47, 42))
UPPER_LIDS: Final = (slice(36, 40), slice(42, 46))
OUTER_LIPS: Final = slice(48, 60)
NOSE_BASE: Final = 33
NOSTRILS: Final = (32, 34)
UPPER_LIP: Final = 51
CHIN: Final = 8
NEAR_EYES: Final = 0.8
IN_FRONT_Z: Final = 4.0
"""Vertices behind this are ears, neck and sides, never lips."""


@dataclass(frozen=True, slots=True)
class FaceChart:
    """Distances on the neutral face, one row per vertex of the face part, model units."""

    points: FloatArray
    inside_lips: FloatArray
    """Distance to the outer lip line, positive inside; very negative behind the face."""
    brow_distance: tuple[FloatArray, FloatArray]
    brow_share: tuple[FloatArray, FloatArray]
    """How far along its brow a vertex lies, 0 to 1."""
    eye_distance: FloatArray
    """To the nearest lid line, upper or lower."""
    upper_lid_distance: FloatArray
    lash_distance: FloatArray
    """To the nearest lash; infinite away from the eyes."""
    nostril_distance: FloatArray
    nose_y: float
    lip_y: float
    chin_y: float
    brow_y: float


def chart_face(head: HeadModel) -> FaceChart:
    """Measure the neutral face once; every identity is painted by it."""
    points = head.vertices[head.parts["face"]]
    marks = head.vertices[head.landmarks]
    lips = np.where(
        points[:, 2] > IN_FRONT_Z, _inside(points[:, :2], marks[OUTER_LIPS, :2]), np.float32(-99)
    )
    brows = [_to_line(points, marks[part]) for part in BROWS]
    eyes = [_to_line(points, marks[list(ring)])[0] for ring in EYE_RINGS]
    lids = [_to_line(points, marks[part])[0] for part in UPPER_LIDS]
    nostrils = [
        np.linalg.norm(points - marks[k] - np.array([0, 0.1, 0], np.float32), axis=1)
        for k in NOSTRILS
    ]
    near_eyes = np.flatnonzero(np.minimum(*eyes) < NEAR_EYES)
    lashes = np.full(len(points), np.inf, dtype=np.float32)
    gaps = points[near_eyes, None] - head.lashes[None]
    lashes[near_eyes] = np.linalg.norm(gaps, axis=2).min(axis=1)
    return FaceChart(
        points=points,
        inside_lips=lips.astype(np.float32),
        brow_distance=(brows[0][0], brows[1][0]),
        brow_share=(brows[0][1], brows[1][1]),
        eye_distance=np.minimum(*eyes),
        upper_lid_distance=np.minimum(*lids),
        lash_distance=lashes,
        nostril_distance=np.minimum(*nostrils).astype(np.float32),
        nose_y=float(marks[NOSE_BASE, 1]),
        lip_y=float(marks[UPPER_LIP, 1]),
        chin_y=float(marks[CHIN, 1]),
        brow_y=float(marks[17:27, 1].max()),
    )


def _to_line(points: FloatArray, line: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance of each point to a line of segments, and the share of the line at its foot."""
    best = np.full(len(points), np.inf, dtype=np.float32)
    share = np.zeros(len(points), dtype=np.float32)
    for k in range(len(line) - 1):
        along = line[k + 1] - line[k]
        t = np.clip((points - line[k]) @ along / max(float(along @ along), 1e-9), 0, 1)
        distance = np.linalg.norm(points - line[k] - t[:, None] * along, axis=1)
        nearer = distance < best
        best[nearer] = distance[nearer]
        share[nearer] = (k + t[nearer]) / (len(line) - 1)
    return best, share


def _inside(points: FloatArray, outline: FloatArray) -> Floats:
    polygon = np.ascontiguousarray(outline, dtype=np.float32).reshape(-1, 1, 2)
    return np.array([cv2.pointPolygonTest(polygon, (float(x), float(y)), True) for x, y in points])
