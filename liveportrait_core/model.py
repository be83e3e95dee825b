"""LivePortraitModel: the loaded networks, moved and cast together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .checkpoints.loading import load_checkpoint
from .checkpoints.saving import save_checkpoint
from .devices import check_dtype, find_device
from .errors import CheckpointError
from .networks.folding import folded
from .networks.precision import set_precision
from .preset import Preset

_NARROW = ("appearance", "warping", "decoder")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LivePortraitModel:
    """The seven networks of one model and the preset that says how to use them.

    `load_model().to("cuda", torch.float16)`

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
    engines: Any = field(default_factory=dict[str, Any], compare=False)
    """What computes a network in place of its module, as functions by its name: `engines` makes
    them, and each gives what the module gives."""

    def __repr__(self) -> str:
        """What it is, without its layers."""
        names = ", ".join(self.modules())
        return f"LivePortraitModel({self.preset.name}: {names}; from {self.origin or 'no file'})"

    def modules(self) -> dict[str, nn.Module]:
        """The networks that are present, by name, in the order of Algorithm 1."""
        names = ("appearance", "motion", "warping", "decoder", "stitching", "eyes", "lip")
        return {name: net for name in names if (net := getattr(self, name)) is not None}

    def compute(self, name: str, *inputs: Any) -> Any:
        """What a network makes of its inputs, by its engine where there is one.

        Raises:
            CheckpointError: The model was loaded without it.
        """
        return self.engines.get(name, self.present(name))(*inputs)

    def present(self, name: str) -> nn.Module:
        """A network of the model.

        Raises:
            CheckpointError: The model was loaded without it.
        """
        net = self.modules().get(name)
        if net is None:
            raise CheckpointError(
                f"The model from {self.origin or 'memory'} has no {name} network. Load one that "
                "has it (published models keep it in stitching_retargeting_module), or switch "
                "stitching and retargeting off."
            )
        return net

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> LivePortraitModel:
        """Move and cast every network, in place; gives the same model back.

        M and the three MLPs stay in float32: they cost little, and coordinates of half precision
        tremble. Of F, W and G the one that overflows in 16 bits goes on in float32
        (`networks.precision`), until the next cast.

        Raises:
            ValueError: There is no such device, or the networks do not run in this number type.
        """
        if dtype is not None:
            check_dtype(dtype)
        if device is not None:
            device = find_device(device)
        for name, net in self.modules().items():
            if dtype is not None:
                set_precision(net, name, dtype if name in _NARROW else torch.float32)
            net.to(device=device)
        return self

    def reading(self) -> LivePortraitModel:
        """The same model with a quicker M, for reading many frames: its norms are folded.

        It takes the memory of M once more (7 MB of ours), and nothing where M has none to fold,
        as the published one. Keypoints differ by rounding.
        """
        return replace(self, motion=folded(self.motion))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.warping.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Type of W's weights, and of F's and G's unless one of them overflowed."""
        return next(self.warping.parameters()).dtype


def load_model(
    path_or_name: str | Path = "default",
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> LivePortraitModel:
    """A model ready to animate: in eval mode, its weights without gradients.

    `load_model("human", device="cuda")`

    Gradients still flow to inputs; a trainer calls `requires_grad_` and `train` on what it
    wants to learn.

    Args:
        path_or_name: "default" (ours, in the package); a `.safetensors` file of ours; a folder
            in the published or in ComfyUI's layout; "human", "animal", or another name to find
            in the folder that LIVEPORTRAIT_WEIGHTS names, in `pretrained_weights`, or in
            `models/liveportrait` (here, or of the ComfyUI this package is installed in).
        device: Where the weights go; "auto" takes the first of cuda, mps and cpu.
        dtype: Type of F, W and G; M and the three small ones stay in float32. The one of F, W and
            G that overflows in 16 bits goes on in float32, and a warning names it.

    Returns:
        The model. Without the published retargeting file it has no stitching, eyes and lip.

    Raises:
        CheckpointError: A file is missing, empty, damaged, foreign, or does not fit.
        ValueError: There is no such device, or the networks do not run in this number type.
    """
    device = find_device(device)
    check_dtype(dtype)
    preset, networks, origin = load_checkpoint(path_or_name)
    for net in networks.values():
        net.eval().requires_grad_(False)
    model = LivePortraitModel(preset=preset, origin=origin, **networks)
    return model.to(device, dtype)


def save_model(
    model: LivePortraitModel,
    path: str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a model as one `.safetensors` file that `load_model` reads; whole or not at all.

    `save_model(model, "mine.safetensors", dtype=torch.float16)`

    Args:
        model: The model.
        path: The file.
        dtype: torch.float16 halves the file; running statistics and the three small networks
            stay in float32.
        metadata: Kept beside the weights: command, seed, credit.

    Raises:
        CheckpointError: The file is named otherwise or cannot be written, or a weight does not fit
            the type.
    """
    if Path(path).suffix.lower() != ".safetensors":
        raise CheckpointError(
            f"The model file is {path}; a name that ends in .safetensors is expected. Choose such "
            "a name."
        )
    save_checkpoint(path, model.preset, model.modules(), dtype=dtype, metadata=metadata)
