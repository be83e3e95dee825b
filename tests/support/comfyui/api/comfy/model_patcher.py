"""The wrapper that ComfyUI moves networks by."""

from __future__ import annotations

from typing import Any

from comfyui_version import __version__


class ModelPatcher:
    """A network, where it runs and where it waits."""

    def __init__(
        self,
        model: Any,
        load_device: Any,
        offload_device: Any,
        size: Any = 0,
        weight_inplace_update: Any = False,
    ) -> None:
        self.model = model
        self.load_device = load_device
        self.offload_device = offload_device
        self.size = size
        self.weight_inplace_update = weight_inplace_update
        if getattr(model, "device", None) is None:
            model.device = offload_device  # ComfyUI writes it to the network, so do we

    def model_size(self) -> int:
        """Bytes of the weights."""
        if self.size == 0:
            from . import model_management  # noqa: PLC0415  (it imports this module)

            self.size = model_management.module_size(self.model)
        return self.size


if __version__ != "0.3.64":
    CoreModelPatcher = ModelPatcher
