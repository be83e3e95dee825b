"""The model that the options ask for, where they ask for it."""

from __future__ import annotations

import argparse

import torch

from ..model import LivePortraitModel, load_model


def load(args: argparse.Namespace) -> LivePortraitModel:
    """The model of `--model`, `--device` and `--dtype`.

    Raises:
        CheckpointError: The weights are missing or bad.
        ValueError: There is no such device.
    """
    device = find_device(args.device)
    return load_model(args.model, device=device, dtype=getattr(torch, args.dtype))


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
            f"--device {name} names no device; auto, cpu, cuda, cuda:1 or mps was wanted."
        ) from error
    index = device.index or 0
    there = present.get(device.type, False)
    if not there or (device.type == "cuda" and index >= torch.cuda.device_count()):
        usable = ", ".join(kind for kind, is_there in present.items() if is_there)
        raise ValueError(
            f"--device {name} was asked for, but PyTorch {torch.__version__} sees no such device. "
            f"Choose one of {usable}, or install a PyTorch for it."
        )
    return device
