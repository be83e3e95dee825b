"""`comfy_api.latest.ui`: what the front end shows on a node."""

from torch import Tensor

from .io import ComfyNode, UIOutput

class PreviewImage(UIOutput):
    def __init__(self, image: Tensor, *, cls: type[ComfyNode] | None = ...) -> None: ...

class PreviewText(UIOutput):
    def __init__(self, value: str) -> None: ...
