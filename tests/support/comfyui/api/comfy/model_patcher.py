"""The wrapper by which ComfyUI moves networks."""

from __future__ import annotations

import torch


class ModelPatcher:
    """A network, where it runs and where it waits."""

    def __init__(
        self, model: torch.nn.Module, load_device: torch.device, offload_device: torch.device
    ) -> None:
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        model.device = offload_device  # ComfyUI writes it to the network
