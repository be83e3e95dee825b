"""Where things are on the neutral face: distances that paint is applied by."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..arrays import FloatArray, Floats, IndexArray
from ..head.head_model import HeadModel
from ..noise import NoiseBank, make_noise
from ..raster.occlusion import sky_visibility
from ..regions import Region
from .creases import CreaseMaps, crease_layers
from .lashes import lash_quads
from .skin_map import COARSE_PX, MAP_PX, map_skin, places_on_map

BROWS: Final = (slice(17, 22), slice(22, 27))
EYE_RINGS: Final = ((36, 37, 38, 39, 40, 41, 36), (42, 43, 44, 45, 46, 47, 42))
UPPER_LIDS: Final = (slice(36, 40), slice(42, 46))
OUTER_LIPS: Final = slice(48, 60)
NOSE_BASE: Final = 33
UPPER_LIP: Final = 51
CHIN: Final = 8
NEAR_EYES: Final = 0.8
IN_FRONT_Z: Final = 4.0
"""Vertices behind this are ears, neck and sides, never lips."""


BLOOD_LAYER, FOREHEAD_LAYER, FIRST_CREASE_LAYER = 0, 1, 2
MIN_ZONE: Final = 0.01
LIP_MARGIN: Final = 2.0
"""Model units round the lips within which the distance to their line is measured."""


@dataclass(frozen=True, slots=True)
class FaceChart:
    """What is where on the map of the neutral skin, model units; all maps are (R, R)."""

    points: FloatArray
    """(R, R, 3) of the face model's neutral head."""
    inside_lips: FloatArray
    """Distance to the outer lip line, positive inside; very negative away from the mouth."""
    brow_distance: tuple[FloatArray, FloatArray]
    brow_share: tuple[FloatArray, FloatArray]
    """How far along its brow a texel lies, 0 to 1."""
    eye_distance: FloatArray
    """To the nearest lid line, upper or lower."""
    upper_lid_distance: FloatArray
    lash_distance: FloatArray
    """To the nearest lash; large away from the eyes."""
    marks: FloatArray
    """(68, 3) landmarks."""
    marks_on_map: FloatArray
    """(68, 2) column and row of each."""
    places: FloatArray
    """(V, 3) where each vertex of the head lies, see `skin_map.places_on_map`."""
    sky_visibility: FloatArray
    """(V,) share of the sky that each vertex of the neutral head sees."""
    noise: NoiseBank
    zones: dict[str, FloatArray]
    """Soft spots by name, 0 to 1, see `_zones`."""
    layers: FloatArray
    """(L, R, R) zones of blood and of the forehead, then each variant of each crease."""
    lash_quads: IndexArray
    """See `lashes.lash_quads`."""
    nose_y: float
    lip_y: float
    chin_y: float
    brow_y: float

    def rows(self, near: FloatArray) -> slice:
        """Rows of the maps that hold all texels where `near` (R, R) is above 0."""
        found = np.flatnonzero((near > 0).any(axis=1))
        return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)

    @property
    def size_px(self) -> int:
        """R, the width and height of the maps."""
        return len(self.points)


def chart_face(head: HeadModel, size_px: int = MAP_PX) -> FaceChart:
    """Measure the neutral face once; every identity is painted by it."""
    grid = map_skin(head, COARSE_PX)
    points = grid.reshape(-1, 3)
    marks = head.vertices[head.landmarks]

    def large(values: Floats) -> FloatArray:
        coarse = np.asarray(values, dtype=np.float32).reshape(COARSE_PX, COARSE_PX, -1)
        resized = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
        return resized.astype(np.float32, copy=False)

    brows = [_to_line(points, marks[part]) for part in BROWS]
    eyes = np.minimum(*(_to_line(points, marks[list(ring)])[0] for ring in EYE_RINGS))
    lids = np.minimum(*(_to_line(points, marks[part])[0] for part in UPPER_LIDS))
    places = places_on_map(head.vertices, size_px)
    noise = make_noise(size_px)
    brow_y, nose_y = float(marks[17:27, 1].max()), float(marks[NOSE_BASE, 1])
    maps = CreaseMaps(
        points=large(grid),
        marks=marks,
        inside_lips=large(_inside_lips(points, marks[OUTER_LIPS, :2])),
        eye_distance=large(eyes),
        brow_y=brow_y,
    )
    zones = {name: large(zone) for name, zone in _zones(points, nose_y, brow_y).items()}
    creases = crease_layers(maps, noise).reshape(-1, size_px, size_px)
    return FaceChart(
        points=maps.points,
        inside_lips=maps.inside_lips,
        brow_distance=(large(brows[0][0]), large(brows[1][0])),
        brow_share=(large(brows[0][1]), large(brows[1][1])),
        eye_distance=maps.eye_distance,
        upper_lid_distance=large(lids),
        lash_distance=large(_lash_distance(points, eyes, head.lashes)),
        marks=marks,
        marks_on_map=places[head.landmarks, :2],
        places=places,
        sky_visibility=sky_visibility(head.vertices, head.triangles, head.regions == Region.MOUTH),
        noise=noise,
        zones=zones,
        layers=np.concatenate([np.stack([zones["blood"], zones["forehead"]]), creases]),
        lash_quads=lash_quads(head),
        nose_y=nose_y,
        lip_y=float(marks[UPPER_LIP, 1]),
        chin_y=float(marks[CHIN, 1]),
        brow_y=brow_y,
    )


def _zones(points: FloatArray, nose_y: float, brow_y: float) -> dict[str, Floats]:
    """Soft spots on both sides of a face at points (N, 3)."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]

    def spot(side: float, height: float, width: float) -> Floats:
        near = np.exp(-((x - side) ** 2 + (y - height) ** 2) / width**2) * (z > 0)
        return np.where(near > MIN_ZONE, near, 0)

    oil = 0.6 + spot(0, nose_y + 2, 1.4) + 0.5 * spot(0, brow_y + 2.5, 3)
    return {
        "blood": spot(4.6, nose_y + 0.6, 2.6) + 0.8 * spot(0, nose_y + 1, 1),
        "rouge": spot(5.2, nose_y + 0.8, 1.9),
        "forehead": spot(0, brow_y + 3, 4),
        "freckles": np.clip(spot(3.2, nose_y + 1.5, 4.5) * 1.5, 0.05, 1),
        "oil": oil + 0.5 * spot(4.2, nose_y + 2.4, 1.5),
    }


def _lash_distance(points: FloatArray, eyes: FloatArray, lashes: FloatArray) -> FloatArray:
    near = np.flatnonzero(eyes < NEAR_EYES)
    distance = np.full(len(points), NEAR_EYES * 4, dtype=np.float32)
    gaps = points[near, None] - lashes[None]
    distance[near] = np.sqrt(np.einsum("nlk,nlk->nl", gaps, gaps).min(axis=1))
    return distance


def _inside_lips(points: FloatArray, outline: FloatArray) -> FloatArray:
    low, high = outline.min(axis=0) - LIP_MARGIN, outline.max(axis=0) + LIP_MARGIN
    near = (points[:, 2] > IN_FRONT_Z) & ((points[:, :2] > low) & (points[:, :2] < high)).all(1)
    inside = np.full(len(points), -LIP_MARGIN, dtype=np.float32)
    inside[near] = _inside(points[near, :2], outline)
    return inside


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
