"""`comfy_api.latest.io`."""

from typing import Any

from ._inputs import (
    NEW,
    VERSION,
    FolderType,
    Input,
    NumberDisplay,
    Output,
    UploadType,
    WidgetInput,
)
from ._nodes import ComfyNode, Hidden, HiddenHolder, NodeOutput, Schema
from ._types import Custom, all_types, comfytype

globals().update(all_types())
if VERSION >= NEW:
    from ._inputs import ControlAfterGenerate  # noqa: F401

__all__ = [
    "ComfyNode",
    "Custom",
    "FolderType",
    "Hidden",
    "HiddenHolder",
    "Input",
    "NodeOutput",
    "NumberDisplay",
    "Output",
    "Schema",
    "UploadType",
    "WidgetInput",
    "comfytype",
]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"io.{name} is not in the stand-in for ComfyUI {'.'.join(map(str, VERSION))}. "
        "If ComfyUI has it, add it to tests/support/comfyui/api."
    )
