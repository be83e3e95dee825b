"""The sockets: a class for each, with `Input` and, where it has outputs, `Output`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from . import _inputs as i

WITH_WIDGET = {
    "Boolean": ("BOOLEAN", bool, i.BooleanInput, i.Output),
    "Int": ("INT", int, i.IntInput, i.Output),
    "Float": ("FLOAT", float, i.FloatInput, i.Output),
    "String": ("STRING", str, i.StringInput, i.Output),
    "Combo": ("COMBO", str, i.ComboInput, i.ComboOutput),
}
PLAIN = {
    "Image": ("IMAGE", torch.Tensor),
    "Mask": ("MASK", torch.Tensor),
    "Latent": ("LATENT", dict),
    "Model": ("MODEL", Any),
    "ClipVision": ("CLIP_VISION", Any),
    "Audio": ("AUDIO", dict),
    "Video": ("VIDEO", Any),
    "AudioEncoder": ("AUDIO_ENCODER", Any),
    "AudioEncoderOutput": ("AUDIO_ENCODER_OUTPUT", Any),
    "FaceAnalysis": ("FACE_ANALYSIS", Any),
    "Point": ("POINT", Any),
    "BBOX": ("BBOX", Any),
    "SEGS": ("SEGS", Any),
    "AnyType": ("*", Any),
}
ONLY_NEW = {
    "BoundingBox": ("BOUNDING_BOX", dict, i.BoundingBoxInput, i.Output),
}


class ComfyType:
    """What every socket class is."""

    Type: Any = Any
    io_type: str = ""


def comfytype(io_type: str, **kwargs: Any) -> Callable[[type], type]:
    """A decorator that makes a socket of a class; what it lacks of Input and Output is added."""

    def decorate(cls: type) -> type:
        return make(
            cls.__name__,
            io_type,
            getattr(cls, "Type", Any),
            getattr(cls, "Input", i.Input),
            getattr(cls, "Output", i.Output),
            bases=(cls,) if issubclass(cls, ComfyType) else (cls, ComfyType),
        )

    return decorate


def make(
    name: str,
    io_type: str,
    carries: Any,
    input_class: type,
    output_class: type | None,
    bases: tuple[type, ...] = (ComfyType,),
) -> Any:
    """A new socket class, with classes of its own for inputs and outputs."""
    socket = type(name, bases, {"io_type": io_type, "Type": carries})
    for part, base in (("Input", input_class), ("Output", output_class)):
        if base is not None:
            setattr(socket, part, type(part, (base,), {"Parent": socket}))
    return socket


def Custom(io_type: str) -> Any:  # noqa: N802
    """A socket of a pack's own."""
    return make("CustomComfyType", io_type, Any, i.Input, i.Output)


def all_types() -> dict[str, Any]:
    """Every socket of the chosen version, by its name in `io`."""
    types = {name: make(name, *parts) for name, parts in WITH_WIDGET.items()}
    types |= {name: make(name, *parts, i.Input, i.Output) for name, parts in PLAIN.items()}
    types["MultiType"] = make("MultiType", "COMFY_MULTITYPED_V3", Any, i.MultiTypeInput, i.Output)
    if i.VERSION >= i.NEW:
        types |= {name: make(name, *parts) for name, parts in ONLY_NEW.items()}
        combo = make("DynamicCombo", "COMFY_DYNAMICCOMBO_V3", dict, i.DynamicComboInput, None)
        combo.Option = i.Option
        types["DynamicCombo"] = combo
    return types
