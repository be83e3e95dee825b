"""`comfy_api.latest.io`: sockets, schemas and nodes.

A parameter that the chosen version of ComfyUI does not have is a TypeError, as it is there.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from comfyui_version import __version__

IS_NEW = __version__ != "0.3.64"
COMMON = ("display_name", "tooltip", *(("advanced",) if IS_NEW else ()))
"""Parameters of every input, besides its id and whether it is optional."""


class NumberDisplay(str, Enum):
    number = "number"
    slider = "slider"


class Hidden(str, Enum):
    """What a node may ask the executor for, beside its inputs."""

    unique_id = "UNIQUE_ID"


@dataclass
class HiddenHolder:
    """The hidden values of one call; None where the schema did not ask for them."""

    unique_id: str | None = None


class _Input:
    """An input; its own parameters are attributes, None where they are not given."""

    Parent: type[ComfyType]
    PARAMETERS: ClassVar[tuple[str, ...]] = ("extra_dict",)
    ALWAYS: ClassVar[dict[str, Any]] = {}
    """What /object_info has of each, where nothing else is given."""

    def __init__(self, id: str, *, optional: bool = False, **values: Any) -> None:
        self.id, self.optional = id, optional
        self.values = dict.fromkeys((*COMMON, *self.PARAMETERS)) | values
        vars(self).update({name: self.values.get(name) for name in ("advanced", *self.PARAMETERS)})

    def __init_subclass__(cls) -> None:
        kind = inspect.Parameter.KEYWORD_ONLY
        more = [inspect.Parameter(name, kind) for name in ("optional", *COMMON, *cls.PARAMETERS)]
        first = list(inspect.signature(_Input.__init__).parameters.values())[:2]
        signature = inspect.Signature([*first, *(one.replace(default=None) for one in more)])

        def checked(self: _Input, id: str, **values: Any) -> None:
            signature.bind(self, id, **values)
            _Input.__init__(self, id, **values)

        checked.__signature__ = signature
        cls.__init__ = checked

    def get_io_type(self) -> str:
        kinds = self.values.get("types") or [self.Parent]
        return ",".join(kind.io_type for kind in kinds)

    def as_dict(self) -> dict[str, Any]:
        """What /object_info has of it, without what is None."""
        apart = {"extra_dict", "types", "display_mode"}
        shown = {name: value for name, value in self.values.items() if name not in apart}
        mode = self.values.get("display_mode")
        shown |= {"display": mode and mode.value, **(self.values.get("extra_dict") or {})}
        given = {name: value for name, value in shown.items() if value is not None}
        return {**self.ALWAYS, **given}


def _takes(*parameters: str, **always: Any) -> type[_Input]:
    """A class of inputs with parameters of its own."""
    return type("Input", (_Input,), {"PARAMETERS": parameters, "ALWAYS": always})


class Output:
    Parent: type[ComfyType]

    def __init__(
        self, id: str | None = None, display_name: str | None = None, tooltip: str | None = None
    ) -> None:
        self.id, self.display_name, self.tooltip = id, display_name, tooltip


class ComfyType:
    """The base of all sockets; each has classes of its own for inputs and outputs."""

    io_type: ClassVar[str]
    Type: ClassVar[Any] = Any
    Input: ClassVar[Any] = _Input
    Output: ClassVar[Any] = Output

    def __init_subclass__(cls) -> None:
        for part in ("Input", "Output"):
            setattr(cls, part, type(part, (getattr(cls, part),), {"Parent": cls}))


def socket(io_type: str, carries: Any = Any, takes: type[_Input] = _Input) -> type[ComfyType]:
    """A new socket: its name, the Python type of its values, the class of its inputs."""
    return type(io_type, (ComfyType,), {"io_type": io_type, "Type": carries, "Input": takes})


NUMBER = ("default", "min", "max", "step")
Boolean = socket("BOOLEAN", bool, _takes("default"))
Int = socket("INT", int, _takes(*NUMBER))
Float = socket("FLOAT", float, _takes(*NUMBER, "round", "display_mode"))
String = socket("STRING", str, _takes("default", "multiline", multiline=False))
Combo = socket("COMBO", str, _takes("options", "default", multiselect=False))
MultiType = socket("COMFY_MULTITYPED_V3", Any, _takes("types"))
Image = socket("IMAGE", torch.Tensor)
Mask = socket("MASK", torch.Tensor)
Audio = socket("AUDIO", dict)
AudioEncoderOutput = socket("AUDIO_ENCODER_OUTPUT", dict)
Video = socket("VIDEO")


def Custom(io_type: str) -> type[ComfyType]:  # noqa: N802
    """A socket of a pack's own."""
    return socket(io_type)


@dataclass
class Schema:
    """What a node has and how it is shown."""

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    description: str = ""
    is_output_node: bool = False
    if TYPE_CHECKING or IS_NEW:
        search_aliases: list[str] = field(default_factory=list)
        has_intermediate_output: bool = False


class NodeOutput:
    """What a node gives: its outputs in order, and what the front end shows."""

    def __init__(self, *args: Any, ui: Any = None) -> None:
        self.args, self.ui = args, ui


class ComfyNode:
    """The base of all nodes. Nodes are classes: there are no instances."""

    hidden: HiddenHolder

    @classmethod
    def define_schema(cls) -> Schema:
        raise NotImplementedError

    @classmethod
    def GET_SCHEMA(cls) -> Schema:  # noqa: N802
        return cls.define_schema()

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict[str, Any]:  # noqa: N802
        """The node's entry of /object_info, as far as tests and tools read it."""
        schema = cls.GET_SCHEMA()
        inputs: dict[str, dict[str, Any]] = {"required": {}}
        for each in schema.inputs:
            group = inputs.setdefault("optional" if each.optional else "required", {})
            group[each.id] = (each.get_io_type(), each.as_dict())
        outputs = schema.outputs
        return {
            "input": inputs,
            "output": [each.Parent.io_type for each in outputs],
            "output_name": [each.display_name or each.Parent.io_type for each in outputs],
            "output_tooltips": [each.tooltip for each in outputs],
            "output_node": schema.is_output_node,
            "name": schema.node_id,
            "display_name": schema.display_name,
            "description": schema.description,
            "category": schema.category,
        }
