"""The model that the options name, on the device and by the backend that they name."""

from __future__ import annotations

import sys

import torch

from ..animation.precision_probe import fastest_dtype
from ..command_options import AUTO, ModelOptions
from ..engines.compiled import compiled_on
from ..model import LivePortraitModel, load_model


def load(options: ModelOptions) -> LivePortraitModel:
    """The model of `--model`, `--device`, `--dtype`, `--backend` and `--compile`.

    Raises:
        CheckpointError: The weights or files of ONNX are missing or bad.
        ValueError: There is no such device, or the options do not go together.
    """
    in_onnx = options.backend == "onnx" or options.onnx is not None
    device = "cpu" if in_onnx and options.device == "auto" else options.device
    chosen = options.dtype
    dtype = torch.float32 if chosen == AUTO else getattr(torch, chosen)
    model = load_model(options.model, device=device, dtype=dtype)
    if in_onnx:
        return _in_onnx(model, options)
    if options.backend == AUTO:
        sys.stderr.write("torch computes: --backend auto needs --onnx, of 'models export'.\n")
    if chosen == AUTO:
        fastest = fastest_dtype(model)
        sys.stderr.write(f"{fastest.reason}\n")
        model = model.to(dtype=fastest.dtype)
    return compiled_on(model, options.compile, model.device)


def _in_onnx(model: LivePortraitModel, options: ModelOptions) -> LivePortraitModel:
    from ..engines.onnx_networks import with_onnx  # noqa: PLC0415 - seldom needed
    from ..engines.onnx_probe import faster_engines  # noqa: PLC0415

    if options.onnx is None:
        sys.stderr.write(
            "The networks are written as ONNX first; 'models export' does it once for all runs.\n"
        )
    model = with_onnx(model, options.onnx)
    if options.backend != AUTO:
        return model
    faster = faster_engines(model)
    sys.stderr.write(f"{faster.reason}\n")
    return faster.model
