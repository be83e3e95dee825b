"""`comfy_api.latest.io`: schemas and sockets.

What else an input or a schema takes differs between the versions of ComfyUI; `nodes/schema.py`
asks each for its own parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

class Input:
    id: str
    def __init__(self, id: str, **options: object) -> None: ...

class Output:
    def __init__(
        self, id: str | None = ..., display_name: str | None = ..., tooltip: str | None = ...
    ) -> None: ...

_Input = Input
_Output = Output

class ComfyType:
    Input: ClassVar[type[_Input]]
    Output: ClassVar[type[_Output]]

class Boolean(ComfyType): ...
class Int(ComfyType): ...
class Float(ComfyType): ...
class String(ComfyType): ...
class Combo(ComfyType): ...
class Image(ComfyType): ...
class Mask(ComfyType): ...
class Audio(ComfyType): ...
class AudioEncoderOutput(ComfyType): ...
class Video(ComfyType): ...

class MultiType:
    class Input(_Input):
        def __init__(
            self,
            id: str,
            types: Sequence[type[ComfyType]],
            *,
            tooltip: str | None = ...,
            optional: bool = ...,
        ) -> None: ...

def Custom(io_type: str) -> type[ComfyType]: ...  # noqa: N802 - ComfyUI's name

class NumberDisplay(str, Enum):
    number = "number"
    slider = "slider"

class Hidden(str, Enum):
    unique_id = "UNIQUE_ID"

class HiddenHolder:
    unique_id: str | None

@dataclass(init=False)
class Schema:
    node_id: str
    display_name: str
    inputs: list[Input]
    def __init__(self, node_id: str, **fields: object) -> None: ...

class UIOutput: ...

class NodeOutput:
    def __init__(
        self, *outputs: object, ui: UIOutput | dict[str, list[str]] | None = ...
    ) -> None: ...

class ComfyNode:
    hidden: ClassVar[HiddenHolder | None]
    @classmethod
    def define_schema(cls) -> Schema: ...
