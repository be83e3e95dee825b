"""The model that the options name, on the device that they name."""

from __future__ import annotations

import sys

import torch

from ..animation.precision_probe import fastest_dtype
from ..command_options import AUTO_DTYPE, ModelOptions
from ..model import LivePortraitModel, load_model


def load(options: ModelOptions) -> LivePortraitModel:
    """The model of `--model`, `--device` and `--dtype`.

    Raises:
        CheckpointError: The weights are missing or bad.
        ValueError: There is no such device.
    """
    if options.dtype != AUTO_DTYPE:
        return load_model(options.model, device=options.device, dtype=getattr(torch, options.dtype))
    model = load_model(options.model, device=options.device)
    fastest = fastest_dtype(model)
    sys.stderr.write(f"{fastest.reason}\n")
    return model.to(dtype=fastest.dtype)
