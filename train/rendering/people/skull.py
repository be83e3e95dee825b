"""The shape of an identity's skull, for what lies on it: hair, hats, scarves."""

from typing import Final

import cv2
import numpy as np

from ..arrays import FloatArray, Floats

ROWS: Final = 24
COLUMNS: Final = 48
"""Cells of latitude and longitude."""

CENTRE_ABOVE_BROWS: Final = -0.5
CENTRE_Z: Final = 0.5
EAR_HALF_WIDTH: Final = 7.6
EAR_TOP_Y: Final = 6.5


class Skull:
    """How far the skin lies from the middle of the head in each direction."""

    def __init__(self, points: FloatArray, brow_y: float) -> None:
        """Measure a skull.

        Args:
            points: (N, 3) skin of face and scalp.
            brow_y: height of the brows.
        """
        ears = (np.abs(points[:, 0]) > EAR_HALF_WIDTH) & (points[:, 1] < EAR_TOP_Y)
        skin = points[~ears & (points[:, 1] > brow_y - 12)]
        self.brow_y = brow_y
        self.centre = np.array([0, brow_y + CENTRE_ABOVE_BROWS, CENTRE_Z], dtype=np.float32)
        self.top_y = float(points[:, 1].max())
        self._reach = self._measure(skin - self.centre)

    def _measure(self, centred: FloatArray) -> FloatArray:
        distance = np.linalg.norm(centred, axis=1)
        row, column = _cells(centred / distance[:, None])
        cells = np.zeros((ROWS, COLUMNS), dtype=np.float32)
        place = (np.clip(row.astype(int), 0, ROWS - 1), column.astype(int) % COLUMNS)
        np.maximum.at(cells, place, distance.astype(np.float32))
        weight = (cells > 0).astype(np.float32)
        for _ in range(3):  # spread into cells without a vertex, round the head
            wide = [np.concatenate([m[:, -4:], m, m[:, :4]], axis=1) for m in (cells, weight)]
            soft = [cv2.GaussianBlur(m, (0, 0), 1.2)[:, 4:-4] for m in wide]
            filled = soft[0] / np.maximum(soft[1], 1e-6)
            cells = np.where(weight > 0, np.maximum(cells, filled), filled * (soft[1] > 0))
            weight = (cells > 0).astype(np.float32)
        return np.concatenate([cells[:, -1:], cells, cells[:, :2]], axis=1).astype(np.float32)

    def reach(self, directions: Floats) -> FloatArray:
        """Distance of the skin from the centre along unit directions (..., 3)."""
        row, column = _cells(directions)
        shape = row.shape
        flat_row = np.clip(row - 0.5, 0, ROWS - 1).reshape(1, -1).astype(np.float32)
        flat_column = (column + 0.5).reshape(1, -1).astype(np.float32)
        return _bilinear(self._reach, flat_row[0], flat_column[0]).reshape(shape)


def _cells(directions: Floats) -> tuple[Floats, Floats]:
    """Row and column, as real numbers, of directions (..., 3); rows run from top to bottom."""
    up = np.clip(directions[..., 1], -1, 1)
    row = np.arccos(up) / np.pi * ROWS
    turn = np.arctan2(directions[..., 0], directions[..., 2])
    return row, (turn / (2 * np.pi) % 1) * COLUMNS


def _bilinear(table: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
    i = np.minimum(row.astype(np.int32), table.shape[0] - 2)
    j = np.minimum(column.astype(np.int32), table.shape[1] - 2)
    p, q = row - i, column - j
    upper = table[i, j] * (1 - q) + table[i, j + 1] * q
    lower = table[i + 1, j] * (1 - q) + table[i + 1, j + 1] * q
    return (upper * (1 - p) + lower * p).astype(np.float32)
