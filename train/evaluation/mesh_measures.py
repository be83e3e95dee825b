"""Openings, gaze and pose of reconstructed clips, as an independent face mesh sees them.

The mesh is mediapipe's. It runs in a Python of its own (`train/evaluation/face_mesh.py`), since it
needs older packages than this project; without it, its measures are reported as unavailable.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.errors import LivePortraitError

from ..metrics.motion_errors import correlation
from . import face_mesh

UNAVAILABLE: Final = "unavailable (needs mediapipe; name a Python that has it by --mesh-python)"
OPEN_EYE: Final = 0.15
"""Opening over width from which on an eye's gaze is measured, in source and driver."""
CONSTANT: Final = 1e-9
"""Values that vary by less than this are constant: their correlation would be rounding noise."""
POSES: Final = ("pitch_deg", "yaw_deg", "roll_deg")
SIDES: Final = ("left", "right")

MeshFace = dict[str, float] | None
"""Measures of one image by the mesh; None where it finds no face."""
ClipMesh = dict[str, list[MeshFace]]
"""The same for `source`, `driving` and `output` of a clip."""


def mesh_python(named: Path | None) -> Path | None:
    """The Python that runs the mesh; None where there is no mediapipe."""
    if named is not None:
        return named
    return Path(sys.executable) if importlib.util.find_spec("mediapipe") else None


def read_mesh(python: Path, frames: Path) -> dict[str, ClipMesh]:
    """Measures of the images of a folder by the mesh, by file.

    Args:
        python: An interpreter with mediapipe.
        frames: A folder of .npz files with arrays of pictures.

    Raises:
        LivePortraitError: The interpreter cannot do it.
    """
    script = Path(face_mesh.__file__)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "mesh.json"
        command = [str(python), str(script), str(frames), "--json", str(found)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as error:
            raise LivePortraitError(
                f"{python} cannot be run ({error}); a Python with mediapipe is expected. Name one."
            ) from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise LivePortraitError(f"{python} did not measure the face mesh: {last}")
        return json.loads(found.read_text(encoding="utf-8"))["files"]


def mesh_measures(clips: Sequence[ClipMesh]) -> dict[str, float]:
    """How well outputs follow their drivers, over the images in which the mesh finds both.

    Convention:
        - correlations are over all pictures of all clips; `..._centred_r` takes each clip's
          own mean away first, so that differences between people do not help
        - gaze is the change from the clip's source, of eyes that are open in source and driver
        - pose errors are mean absolute differences between output and driver
        - `copy_...` are the values of the source itself

    Args:
        clips: Of at least one clip; `source` has one picture, `driving` and `output` as many.
    """
    table = _joined([_rows(clip) for clip in clips])
    measures: dict[str, float] = {}
    for name in ("eye", "lip", "mouth", "gaze"):
        truth, output, source, clip = (table[f"{name}_{what}"] for what in _COLUMNS)
        measures[f"{name}_r"] = _r(output, truth)
        measures[f"{name}_centred_r"] = _r(_centred(output, clip), _centred(truth, clip))
        measures[f"copy_{name}_r"] = _r(source, truth)
    for name in POSES:
        truth, output, source, _ = (table[f"{name}_{what}"] for what in _COLUMNS)
        measures[f"{name.removesuffix('_deg')}_error_deg"] = _mean(np.abs(output - truth))
        measures[f"copy_{name.removesuffix('_deg')}_error_deg"] = _mean(np.abs(source - truth))
    measures["unseen_pictures"] = float(
        sum(
            output is None and driving is not None
            for clip in clips
            for output, driving in zip(clip["output"], clip["driving"], strict=True)
        )
    )
    return measures


_COLUMNS: Final = ("driving", "output", "source", "clip")
Table = dict[str, NDArray[np.float64]]


def _rows(clip: ClipMesh) -> Table:
    """The values of one clip: for each measure driver, output and source."""
    table: dict[str, list[tuple[float, float, float]]] = {
        name: [] for name in ("eye", "lip", "mouth", "gaze", *POSES)
    }
    source = clip["source"][0]
    for driving, output in zip(clip["driving"], clip["output"], strict=True):
        if source is None or driving is None or output is None:
            continue
        three = (driving, output, source)
        for name in ("lip", "mouth", *POSES):
            table[name].append((driving[name], output[name], source[name]))
        for side in SIDES:
            eyes = [one[f"eye_{side}"] for one in three]
            table["eye"].append((eyes[0], eyes[1], eyes[2]))
            if min(eyes[0], eyes[2]) > OPEN_EYE:
                gaze = [one[f"gaze_{side}_x"] - source[f"gaze_{side}_x"] for one in three]
                table["gaze"].append((gaze[0], gaze[1], gaze[2]))
    return {
        f"{name}_{what}": np.array([row[index] for row in rows])
        for name, rows in table.items()
        for index, what in enumerate(_COLUMNS[:3])
    }


def _joined(tables: Sequence[Table]) -> Table:
    """The rows of all clips, and which clip each is of."""
    joined = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    for name in tables[0]:
        if name.endswith("_driving"):
            lengths = [len(table[name]) for table in tables]
            clip = np.repeat(np.arange(len(tables)), lengths).astype(np.float64)
            joined[name.replace("_driving", "_clip")] = clip
    return joined


def _centred(values: NDArray[np.float64], clip: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values.copy()
    for index in np.unique(clip):
        centred[clip == index] -= values[clip == index].mean()
    return centred


def _r(found: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    if not len(found) or np.ptp(found) < CONSTANT:
        return float("nan")
    return correlation(torch.from_numpy(found), torch.from_numpy(truth))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
