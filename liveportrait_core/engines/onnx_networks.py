"""A model whose networks are computed by ONNX Runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from ..config.spec import OptionError
from ..errors import CheckpointError
from ..model import LivePortraitModel
from .forms import forms
from .onnx_export import SUFFIX, ExportedNetwork, export_model
from .onnx_session import NETWORK_KEY, WEIGHTS_KEY, OnnxNetwork, digest_of


def with_onnx(
    model: LivePortraitModel,
    folder: str | Path | None = None,
    on_export: Callable[[ExportedNetwork], None] = lambda _file: None,
) -> LivePortraitModel:
    """The same model, its networks computed by ONNX Runtime on the CPU.

    `model = with_onnx(load_model(), "exported")`

    Args:
        model: In float32 on a CPU; its weights stay in memory.
        folder: What `export_model` wrote of this model; None writes it anew into a folder that is
            deleted, which takes as long as the export.
        on_export: Called with each file that is written.

    Raises:
        CheckpointError: onnxruntime or a file is missing, damaged, or of another model.
        OptionError: The model is not in float32 on a CPU; a ValueError.
    """
    _check_place(model)
    if folder is not None:
        return _opened(model, Path(folder))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        for file in export_model(model, made):
            on_export(file)
        return _opened(model, Path(made))


def _opened(model: LivePortraitModel, folder: Path) -> LivePortraitModel:
    engines: dict[str, OnnxNetwork] = {}
    for name, form in forms(model).items():
        path = folder / f"{name}{SUFFIX}"
        if not path.is_file():
            raise CheckpointError(
                f"{path} does not exist; the folder of an exported model is expected. Make "
                f"it with: liveportrait models export {folder}"
            )
        net = model.modules()[name]
        engine = OnnxNetwork(net, form, path)
        if engine.metadata.get(NETWORK_KEY) != name or (
            engine.metadata.get(WEIGHTS_KEY) != digest_of(net)
        ):
            raise CheckpointError(
                f"{path} is not the {name} network of the model from {model.origin or 'memory'}; "
                "files that were exported from it are expected. Export it again, or choose the "
                "model that they are of."
            )
        engines[name] = engine
    return replace(model, engines={**model.engines, **engines})


def _check_place(model: LivePortraitModel) -> None:
    if model.device.type != "cpu" or model.dtype != torch.float32:
        raise OptionError(
            f"The model computes in {str(model.dtype).removeprefix('torch.')} on {model.device}; "
            "float32 on cpu is expected by ONNX Runtime here. Choose these, or torch."
        )
