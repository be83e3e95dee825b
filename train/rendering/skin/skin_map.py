"""The map of the skin: where each point of a head lies in the texture that is painted on it."""

from typing import Final

import cv2
import numpy as np

from ..arrays import BoolArray, FloatArray, Floats
from ..head.head_model import HeadModel
from ..raster.rasterise import interpolate, rasterise
from ..regions import Region

MAP_PX: Final = 384
COARSE_PX: Final = 256
"""Distances are smooth, so they are measured on a coarser map and enlarged."""

HALF_TURN: Final = 1.83
"""Angle from the middle of the face to the map's edge, radians: just behind the ears."""
FRONT_SHARE: Final = 0.75
"""Below 1 the front of the face gets more of the map than the sides."""
TOP_Y: Final = 14.0
BOTTOM_Y: Final = -12.0
CHIN_TILT: Final = 0.35
"""How much of the distance from the axis counts as height below the mouth: under the chin the
height alone says nothing."""
TILT_BELOW_Y: Final = -4.0
REACH: Final = 9.0


def places_on_map(points: FloatArray, size_px: int = MAP_PX) -> FloatArray:
    """Column and row on the map, and the map's share in the colour there, (N, 3).

    Args:
        points: (N, 3) of the face model's own neutral head, model units.
        size_px: the map's width and height.
    """
    x, y, z = points.T
    angle = np.arctan2(x, z)
    reach = np.hypot(x, z)
    across = np.sin(FRONT_SHARE * np.clip(angle, -HALF_TURN, HALF_TURN))
    column = (across / np.sin(FRONT_SHARE * HALF_TURN) + 1) / 2
    below = 1 / (1 + np.exp(np.clip(2 * (y - TILT_BELOW_Y), -30, 30)))
    height = y + CHIN_TILT * below * np.minimum(reach - REACH, 0)
    row = (TOP_Y - height) / (TOP_Y - BOTTOM_Y)
    share = _fade(HALF_TURN - np.abs(angle), 0.3)
    share *= _fade(height - BOTTOM_Y, 1.5) * _fade(TOP_Y - height, 2.5) * _fade(reach - 2, 2)
    return np.stack([column * size_px, row * size_px, share], axis=1).astype(np.float32)


def _fade(distance: Floats, width: float) -> Floats:
    return np.clip(distance / width, 0, 1)


def map_skin(head: HeadModel, size_px: int) -> FloatArray:
    """Where each texel of a map lies on the neutral head's outermost skin, (R, R, 3).

    Gaps (eyes, mouth) take the nearest texel that lies on the skin.
    """
    places = places_on_map(head.vertices, size_px)
    reach = np.hypot(head.vertices[:, 0], head.vertices[:, 2])
    screen = np.concatenate([places[:, :2], 100 - reach[:, None]], axis=1).astype(np.float32)
    front = head.triangles[head.regions == Region.SKIN]
    wide = np.ptp(places[front, 0], axis=1) < size_px / 4  # not across the seam at the back
    front = np.ascontiguousarray(front[wide])
    depth = np.empty((size_px, size_px), dtype=np.float32)
    nearest = np.empty((size_px, size_px), dtype=np.int32)
    rasterise(screen, front, np.zeros(len(front), np.uint8), depth, nearest)
    points = np.zeros((size_px, size_px, 3), dtype=np.float32)
    interpolate(screen, front, nearest, head.vertices, points)
    return _nearest_known(points, nearest >= 0)


def _nearest_known(points: FloatArray, known: BoolArray) -> FloatArray:
    unknown = (~known).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = labels.astype(np.int64, copy=False)
    table = np.zeros((int(labels.max()) + 1, 3), dtype=np.float32)
    table[nearest[known]] = points[known]
    return table[nearest]
