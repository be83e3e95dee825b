"""The networks of a model as files of ONNX, each compared with torch before it has its name."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from ..assets.shipped_face import shipped_face
from ..errors import CheckpointError, LivePortraitError, one_line
from ..imaging.tensors import resize_pixels, tensor_from_pixels
from ..media.atomic import make_folder, replacing
from ..model import LivePortraitModel
from ..motion.transform import transform_keypoints
from ..networks.outputs import Warped
from ..stages import extract_appearance, extract_motion, warp
from .forms import FlatNetwork, Form, forms
from .onnx_session import NETWORK_KEY, PRESET_KEY, WEIGHTS_KEY, OnnxNetwork, digest_of

OPSET: Final = 17
"""Version of ONNX's operators: the first that has layer norms."""
TOLERANCE: Final = 1e-3
"""Of an output from torch's, beside 1 or the largest number of that output, whichever is more."""
SUFFIX: Final = ".onnx"
_STEPS: Final = (0.02, 0.08)
"""Of every second keypoint in the two trials, crop units: a small and a large expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedNetwork:
    """A file that was written."""

    name: str
    path: Path
    difference: float
    """Largest of its outputs from torch's, beside what `TOLERANCE` is beside."""


def export_model(model: LivePortraitModel, folder: str | Path) -> Iterator[ExportedNetwork]:
    """Write each network as `NAME.onnx`, one after another.

    `for file in export_model(load_model(), "exported"): print(file.path)`

    Convention:
        - float32, batch 1, sizes of the preset, operators of `OPSET`; names as in `forms`
        - each is run by ONNX Runtime on two faces, one in colour and one in grey, and compared
          with torch; one that differs is not left there

    Args:
        model: In float32 on a CPU.
        folder: It is made where it is missing.

    Raises:
        CheckpointError: onnx or onnxruntime is missing, or a file differs from torch.
        LivePortraitError: torch cannot write a network as ONNX.
        MediaError: The folder or a file cannot be written.
    """
    onnx = _onnx_package()
    make_folder(folder)
    trials = [trial_inputs(model, step, grey=step != _STEPS[0]) for step in _STEPS]
    known = forms(model)
    for name, net in model.modules().items():
        path = Path(folder) / f"{name}{SUFFIX}"
        arguments = [trial[name] for trial in trials]
        with replacing(path) as part:
            _write(net, known[name], arguments[0], part)
            _describe(onnx, part, _about(model, name))
            difference = _difference(net, known[name], arguments, part)
            if not difference <= TOLERANCE:
                raise CheckpointError(
                    f"{name} by ONNX Runtime is {difference:.2g} from torch's; {TOLERANCE:g} at "
                    f"most is expected, so {path} was not written. Try other versions of torch and "
                    "onnxruntime."
                )
        yield ExportedNetwork(name=name, path=path, difference=difference)


def trial_inputs(
    model: LivePortraitModel, step: float, *, grey: bool = False
) -> dict[str, tuple[Any, ...]]:
    """What each network of a model is called with for the photograph of a face that ships.

    Args:
        model: The model.
        step: Of every second driving keypoint, crop units.
        grey: Whether the photograph is made grey, and the picture's edge is held.
    """
    size = model.preset.face_size_px
    face = tensor_from_pixels(resize_pixels(shipped_face(), (size, size))).to(model.device)
    if grey:
        face = face.mean(1, keepdim=True).expand_as(face).contiguous()
    with torch.inference_mode():
        source = transform_keypoints(extract_motion(model, face))
        driving = source.clone()
        driving[:, ::2, :2] += step
        volume = extract_appearance(model, face)
        warped: Warped = replace(warp(model, volume, source, driving), edge_held=grey)
        row, openings = source.flatten(1), source.new_full((1, 3), 0.3)
        return {
            "appearance": (face,),
            "motion": (face,),
            "warping": (volume, source, driving),
            "decoder": (warped,),
            "stitching": (torch.cat((row, driving.flatten(1)), 1),),
            "eyes": (torch.cat((row, openings), 1),),
            "lip": (torch.cat((row, openings[:, :2]), 1),),
        }


def _about(model: LivePortraitModel, name: str) -> dict[str, str]:
    return {
        NETWORK_KEY: name,
        WEIGHTS_KEY: digest_of(model.modules()[name]),
        PRESET_KEY: json.dumps(model.preset.to_json()),
    }


def _write(net: nn.Module, form: Form, arguments: tuple[Any, ...], path: Path) -> None:
    tensors = tuple(tensor.clone() for tensor in form.tensors_of(*arguments))
    flat = FlatNetwork(net, form).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing: sizes are those of the preset
            torch.onnx.export(
                flat,
                tensors,
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(form.inputs),
                output_names=list(form.outputs),
            )
    except (RuntimeError, ValueError) as error:
        raise LivePortraitError(
            f"torch {torch.__version__} cannot write {path.name} as ONNX "
            f"({one_line(error)[:200]}). Try another version of torch."
        ) from error


def _describe(onnx: Any, path: Path, about: dict[str, str]) -> None:
    content = onnx.load(str(path))
    for key, value in about.items():
        entry = content.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(content, str(path))


def _difference(net: nn.Module, form: Form, trials: list[tuple[Any, ...]], path: Path) -> float:
    """Largest of the outputs of a file from torch's; no number is no likeness."""
    session = OnnxNetwork(net, form, path)
    found = [0.0]
    for arguments in trials:
        with torch.inference_mode():
            expected = form.flat(net(*arguments))
        made = session.computed(form.tensors_of(*arguments))
        for ours, theirs in zip(expected, made, strict=True):
            error = (ours - theirs).abs().max() / ours.abs().max().clamp(min=1)
            found.append(float(error.nan_to_num(torch.inf)))
    return max(found)


def _onnx_package() -> Any:
    try:
        return import_module("onnx")
    except ImportError as error:
        raise CheckpointError(
            "Writing ONNX needs the package onnx, which is not installed. "
            "Run: pip install 'liveportrait-suite[onnx]'"
        ) from error
