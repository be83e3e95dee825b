"""`comfy_api.latest`: what node packs import."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch

from . import _io as io
from . import _ui as ui
from ._inputs import NEW, VERSION
from ._video import (
    AudioInput,
    VideoCodec,
    VideoComponents,
    VideoContainer,
    VideoFromComponents,
    VideoFromFile,
    VideoInput,
)


class ComfyExtension(ABC):
    """What `comfy_entrypoint` of a pack gives."""

    async def on_load(self) -> None:  # noqa: B027  (a pack need not have it)
        """Called before the nodes are asked for; not at all on 0.3.64."""

    @abstractmethod
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """The node classes of the pack."""


class Input:
    """What the sockets carry, for annotations."""

    Image = torch.Tensor
    Audio = AudioInput
    Mask = torch.Tensor
    Video = VideoInput


class InputImpl:
    """Classes that make values for sockets."""

    VideoFromFile = VideoFromFile
    VideoFromComponents = VideoFromComponents


class Types:
    """Classes that values are made of."""

    VideoCodec = VideoCodec
    VideoContainer = VideoContainer
    VideoComponents = VideoComponents


__all__ = ["ComfyExtension", "Input", "InputImpl", "Types", "io", "ui"]

if VERSION >= NEW:
    IO, UI = io, ui
    __all__ += ["IO", "UI"]
