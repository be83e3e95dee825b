"""Measures of images that `train.evaluate --frames` saved, by an independent face mesh.

    python train/evaluation/face_mesh.py FRAMES --json FILE

FRAMES holds .npz files; every array (N, H, W, 3) of 8-bit RGB in them is measured image by
image. This file needs mediapipe (0.10.21 brings its networks along and works offline), numpy and
nothing else, so that it also runs in an environment of its own: mediapipe needs older
versions of numpy and protobuf than the rest of this project.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(478, 3) x right, y down, z away from the camera, in sides of the picture."""
PROG = "python train/evaluation/face_mesh.py"
PICTURE_AXES = 4

EYE_CORNERS = {"left": (33, 133), "right": (362, 263)}
"""Of the eye on the image's left and of the other; from left to right."""
LIDS = {
    "left": ((160, 144), (159, 145), (158, 153)),
    "right": ((385, 380), (386, 374), (387, 373)),
}
"""Three places on the upper lid, each with the one below it on the lower lid."""
IRIS = {"left": 468, "right": 473}
INNER_LIPS, INNER_MOUTH_CORNERS, MOUTH_CORNERS = (13, 14), (78, 308), (61, 291)
TEMPLES = (234, 454)
"""The widest places of the face, from left to right."""
BROW, CHIN = 10, 152


def measures_of(points: Points) -> dict[str, float]:
    """Measures of a face from a mesh of 478 points.

    Returns:
        `eye_left`, `eye_right`: opening over width; `lip`: opening of the inner lips over the
        width of the inner mouth; `mouth`: its width over the face's; `gaze_left_x`, `gaze_left_y`
        and so on: the iris from the middle between the corners, along and across the line through
        them, in widths of the eye; `yaw_deg`, `roll_deg`: of the line between the temples, and
        `pitch_deg` of the line from brow to chin. Yaw is above 0 for a face that turns to the
        image's left, as in our own poses.
    """
    found: dict[str, float] = {}
    for side, corners in EYE_CORNERS.items():
        first, last = (points[index, :2] for index in corners)
        width = _distance(points, corners)
        lids = [_distance(points, pair) for pair in LIDS[side]]
        found[f"eye_{side}"] = float(np.mean(lids)) / width
        along = (last - first) / width
        away = points[IRIS[side], :2] - (first + last) / 2
        found[f"gaze_{side}_x"] = float(away @ along) / width
        found[f"gaze_{side}_y"] = float(away @ np.array((-along[1], along[0]))) / width
    found["lip"] = _distance(points, INNER_LIPS) / _distance(points, INNER_MOUTH_CORNERS)
    found["mouth"] = _distance(points, MOUTH_CORNERS) / _distance(points, TEMPLES)
    across = points[TEMPLES[1]] - points[TEMPLES[0]]
    down = points[CHIN] - points[BROW]
    found["yaw_deg"] = float(np.degrees(np.arctan2(-across[2], across[0])))
    found["roll_deg"] = float(np.degrees(np.arctan2(across[1], across[0])))
    found["pitch_deg"] = float(np.degrees(np.arctan2(down[2], down[1])))
    return found


def _distance(points: Points, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(points[pair[0], :2] - points[pair[1], :2]))


def measure_folder(folder: Path, mesh: Any) -> dict[str, dict[str, list[Any]]]:
    """For each file and array of a folder a list: measures, or None where there is no face.

    Args:
        folder: Holds .npz files.
        mesh: mediapipe's `FaceMesh`.
    """
    found: dict[str, dict[str, list[Any]]] = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            found[path.stem] = {
                name: [_read(mesh, picture) for picture in arrays[name]]
                for name in arrays.files
                if arrays[name].ndim == PICTURE_AXES
            }
        print(path.name, file=sys.stderr, flush=True)
    return found


def _read(mesh: Any, picture: NDArray[np.uint8]) -> dict[str, float] | None:
    faces = mesh.process(np.ascontiguousarray(picture)).multi_face_landmarks
    if not faces:
        return None
    height, width = picture.shape[:2]
    points = [(mark.x * width, mark.y * height, mark.z * width) for mark in faces[0].landmark]
    return measures_of(np.array(points) / max(height, width))


def main(arguments: list[str]) -> int:
    """Measure a folder; 0, or 2 with one sentence."""
    parser = argparse.ArgumentParser(
        prog="python train/evaluation/face_mesh.py", description=__doc__
    )
    parser.add_argument("frames", type=Path, help="a folder of .npz files")
    parser.add_argument("--json", type=Path, required=True, help="write the measures here")
    chosen = parser.parse_args(arguments)
    try:
        mediapipe: Any = importlib.import_module("mediapipe")
    except ImportError:
        print(
            f"{PROG}: this Python has no mediapipe; 0.10.21 is expected. "
            "Install it, usually in an environment of its own.",
            file=sys.stderr,
        )
        return 2
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=True
    ) as mesh:
        files = measure_folder(chosen.frames, mesh)
    if not files:
        print(
            f"{PROG}: {chosen.frames} holds no .npz file; images to "
            "measure are expected. Name the folder that train.evaluate --frames wrote.",
            file=sys.stderr,
        )
        return 2
    found = {"tool": f"mediapipe {mediapipe.__version__} FaceMesh", "files": files}
    chosen.json.write_text(json.dumps(found) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
