"""The wrapper by which ComfyUI moves networks."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .patcher_extension import CallbacksMP


class ModelPatcher:
    """A network, where it runs and where it waits."""

    def __init__(
        self, model: torch.nn.Module, load_device: torch.device, offload_device: torch.device
    ) -> None:
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        model.device = offload_device  # ComfyUI writes it to the network
        self.callbacks: dict[str, list[Callable[..., None]]] = {}

    def add_callback(self, call_type: str, callback: Callable[..., None]) -> None:
        self.callbacks.setdefault(call_type, []).append(callback)

    def detach(self, unpatch_all: bool = True) -> None:
        self.model.to(self.offload_device)
        for callback in self.callbacks.get(CallbacksMP.ON_DETACH, []):
            callback(self, unpatch_all)
