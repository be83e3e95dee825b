"""The model that the options name, on the device that they name."""

from __future__ import annotations

import torch

from ..command_options import ModelOptions
from ..model import LivePortraitModel, load_model


def load(options: ModelOptions) -> LivePortraitModel:
    """The model of `--model`, `--device` and `--dtype`.

    Raises:
        CheckpointError: The weights are missing or bad.
        ValueError: There is no such device.
    """
    return load_model(options.model, device=options.device, dtype=getattr(torch, options.dtype))
