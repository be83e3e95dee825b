"""LivePortraitModel: the loaded networks, moved and cast together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from .preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePortraitModel:
    """The seven networks of one model and the preset that says how to use them.

    `stitching`, `eyes` and `lip` may be None: such a model animates, and a verb that needs
    the missing network says so.
    """

    preset: Preset
    appearance: nn.Module
    """F: face (B, 3, S, S) -> feature volume."""
    motion: nn.Module
    """M: face -> `MotionHeads`."""
    warping: nn.Module
    """W: volume, source and driving keypoints -> `Warped`."""
    decoder: nn.Module
    """G: `Warped` -> picture (B, 3, S', S') in [0, 1]."""
    stitching: nn.Module | None = None
    """S: (B, 6 K) -> (B, 3 K + 2)."""
    eyes: nn.Module | None = None
    """R_eyes: (B, 3 K + 3) -> (B, 3 K)."""
    lip: nn.Module | None = None
    """R_lip: (B, 3 K + 2) -> (B, 3 K)."""
    origin: str = ""
    """The file or folder that the weights came from."""

    def modules(self) -> dict[str, nn.Module]:
        """The networks that are present, by name, in the order of Algorithm 1."""
        names = ("appearance", "motion", "warping", "decoder", "stitching", "eyes", "lip")
        return {name: net for name in names if (net := getattr(self, name)) is not None}

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> LivePortraitModel:
        """Move and cast every network, in place; gives the same model back.

        The three small MLPs stay in float32: they cost nothing and half precision hurts them.
        """
        for name, net in self.modules().items():
            small = name in ("stitching", "eyes", "lip")
            net.to(device=device, dtype=torch.float32 if small and dtype else dtype)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.warping.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights of the four large networks."""
        return next(self.warping.parameters()).dtype

