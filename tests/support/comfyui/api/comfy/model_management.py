"""Devices, memory and cancelling. What a test sets or looks at starts with `stand_in_`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from comfyui_version import __version__

from .model_patcher import ModelPatcher

IS_NEW = __version__ != "0.3.64"
OOM_EXCEPTION = torch.cuda.OutOfMemoryError

stand_in_fp16 = False
stand_in_bf16 = False
stand_in_free_memory = 8 * 1024**3
stand_in_device = torch.device("cpu")


@dataclass(frozen=True)
class StandInLoad:
    """One call of `load_models_gpu`."""

    models: tuple[Any, ...]
    memory_required: float


stand_in_loads: list[StandInLoad] = []
stand_in_emptied: list[bool] = []


class InterruptProcessingException(BaseException if IS_NEW else Exception):
    """The user pressed Cancel."""


_interrupt = False


def interrupt_current_processing(value: Any = True) -> None:
    """Asks the running node to stop at its next look."""
    global _interrupt  # noqa: PLW0603
    _interrupt = value


def processing_interrupted() -> Any:
    """Whether it was asked to stop."""
    return _interrupt


def throw_exception_if_processing_interrupted() -> None:
    """Raises once for each Cancel."""
    if _interrupt:
        interrupt_current_processing(False)
        raise InterruptProcessingException


def get_torch_device() -> torch.device:
    """Where networks run."""
    return stand_in_device


def intermediate_device() -> torch.device:
    """Where images between nodes lie."""
    return torch.device("cpu")


def unet_offload_device() -> torch.device:
    """Where networks wait."""
    return torch.device("cpu")


def should_use_fp16(
    device: Any = None,
    model_params: Any = 0,
    prioritize_performance: Any = True,
    manual_cast: Any = False,
) -> bool:
    """False on a CPU; a test may set another answer."""
    return stand_in_fp16


def should_use_bf16(
    device: Any = None,
    model_params: Any = 0,
    prioritize_performance: Any = True,
    manual_cast: Any = False,
) -> bool:
    """False on a CPU; a test may set another answer."""
    return stand_in_bf16


def load_models_gpu(
    models: Any,
    memory_required: Any = 0,
    force_patch_weights: Any = False,
    minimum_memory_required: Any = None,
    force_full_load: Any = False,
) -> None:
    """Moves each patcher's network to its load device."""
    for model in models:
        if not isinstance(model, ModelPatcher):
            raise TypeError(f"load_models_gpu takes patchers, not {type(model).__name__}.")
        model.model.to(model.load_device)
    stand_in_loads.append(StandInLoad(tuple(models), memory_required))


def load_model_gpu(model: Any) -> None:
    """One patcher."""
    load_models_gpu([model])


def unload_all_models() -> None:
    """Moves all networks to their offload device."""
    for load in stand_in_loads:
        for model in load.models:
            model.model.to(model.offload_device)


def soft_empty_cache(force: Any = False) -> None:
    """Gives unused memory back."""
    stand_in_emptied.append(bool(force))


def get_free_memory(dev: Any = None, torch_free_too: Any = False) -> Any:
    """Bytes."""
    return (stand_in_free_memory, 0) if torch_free_too else stand_in_free_memory


def minimum_inference_memory() -> float:
    """Bytes that are always kept free."""
    return 1024**3


def module_size(module: Any) -> int:
    """Bytes of a network's weights and buffers."""
    return sum(value.nelement() * value.element_size() for value in module.state_dict().values())


def is_device_cpu(device: Any) -> bool:
    """Whether it is the CPU."""
    return getattr(device, "type", None) == "cpu"


def is_device_mps(device: Any) -> bool:
    """Whether it is Apple's GPU."""
    return getattr(device, "type", None) == "mps"


if IS_NEW:

    def intermediate_dtype() -> torch.dtype:
        """Of images between nodes."""
        return torch.float32

    def is_oom(e: Any) -> bool:
        """Whether an error says that memory ran out."""
        return isinstance(e, OOM_EXCEPTION)
