"""Read a face model: neutral mesh, expressions, identity modes, landmarks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from liveportrait_core.errors import LivePortraitError

from ..arrays import FloatArray, IndexArray, IntArray
from ..regions import Region

LASH_MATERIAL: Final = "M_EyeLashes"
"""Not drawn, but its roots are where the lash line is painted."""

NUM_LANDMARKS: Final = 68
MESH_NAME: Final = "generic_neutral_mesh.obj"
INDEX_NAME: Final = "vertex_indices.json"
MAX_IDENTITY_MODES: Final = 60
REQUIRED_KEYS: Final = ("V", "F", "m", "mats", "E", "names", "I", "lm")

ICT_PARTS: Final[Mapping[str, slice]] = {
    "face": slice(0, 9409),
    "scalp": slice(9409, 11248),
    "socket": slice(11248, 13294),
    "gums": slice(14062, 17039),
    "teeth": slice(17039, 21451),
    "eye_left": slice(21451, 23021),
    "eye_right": slice(23021, 24591),
}
"""Vertex ranges of ICT-FaceKit's mesh, light and full versions alike."""
NUM_VERTICES_NEEDED: Final = 24591

DRAWN_MATERIALS: Final = {
    "M_Face": Region.SKIN,
    "M_BackHead": Region.SKIN,
    "M_ScleraLeft": Region.EYE,
    "M_ScleraRight": Region.EYE,
    "M_Teeth": Region.MOUTH,
    "M_GumsTongue": Region.MOUTH,
}
"""Materials we draw. Lashes, tear fluid and occlusion shells need transparency; the iris lies
inside the sclera, so it is painted on the sclera instead."""


class FaceModelError(LivePortraitError):
    """The face model is missing, or is not one we can read."""


@dataclass(frozen=True, slots=True)
class RawFaceModel:
    """A face model as its files hold it, before it is cut down to what we draw."""

    vertices: FloatArray
    triangles: IntArray
    materials: npt.NDArray[np.int16]
    material_names: tuple[str, ...]
    expressions: npt.NDArray[np.float16]
    expression_names: tuple[str, ...]
    identity_modes: npt.NDArray[np.float16]
    landmarks: IndexArray
    parts: Mapping[str, slice] = field(default_factory=lambda: ICT_PARTS)
    """Vertex range of each part; the names are those of ICT_PARTS."""


def read_face_model(path: Path) -> RawFaceModel:
    """Read an .npz in our layout, or an ICT-FaceKit clone (its `FaceXModel` folder or the parent).

    Raises:
        FaceModelError: the path is neither, or what it holds is incomplete.
    """
    if path.is_file() and path.suffix == ".npz":
        raw = _read_npz(path)
    else:
        folder = next((f for f in (path, path / "FaceXModel") if (f / MESH_NAME).is_file()), None)
        if folder is None:
            raise FaceModelError(
                f"{path} is not a face model; an .npz face model is expected, or the FaceXModel "
                f"folder of an ICT-FaceKit clone, which holds {MESH_NAME}. Name one of these."
            )
        raw = _read_ict_folder(folder)
    _check(raw, path)
    return raw


def _check(raw: RawFaceModel, path: Path) -> None:
    count = len(raw.vertices)
    missing = [name for name in (*DRAWN_MATERIALS, LASH_MATERIAL) if name not in raw.material_names]
    if count < NUM_VERTICES_NEEDED or missing or len(raw.landmarks) != NUM_LANDMARKS:
        raise FaceModelError(
            f"{path} has {count} vertices, {len(raw.landmarks)} landmarks and lacks the materials "
            f"{missing}; ICT-FaceKit's mesh with 68 landmarks is expected. Use its clone unchanged."
        )
    widths = {raw.expressions.shape[1], raw.identity_modes.shape[1], count}
    if len(widths) != 1 or len(raw.expression_names) != len(raw.expressions):
        raise FaceModelError(
            f"The expressions and identity modes of {path} have {sorted(widths)} vertices; "
            "the same number in all is expected. Take all files from one version."
        )


def _read_npz(path: Path) -> RawFaceModel:
    with np.load(path, allow_pickle=False) as archive:
        missing = [key for key in REQUIRED_KEYS if key not in archive]
        if missing:
            raise FaceModelError(
                f"{path} lacks the arrays {missing}; {', '.join(REQUIRED_KEYS)} are expected. Name "
                "a file of a face model."
            )
        return RawFaceModel(
            vertices=archive["V"].astype(np.float32),
            triangles=archive["F"].astype(np.int32),
            materials=archive["m"].astype(np.int16),
            material_names=tuple(str(name) for name in archive["mats"]),
            expressions=archive["E"].astype(np.float16),
            expression_names=tuple(str(name) for name in archive["names"]),
            identity_modes=archive["I"].astype(np.float16),
            landmarks=archive["lm"].astype(np.int64),
        )


def _read_ict_folder(folder: Path) -> RawFaceModel:
    try:
        index = json.loads((folder / INDEX_NAME).read_text(encoding="utf-8"))
        names = [str(name) for name in index["expressions"]]
        landmarks = np.asarray(index["idx_to_landmark_verts"], dtype=np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise FaceModelError(
            f"{folder / INDEX_NAME} cannot be used ({error}); the keys expressions and "
            "idx_to_landmark_verts are expected. Use the ICT-FaceKit clone unchanged."
        ) from error
    vertices, triangles, material_of = _read_mesh(folder / MESH_NAME)
    material_names = sorted(set(material_of))
    modes = sorted(folder.glob("identity*.obj"))[:MAX_IDENTITY_MODES]
    if not modes:
        raise FaceModelError(f"{folder} has no identity*.obj. Use the ICT-FaceKit clone unchanged.")
    return RawFaceModel(
        vertices=vertices,
        triangles=triangles,
        materials=np.array([material_names.index(name) for name in material_of], dtype=np.int16),
        material_names=tuple(material_names),
        expressions=_offsets([folder / f"{name}.obj" for name in names], vertices),
        expression_names=tuple(names),
        identity_modes=_offsets(modes, vertices),
        landmarks=landmarks,
    )


def _offsets(paths: Sequence[Path], neutral: FloatArray) -> npt.NDArray[np.float16]:
    stack = np.empty((len(paths), *neutral.shape), dtype=np.float16)
    for row, path in enumerate(paths):
        if not path.is_file():
            raise FaceModelError(f"{path} is missing. Use the ICT-FaceKit clone unchanged.")
        points = _read_points(path)
        if points.shape != neutral.shape:
            raise FaceModelError(
                f"{path} has {len(points)} vertices; {len(neutral)} are expected, as in the "
                "neutral mesh. Take all files from one version."
            )
        stack[row] = points - neutral
    return stack


def _read_points(path: Path) -> FloatArray:
    with path.open(encoding="utf-8") as lines:
        rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
    return np.array(rows, dtype=np.float32).reshape(-1, 3)


def _read_mesh(path: Path) -> tuple[FloatArray, IntArray, list[str]]:
    """Vertices, triangles (polygons as fans) and the material name of each triangle."""
    triangles: list[tuple[int, int, int]] = []
    materials: list[str] = []
    material = ""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("usemtl"):
                material = line.split()[1]
            elif line.startswith("f "):
                corners = [int(token.split("/")[0]) - 1 for token in line.split()[1:]]
                fan = range(1, len(corners) - 1)
                triangles += [(corners[0], corners[k], corners[k + 1]) for k in fan]
                materials += [material] * len(fan)
    return _read_points(path), np.array(triangles, dtype=np.int32).reshape(-1, 3), materials
