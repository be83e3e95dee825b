"""Moving average of weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import nn

from .tensors import copy_each, move_towards


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
        move_towards(
            [p for module in ours for p in module.parameters()],
            [p for module in theirs for p in module.parameters()],
            share,
        )
        copy_each(
            [b for module in ours for b in module.buffers()],
            [b for module in theirs for b in module.buffers()],
        )
