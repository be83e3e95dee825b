"""`comfy_api.latest`: what node packs import."""

from __future__ import annotations

from . import _io as io
from . import _ui as ui
from ._video import VideoComponents, VideoFromComponents, VideoFromFile


class ComfyExtension:
    """What `comfy_entrypoint` of a pack gives."""

    async def on_load(self) -> None:
        """Called before the nodes are asked for; not at all on 0.3.64."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        raise NotImplementedError


class InputImpl:
    VideoFromFile = VideoFromFile
    VideoFromComponents = VideoFromComponents


class Types:
    VideoComponents = VideoComponents


__all__ = ["ComfyExtension", "InputImpl", "Types", "io", "ui"]
