"""liveportrait doctor: what is installed, what can be used, and under which licences."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from .. import __version__
from ..checkpoints.loading import read_model
from ..checkpoints.model_folders import WEIGHTS_VARIABLE, missing_folders, weight_folders
from ..command_options import ReportOptions
from ..config.arguments import from_arguments
from ..errors import CheckpointError, FaceNotFoundError, MediaError
from ..face.detector import FRONTAL_CASCADE, load_cascade
from ..face.network_finder import load_finder_network
from ..media.codecs import ffmpeg_versions, readable_formats, writable_formats
from ..media.video import VideoWriter
from .downloading import sha256_of
from .models import millions, table

NEEDED: Final = (
    *("torch", "numpy", "safetensors", "opencv-python-headless", "av", "pillow", "timm", "hama"),
)
OPTIONAL: Final = {
    "pi-heif": "reads HEIC pictures",
    "onnxruntime": "reads landmark.onnx and InsightFace's networks",
    "torchvision": "not needed",
    "numba": "renders training heads",
    "accelerate": "trains on several devices",
}
OPENCV_NAMES: Final = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 when something needed is missing."""
    found = findings()
    if from_arguments(ReportOptions, args).json:
        print(json.dumps(found, indent=2))
    else:
        _print(found)
    return 1 if found["problems"] else 0


def findings() -> dict[str, Any]:
    """Everything that is looked at, as plain values."""
    packages = {name: _version(name) for name in (*NEEDED, *OPTIONAL)}
    packages["opencv-python-headless"] = next(
        (version for name in OPENCV_NAMES if (version := _version(name))), None
    )
    default, problem = _default_model()
    problems = [f"The package {name} is missing." for name in NEEDED if packages[name] is None]
    problems += [problem] if problem else []
    finder = _finder_problem()
    problems += [finder] if finder else []
    writing = _writing_problem()
    problems += [writing] if writing else []
    problems += [
        f"{WEIGHTS_VARIABLE} names {folder}, which is no folder." for folder in missing_folders()
    ]
    return {
        "liveportrait_suite": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "packages": packages,
        "devices": devices(),
        "face_finder": finder is None,
        "face_cascade": _has_cascade(),
        "writes_video": writing is None,
        "reads": readable_formats(),
        "writes": writable_formats(),
        "ffmpeg": ffmpeg_versions(),
        "default_model": default,
        "weights": [row for row in table() if row["found"]],
        "weight_folders": [str(folder) for folder in weight_folders()],
        "weights_variable": WEIGHTS_VARIABLE,
        "problems": problems,
    }


def devices() -> list[dict[str, Any]]:
    """What PyTorch can compute on."""
    found: list[dict[str, Any]] = [{"name": "cpu", "threads": torch.get_num_threads()}]
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            memory_gib = round(properties.total_memory / 2**30, 1)
            found.append({"name": f"cuda:{index}", "is": properties.name, "memory_gib": memory_gib})
    if torch.backends.mps.is_available():
        found.append({"name": "mps", "is": "Apple GPU"})
    return found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _default_model() -> tuple[dict[str, Any] | None, str | None]:
    try:
        stored = read_model("default")
    except CheckpointError as error:
        return None, str(error)
    return {
        "preset": stored.preset.name,
        "origin": stored.origin,
        "networks": sorted(stored.states),
        "parameters": stored.num_parameters,
        "sha256": sha256_of(Path(stored.origin)),
        "metadata": stored.metadata,
    }, None


def _finder_problem() -> str | None:
    try:
        load_finder_network()
    except CheckpointError as error:
        return str(error)
    return None


def _has_cascade() -> bool:
    """Whether OpenCV can give a second opinion, and find cats: version 5 cannot."""
    try:
        load_cascade(FRONTAL_CASCADE)
    except FaceNotFoundError:
        return False
    return True


def _writing_problem() -> str | None:
    """Write a video of one small frame to a temporary file."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with VideoWriter(Path(folder) / "probe.mp4", Fraction(25)) as writer:
                writer.write(np.zeros((16, 16, 3), np.uint8))
        except MediaError as error:
            return str(error)
    return None


def _print(found: dict[str, Any]) -> None:
    print(f"liveportrait-suite {found['liveportrait_suite']}, Python {found['python']}")
    print(f"{found['system']}\n")
    print("Packages")
    for name, version in found["packages"].items():
        use = f"  ({OPTIONAL[name]})" if name in OPTIONAL and version is None else ""
        print(f"  {name:24} {version or 'not installed'}{use}")
    print("Devices")
    for device in found["devices"]:
        about = ", ".join(f"{key} {value}" for key, value in device.items() if key != "name")
        print(f"  {device['name']:24} {about}")
    print("Formats")
    for name in ("reads", "writes"):
        there = [format for format, is_there in found[name].items() if is_there]
        lacking = [format for format, is_there in found[name].items() if not is_there]
        print(f"  {name:24} {', '.join(there)}{'; not ' if lacking else ''}{', '.join(lacking)}")
    codec = found["ffmpeg"].get("libavcodec", "not known")
    print(f"  {'FFmpeg, by PyAV':24} libavcodec {codec}")
    _print_default(found["default_model"])
    print("Weights")
    for row in found["weights"]:
        print(f"  {row['name']:24} {row['licence']}, {row['maker']}; {row['found']}")
    if not found["weights"]:
        print("  none")
    print(f"  searched {', '.join(found['weight_folders']) or 'no folder but the package'}")
    print(f"  (a folder of yours: {found['weights_variable']}=FOLDER)")
    print("Problems" if found["problems"] else "No problems.")
    for problem in found["problems"]:
        print(f"  {problem}")


def _print_default(model: dict[str, Any] | None) -> None:
    if model is None:
        return
    print("Default model")
    print(f"  {model['preset']:24} whole, {millions(model['parameters'])}")
    print(f"  {'':24} {model['origin']}, sha256 {model['sha256']}")
