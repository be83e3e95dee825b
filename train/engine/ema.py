"""Moving average of weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import nn


class MovingAverage:
    """Exponential moving average of several modules: parameters averaged, buffers copied."""

    def __init__(self, modules: Mapping[str, nn.Module], decay: float) -> None:
        self.decay = decay
        self.modules = {
            name: copy.deepcopy(module).eval().requires_grad_(False)
            for name, module in modules.items()
        }

    @torch.no_grad()
    def update(self, modules: Mapping[str, nn.Module], step: int) -> None:
        """Move towards the weights after a step; early steps count more, so it starts warm."""
        share = 1 - min(self.decay, (step + 1) / (step + 20))
        ours, theirs = self.modules.values(), [modules[name] for name in self.modules]
        torch._foreach_lerp_(
            [p for module in ours for p in module.parameters()],
            [p for module in theirs for p in module.parameters()],
            share,
        )
        buffers = [b for module in ours for b in module.buffers()]
        if buffers:
            torch._foreach_copy_(buffers, [b for module in theirs for b in module.buffers()])
