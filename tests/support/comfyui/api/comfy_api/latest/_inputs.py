"""Inputs and outputs of a node's schema: tables of parameters, one for each class.

A parameter that the chosen version of ComfyUI does not have is a TypeError, as it is there.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from comfyui_version import __version__

VERSION = tuple(int(part) for part in __version__.split("."))
OLD, NEW = (0, 3, 64), (0, 33)
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class P:
    """A parameter: its default, its name in /object_info ("" when not sent), its first version."""

    name: str
    default: Any = None
    sent: str | None = None
    since: tuple[int, ...] = OLD


class FolderType(str, Enum):
    """Where an uploaded or saved file lies."""

    input = "input"
    output = "output"
    temp = "temp"


class UploadType(str, Enum):
    """What the upload button of a combo takes; the value is the flag in /object_info."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"
    model = "file_upload"


if VERSION >= NEW:

    class NumberDisplay(str, Enum):
        """How a number is shown."""

        number = "number"
        slider = "slider"
        gradient_slider = "gradientslider"

    class ControlAfterGenerate(str, Enum):
        """What happens to a number after each run."""

        fixed = "fixed"
        increment = "increment"
        decrement = "decrement"
        randomize = "randomize"

else:

    class NumberDisplay(str, Enum):
        """How a number is shown."""

        number = "number"
        slider = "slider"


def signed(parameters: Iterable[P]) -> Callable[..., None]:
    """An `__init__` with exactly these parameters; each becomes an attribute of its name."""
    own = [parameter for parameter in parameters if parameter.since <= VERSION]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [
            inspect.Parameter("self", kind),
            *(
                inspect.Parameter(parameter.name, kind, default=parameter.default)
                for parameter in own
            ),
        ]
    )

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        for name, value in list(bound.arguments.items())[1:]:
            setattr(self, name, value)
        self.parameters = own
        self._prepare()

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


class InOrOut:
    """What inputs and outputs share."""

    Parent: Any = None
    parameters: list[P]

    def _prepare(self) -> None:
        """Checks and changes after the attributes are set."""

    @property
    def io_type(self) -> Any:
        """The socket's name, such as `IMAGE`."""
        return self.Parent.io_type

    @property
    def Type(self) -> Any:  # noqa: N802
        """The Python type that the socket carries."""
        return self.Parent.Type

    def get_io_type(self) -> Any:
        """The type as /object_info tells it."""
        return self.io_type

    def as_dict(self) -> dict[str, Any]:
        """What /object_info tells about it, without what is None."""
        told = {}
        for parameter in self.parameters:
            name = parameter.name if parameter.sent is None else parameter.sent
            if name and (value := getattr(self, parameter.name)) is not None:
                told[name] = value.value if isinstance(value, Enum) else value
        return told


COMMON = (P("id", REQUIRED, ""), P("display_name"), P("optional", False), P("tooltip"), P("lazy"))
LINK = (P("raw_link", sent="rawLink", since=NEW), P("advanced", since=NEW))
EXTRA = P("extra_dict", sent="")
TAIL = (P("extra_dict", sent="", since=NEW), *LINK)
SOCKET = (P("socketless"), P("force_input", sent="forceInput"))


class Input(InOrOut):
    """An input without a widget."""

    __init__ = signed((*COMMON, EXTRA, *LINK))

    def _prepare(self) -> None:
        self.extra_dict = getattr(self, "extra_dict", None) or {}

    def as_dict(self) -> dict[str, Any]:
        told = {key: value for key, value in self.extra_dict.items() if value is not None}
        return super().as_dict() | told

    def _all(self) -> list[Input]:
        """Itself and the inputs inside it."""
        return [self]


class WidgetInput(Input):
    """An input that has a widget on the node."""

    default: Any = None
    widget_type: Any = None
    __init__ = signed(
        (
            *COMMON,
            P("default"),
            P("socketless"),
            P("widget_type", sent="widgetType"),
            P("force_input", sent="forceInput"),
            EXTRA,
            *LINK,
        )
    )

    def get_io_type(self) -> Any:
        return self.io_type if self.widget_type is None else self.widget_type

    def as_dict(self) -> dict[str, Any]:
        own = {} if self.widget_type is None else {"widgetType": self.widget_type}
        return super().as_dict() | own


class BooleanInput(WidgetInput):
    __init__ = signed((*COMMON, P("default"), P("label_on"), P("label_off"), *SOCKET, *TAIL))


class IntInput(WidgetInput):
    __init__ = signed(
        (
            *COMMON,
            *(P("default"), P("min"), P("max"), P("step"), P("control_after_generate")),
            P("display_mode", sent="display"),
            *SOCKET,
            *TAIL,
        )
    )


class FloatInput(WidgetInput):
    __init__ = signed(
        (
            *COMMON,
            *(P("default"), P("min"), P("max"), P("step"), P("round")),
            P("display_mode", sent="display"),
            P("gradient_stops", since=NEW),
            *SOCKET,
            *TAIL,
        )
    )


class StringInput(WidgetInput):
    __init__ = signed(
        (
            *COMMON,
            *(P("multiline", default=False), P("placeholder"), P("default")),
            P("dynamic_prompts", sent="dynamicPrompts"),
            *SOCKET,
            *TAIL,
        )
    )


class ComboInput(WidgetInput):
    __init__ = signed(
        (
            COMMON[0],
            P("options"),
            *COMMON[1:],
            *(P("default"), P("control_after_generate"), P("upload", sent="")),
            *(P("image_folder"), P("remote", sent=""), P("socketless")),
            *TAIL,
        )
    )

    def _prepare(self) -> None:
        super()._prepare()
        if isinstance(self.options, type) and issubclass(self.options, Enum):
            self.options = [member.value for member in self.options]
        if isinstance(self.default, Enum):
            self.default = self.default.value
        if self.remote is not None:
            raise NotImplementedError("The stand-in has no remote combos.")

    def as_dict(self) -> dict[str, Any]:
        upload = {} if self.upload is None else {self.upload.value: True}
        return super().as_dict() | {"multiselect": False} | upload


class MultiTypeInput(Input):
    """An input of several types; an input given as its id lends it the widget."""

    __init__ = signed((COMMON[0], P("types", REQUIRED, ""), *COMMON[1:], EXTRA, *LINK))

    def _prepare(self) -> None:
        super()._prepare()
        self.override = copy.copy(self.id) if isinstance(self.id, Input) else None
        if self.override is None:
            return
        self.id = self.override.id
        self.optional = self.override.optional or self.optional
        for name in ("tooltip", "display_name", "lazy"):
            given = getattr(self.override, name)
            setattr(self, name, getattr(self, name) if given is None else given)
        if isinstance(self.override, WidgetInput):
            self.override.widget_type = self.override.get_io_type()

    def get_io_type(self) -> str:
        own = [] if self.override is None else [self.override.get_io_type()]
        return ",".join(dict.fromkeys([*own, *(kind.io_type for kind in self.types)]))

    def as_dict(self) -> dict[str, Any]:
        return ({} if self.override is None else self.override.as_dict()) | super().as_dict()


class BoundingBoxInput(WidgetInput):
    """0.33 only."""

    __init__ = signed(
        (
            *COMMON[:4],
            *(P("socketless", default=True), P("default"), P("component")),
            P("force_input", sent="forceInput"),
        )
    )

    def _prepare(self) -> None:
        super()._prepare()
        if self.default is None:
            self.default = {"x": 0, "y": 0, "width": 512, "height": 512}


class DynamicComboInput(Input):
    """0.33 only: a combo whose choice brings inputs of its own. Our nodes must not use it."""

    __init__ = signed((COMMON[0], P("options", REQUIRED, ""), *COMMON[1:], EXTRA))

    def _all(self) -> list[Input]:
        return [self, *(inner for option in self.options for inner in option.inputs)]

    def as_dict(self) -> dict[str, Any]:
        return super().as_dict() | {"options": [option.as_dict() for option in self.options]}


class Option:
    """A choice of a dynamic combo."""

    __init__ = signed((P("key", REQUIRED), P("inputs", REQUIRED)))

    def _prepare(self) -> None:
        """Nothing to do."""

    def as_dict(self) -> dict[str, Any]:
        return {"key": self.key, "inputs": told_inputs(self.inputs)}


class Output(InOrOut):
    __init__ = signed(
        (P("id", sent=""), P("display_name"), P("tooltip"), P("is_output_list", default=False))
    )

    def _prepare(self) -> None:
        if VERSION >= NEW:
            self.display_name = self.display_name or self.id


class ComboOutput(Output):
    __init__ = signed(
        (
            *(P("id", sent=""), P("display_name"), P("options", sent=""), P("tooltip")),
            P("is_output_list", default=False),
        )
    )

    def _prepare(self) -> None:
        super()._prepare()
        self.options = [] if self.options is None else self.options

    @property
    def io_type(self) -> Any:
        return self.Parent.io_type if VERSION >= NEW else self.options


def told_inputs(inputs: Iterable[Input]) -> dict[str, dict[str, Any]]:
    """The `input` of /object_info: `required` and `optional`, each name with type and options."""
    told: dict[str, dict[str, Any]] = {"required": {}}
    for each in inputs:
        options = each.as_dict()
        options.pop("optional", None)
        group = told.setdefault("optional" if each.optional else "required", {})
        group[each.id] = (each.get_io_type(), options)
    return told
