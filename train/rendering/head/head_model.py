"""The face model cut down to what is drawn: a head ready to be deformed and painted."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from liveportrait_core.constants import CompactKeypoint

from ..arrays import BoolArray, ByteArray, FloatArray, IndexArray, IntArray
from ..regions import Region
from .face_model import DRAWN_MATERIALS, LASH_MATERIAL, RawFaceModel

KEYPOINT_NAMES: Final = tuple(keypoint.name.lower() for keypoint in CompactKeypoint)
"""The 21 points; left and right are the image's. Order is part of the file format."""

BROWS_AND_EYE_CORNERS: Final = (19, 21, 22, 24, 36, 39, 42, 45)
NOSE_MOUTH_CHIN: Final = (30, 48, 54, 62, 66, 57, 8)
"""Landmarks (Multi-PIE, 68) that are keypoints as they are: first eight and last seven."""

EYE_BACK_SHARE: Final = 0.25
"""How far in front of an eyeball's centre a triangle must lie to be kept, in depths of the ball."""

MIN_OFFSET: Final = 1e-3
"""Expression offsets below this (model units) are left out."""

EYES: Final = ("eye_left", "eye_right")


@dataclass(frozen=True, slots=True)
class SparseOffsets:
    """Expression offsets of the vertices that move; see `rasterise.add_weighted`."""

    starts: IntArray
    indices: IntArray
    offsets: FloatArray


@dataclass(frozen=True, slots=True)
class HeadModel:
    """A head to deform: x right, y up, z towards the viewer, model units (about centimetres).

    Vertices are those of the face model, cut and with finer eyeballs appended.
    """

    vertices: FloatArray
    triangles: IntArray
    regions: ByteArray
    """(T,) what each triangle shows."""
    expression_names: tuple[str, ...]
    expressions: SparseOffsets
    identity_modes: FloatArray
    """(M, 3 V)."""
    landmarks: IndexArray
    keypoints: IndexArray
    """(21,) vertices, in the order of KEYPOINT_NAMES."""
    parts: dict[str, IndexArray]
    """Vertices of each part of the face model."""
    poles: dict[str, int]
    """Front pole of each of EYES: the middle of its iris."""
    lashes: FloatArray
    """(L, 3) points of the lashes."""
    lash_triangles: IntArray
    """(Q, 3) the lash cards, two triangles each; hairs are drawn on them, not the cards."""
    eye_centres: dict[str, FloatArray]
    """Middle of each of EYES, which it turns about."""

    def expression_index(self, name: str) -> int:
        """Column of an expression."""
        return self.expression_names.index(name)


def build_head(raw: RawFaceModel) -> HeadModel:
    """Keep the drawn materials, drop the hidden back of the eyeballs and halve their triangles."""
    region_of = np.array(
        [DRAWN_MATERIALS.get(name, Region.BACKGROUND) for name in raw.material_names], np.uint8
    )
    regions = region_of[raw.materials]
    socket = raw.parts["socket"]
    in_socket = raw.triangles.min(axis=1) >= socket.start
    in_socket &= raw.triangles.max(axis=1) < socket.stop
    regions[in_socket] = Region.MOUTH
    kept = (regions != Region.BACKGROUND) & ~_hidden_eye_triangles(raw, regions)
    triangles, regions = raw.triangles[kept], regions[kept]
    parents = np.repeat(np.arange(len(raw.vertices))[:, None], 2, axis=1)
    triangles, parents, source = _split_triangles(triangles, regions == Region.EYE, parents)
    lash = raw.triangles[raw.materials == raw.material_names.index(LASH_MATERIAL)]
    used, flat = np.unique(np.concatenate([triangles, lash]), return_inverse=True)
    numbered = np.ascontiguousarray(flat.reshape(-1, 3).astype(np.int32))
    new_of = np.full(len(parents), -1, dtype=np.int64)
    new_of[used] = np.arange(len(used))
    parents = parents[used]
    eyes = {name: raw.parts[name] for name in EYES}
    poles = {name: part.start + int(raw.vertices[part, 2].argmax()) for name, part in eyes.items()}
    modes = raw.identity_modes.astype(np.float32)
    return HeadModel(
        vertices=_average(raw.vertices, parents),
        triangles=numbered[: len(triangles)],
        regions=np.ascontiguousarray(regions[source]),
        expression_names=raw.expression_names,
        expressions=_sparse(raw.expressions, parents),
        identity_modes=np.stack([_average(mode, parents).ravel() for mode in modes]),
        landmarks=new_of[raw.landmarks],
        keypoints=new_of[_keypoint_vertices(raw, poles)],
        parts={
            name: np.flatnonzero((parents[:, 0] >= part.start) & (parents[:, 0] < part.stop))
            for name, part in raw.parts.items()
        },
        poles={name: int(new_of[pole]) for name, pole in poles.items()},
        lashes=raw.vertices[np.unique(lash)],
        lash_triangles=numbered[len(triangles) :],
        eye_centres={name: _ball_centre(raw, part) for name, part in eyes.items()},
    )


def _average(points: FloatArray, parents: IndexArray) -> FloatArray:
    return (points[parents[:, 0]] + points[parents[:, 1]]) * np.float32(0.5)


def _ball_centre(raw: RawFaceModel, part: slice) -> FloatArray:
    """Centre of the sphere that fits the back of an eyeball.

    The mean of the vertices lies in front of the centre, because the cornea has more of them.
    """
    white = [raw.material_names.index(name) for name in ("M_ScleraLeft", "M_ScleraRight")]
    vertices = np.unique(raw.triangles[np.isin(raw.materials, white)])
    points = raw.vertices[vertices[(vertices >= part.start) & (vertices < part.stop)]]
    ball = points[points[:, 2] < (points[:, 2].min() + points[:, 2].max()) / 2].astype(np.float64)
    system = np.concatenate([2 * ball, np.ones((len(ball), 1))], axis=1)
    solution = np.linalg.lstsq(system, (ball**2).sum(axis=1), rcond=None)[0]
    return solution[:3].astype(np.float32)


def _hidden_eye_triangles(raw: RawFaceModel, regions: ByteArray) -> BoolArray:
    hidden = np.zeros(len(raw.triangles), dtype=np.bool_)
    depth = raw.vertices[raw.triangles, 2].max(axis=1)
    for part in (raw.parts[name] for name in EYES):
        z = raw.vertices[part, 2]
        limit = (z.max() + z.min()) / 2 - EYE_BACK_SHARE * np.ptp(z) / 2
        inside = (raw.triangles >= part.start).all(1) & (raw.triangles < part.stop).all(1)
        hidden |= inside & (regions == Region.EYE) & (depth < limit)
    return hidden


def _split_triangles(
    triangles: IntArray, chosen: BoolArray, parents: IndexArray
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Cut each chosen triangle in four at the middles of its edges.

    Returns:
        triangles; parents (V', 2), each vertex the mean of its two; the old triangle of each.
    """
    corners = triangles[chosen].astype(np.int64)
    edges = np.sort(corners[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, which = np.unique(edges, axis=0, return_inverse=True)
    middle = which.reshape(-1, 3) + len(parents)
    a, b, c = corners.T
    ab, bc, ca = middle.T
    pieces = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    fine = np.concatenate([np.stack(piece, axis=1) for piece in pieces])
    old = np.flatnonzero(~chosen)
    source = np.concatenate([old, np.tile(np.flatnonzero(chosen), 4)])
    all_triangles = np.concatenate([triangles[old].astype(np.int64), fine])
    return all_triangles, np.concatenate([parents, unique]), source


def _sparse(expressions: npt.NDArray[np.float16], parents: IndexArray) -> SparseOffsets:
    starts, indices, offsets = [0], list[IntArray](), list[FloatArray]()
    for shape in expressions:
        full = _average(shape.astype(np.float32), parents)
        moving = np.flatnonzero(np.abs(full).max(axis=1) > MIN_OFFSET)
        indices.append(moving.astype(np.int32))
        offsets.append(full[moving])
        starts.append(starts[-1] + len(moving))
    return SparseOffsets(
        np.array(starts, dtype=np.int32), np.concatenate(indices), np.concatenate(offsets)
    )


def _keypoint_vertices(raw: RawFaceModel, poles: dict[str, int]) -> IndexArray:
    """The 21 vertices, in the face model's own numbering.

    The iris point is the pole of the eyeball: the mean of the iris mesh is the ball's centre and
    does not move with the gaze.
    """
    points, landmarks = raw.vertices, raw.landmarks
    face = points[raw.parts["face"]]

    def nearest_to_middle(i: int, j: int) -> int:
        middle = (points[landmarks[i]] + points[landmarks[j]]) / 2
        return int(raw.parts["face"].start + np.linalg.norm(face - middle, axis=1).argmin())

    chosen = [int(landmarks[k]) for k in BROWS_AND_EYE_CORNERS]
    chosen += [_upper_lid(raw, 37, 38), nearest_to_middle(40, 41)]
    chosen += [_upper_lid(raw, 43, 44), nearest_to_middle(46, 47)]
    chosen += [poles["eye_right"], poles["eye_left"]]
    chosen += [int(landmarks[k]) for k in NOSE_MOUTH_CHIN]
    return np.array(chosen, dtype=np.int64)


def _upper_lid(raw: RawFaceModel, i: int, j: int) -> int:
    """The vertex half way between two lid landmarks that follows the blink like the lid margin.

    The nearest vertex alone may lie on the inner side of the lid and move much less.
    """
    pair = raw.landmarks[[i, j]]
    blinks = [
        np.linalg.norm(raw.expressions[raw.expression_names.index(name)].astype(np.float32), axis=1)
        for name in ("eyeBlink_L", "eyeBlink_R")
    ]
    move = max(blinks, key=lambda blink: float(blink[pair].sum()))
    face = raw.parts["face"]
    distance = np.linalg.norm(raw.vertices[face] - raw.vertices[pair].mean(axis=0), axis=1)
    lazy = move[face] < 0.85 * move[pair].mean()
    return int(face.start + np.where(lazy, np.inf, distance).argmin())
