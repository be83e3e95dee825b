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
    device = find_device(options.device)
    return load_model(options.model, device=device, dtype=getattr(torch, options.dtype))


def find_device(name: str) -> torch.device:
    """A device by name; "auto" takes the first of cuda, mps and cpu that is there.

    Raises:
        ValueError: There is no such device.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(
            f"--device is '{name}'; auto, cpu, cuda, cuda:1 or mps is expected. "
            "Leave it out for auto."
        ) from error
    index = device.index or 0
    there = present.get(device.type, False)
    if not there or (device.type == "cuda" and index >= torch.cuda.device_count()):
        usable = ", ".join(kind for kind, is_there in present.items() if is_there)
        raise ValueError(
            f"--device is {name}; PyTorch {torch.__version__} finds {usable}. Choose one "
            "of these, or install a PyTorch for it."
        )
    return device
