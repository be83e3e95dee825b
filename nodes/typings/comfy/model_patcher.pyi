"""The wrapper that ComfyUI moves networks by."""

import torch

class ModelPatcher:
    load_device: torch.device
    def __init__(
        self, model: torch.nn.Module, load_device: torch.device, offload_device: torch.device
    ) -> None: ...
