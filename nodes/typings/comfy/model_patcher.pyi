"""The wrapper that ComfyUI moves networks by."""

from collections.abc import Callable

import torch

class ModelPatcher:
    load_device: torch.device
    def __init__(
        self, model: torch.nn.Module, load_device: torch.device, offload_device: torch.device
    ) -> None: ...
    def add_callback(self, call_type: str, callback: Callable[..., None]) -> None: ...
