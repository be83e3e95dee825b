"""Devices, memory and cancelling; tests set other answers by replacing the functions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from comfyui_version import __version__

from .model_patcher import ModelPatcher

IS_NEW = __version__ != "0.3.64"


class InterruptProcessingException(BaseException if IS_NEW else Exception):
    """The user pressed Cancel."""


_interrupt = False


def interrupt_current_processing(value: bool = True) -> None:
    global _interrupt  # noqa: PLW0603
    _interrupt = value


def throw_exception_if_processing_interrupted() -> None:
    """Raise once for each Cancel."""
    if _interrupt:
        interrupt_current_processing(False)
        raise InterruptProcessingException


def get_torch_device() -> torch.device:
    return torch.device("cpu")


intermediate_device = unet_offload_device = get_torch_device


def should_use_fp16(device: torch.device | None = None) -> bool:
    return False


def load_models_gpu(models: Sequence[ModelPatcher], memory_required: float = 0) -> None:
    for model in models:
        model.model.to(model.load_device)


if IS_NEW:

    def intermediate_dtype() -> torch.dtype:
        return torch.float32
