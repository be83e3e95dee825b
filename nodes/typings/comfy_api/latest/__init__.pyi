"""`comfy_api.latest`: the parts that our nodes use."""

from abc import ABC
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO

from torch import Tensor

from . import io as io
from . import ui as ui

class ComfyExtension(ABC):
    async def get_node_list(self) -> list[type[io.ComfyNode]]: ...

class VideoComponents:
    images: Tensor
    frame_rate: Fraction
    audio: Mapping[str, object] | None

class VideoInput:
    def get_components(self) -> VideoComponents: ...
    def get_stream_source(self) -> str | BytesIO: ...
    def save_to(self, path: str) -> None: ...

class Input:
    Audio = Mapping[str, object]
    Video = VideoInput

class InputImpl:
    class VideoFromFile(VideoInput):
        def __init__(self, file: str | BytesIO) -> None: ...

    class VideoFromComponents(VideoInput):
        def __init__(self, components: VideoComponents) -> None: ...
