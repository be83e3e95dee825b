"""Progress and reading of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import safetensors
import torch

PROGRESS_BAR_HOOK: Callable[..., None] | None = None


def set_progress_bar_global_hook(function: Callable[..., None] | None) -> None:
    """Who is told; takes effect for progress bars made afterwards."""
    global PROGRESS_BAR_HOOK  # noqa: PLW0603
    PROGRESS_BAR_HOOK = function


class ProgressBar:
    """Tells the hook of each step. ComfyUI 0.33 also skips steps that come too fast."""

    def __init__(self, total: Any, node_id: Any = None) -> None:
        self.total = total
        self.current = 0
        self.hook = PROGRESS_BAR_HOOK
        self.node_id = node_id

    def update_absolute(self, value: Any, total: Any = None, preview: Any = None) -> None:
        """The preview is (format, PIL image, longest side or None)."""
        self.total = self.total if total is None else total
        self.current = min(value, self.total)
        if self.hook is not None:
            self.hook(self.current, self.total, preview, node_id=self.node_id)

    def update(self, value: Any) -> None:
        """So much further."""
        self.update_absolute(self.current + value)


def load_torch_file(
    ckpt: Any, safe_load: bool = False, device: Any = None, return_metadata: bool = False
) -> Any:
    """Weights of a .safetensors file, or of a pickle by the safe loader."""
    device = torch.device("cpu") if device is None else device
    metadata = None
    if ckpt.lower().endswith((".safetensors", ".sft")):
        with safetensors.safe_open(ckpt, framework="pt", device=device.type) as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = file.metadata() if return_metadata else None
    else:
        weights = torch.load(ckpt, map_location=device, weights_only=True)
        weights = weights.get("state_dict", weights)
    return (weights, metadata) if return_metadata else weights
