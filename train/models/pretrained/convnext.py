"""Published ConvNeXt-V2 weights as the initial weights of M's trunk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from liveportrait_core.checkpoints.keymaps import PUBLISHED_TO_OURS
from liveportrait_core.checkpoints.published import shown
from liveportrait_core.checkpoints.reading import as_tensors, read_file
from liveportrait_core.errors import CheckpointError

_TRUNK, _DETECTOR = "trunk.", "detector."
_WRAPPERS = ("model", "state_dict")
_CLASSIFIER = ("head.weight", "head.bias", "head.fc.weight", "head.fc.bias")
"""Of the task that the file was trained for; M has heads of its own."""


def begin_trunk(motion: nn.Module, path: str | Path) -> None:
    """Take a ConvNeXt-V2's weights into the trunk of the paper's M; the heads stay as built.

    Args:
        motion: M; changed in place.
        path: `.pth` or `.safetensors` with timm's keys (`stages.0.blocks.0.conv_dw.weight`) or
            the original ones (`stages.0.0.dwconv.weight`), bare or under "model".

    Raises:
        CheckpointError: The file cannot be read, or is no ConvNeXt-V2 of this size.
    """
    path = Path(path)
    theirs = _renamed(as_tensors(_unwrapped(read_file(path)), path))
    own = {k: v for k, v in motion.state_dict().items() if k.startswith(_TRUNK)}
    missing, extra = own.keys() - theirs.keys(), theirs.keys() - own.keys()
    if missing or extra:
        raise CheckpointError(
            f"{path} is no ConvNeXt-V2 that M's trunk can begin with: missing {shown(missing)}; "
            f"left over {shown(extra)}. ConvNeXt-V2-Tiny with timm's or the original keys is "
            "expected; name another file with trunk=FILE."
        )
    wrong = [key for key, value in own.items() if theirs[key].shape != value.shape]
    if wrong:
        key = wrong[0]
        raise CheckpointError(
            f"{path} is a ConvNeXt-V2 of another size: {key.removeprefix(_TRUNK)} is "
            f"{tuple(theirs[key].shape)} instead of {tuple(own[key].shape)}. The size of the "
            "preset is expected, Tiny for preset=paper; name another file with trunk=FILE."
        )
    with torch.no_grad():
        for key, value in own.items():
            value.copy_(theirs[key])


def _unwrapped(content: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _WRAPPERS:
        inner = content.get(name)
        if isinstance(inner, Mapping):
            return {str(key): value for key, value in inner.items()}
    return content


def _renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors by M's own names; what is no part of a trunk keeps the name it came with."""
    table = PUBLISHED_TO_OURS["motion"]
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if key in _CLASSIFIER:
            continue
        ours = table.get(f"{_DETECTOR}{key}", f"{_TRUNK}{key}")
        renamed[ours] = value.flatten() if key.endswith((".gamma", ".beta")) else value
    return renamed
