"""Which widgets a node has on the canvas, in the order in which a workflow keeps their values.

Learnt from what the front ends of 0.3.64 and 0.33 do and from the workflows that they wrote:
sockets of certain types get widgets, numbers and combos may bring a control behind them, file
combos an upload button, and some values are kept in a workflow but never sent to the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Spec = Sequence[Any]
"""An input of /object_info: its type, and its options where it has any."""

DYNAMIC = "COMFY_DYNAMICCOMBO_V3"
DEFAULTS = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}
CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
PLAYERS = ("LoadAudio", "SaveAudio", "PreviewAudio", "SaveAudioMP3", "SaveAudioOpus")
"""Core nodes that get a player for sound."""
UPLOADS = ("image_upload", "video_upload", "animated_image_upload")
WIDGET_TYPES = {*DEFAULTS, "COMBO", DYNAMIC, "COLOR", "BOUNDING_BOX"}


@dataclass(frozen=True)
class Widget:
    """One value of a workflow's `widgets_values`."""

    name: str
    spec: Spec
    is_sent: bool = True
    """False for buttons, controls and players: their values stay in the workflow."""


class WidgetError(ValueError):
    """The values of a node do not fit its widgets."""


def options_of(spec: Spec) -> Mapping[str, Any]:
    """The options of an input."""
    return spec[1] if len(spec) > 1 else {}


def choices_of(spec: Spec) -> list[Any] | None:
    """What a combo offers, in the old or the new form; None for other inputs."""
    if isinstance(spec[0], list):
        return spec[0]
    if spec[0] == DYNAMIC:
        return [option["key"] for option in options_of(spec)["options"]]
    return options_of(spec).get("options", []) if spec[0] == "COMBO" else None


def type_of(spec: Spec) -> str:
    """The type of the input's widget."""
    kind = options_of(spec).get("widgetType", spec[0])
    return "COMBO" if isinstance(kind, list) else kind


def has_widget(spec: Spec) -> bool:
    """Whether the input has a widget at all."""
    return type_of(spec) in WIDGET_TYPES and not options_of(spec).get("forceInput")


def default_of(spec: Spec) -> Any:
    """What a new node has there."""
    default = options_of(spec).get("default")
    if default is not None:
        return default
    choices = choices_of(spec)
    return DEFAULTS.get(type_of(spec)) if choices is None else next(iter(choices), None)


def inputs_of(info: Mapping[str, Any]) -> dict[str, Spec]:
    """All inputs of a node but the hidden ones, in their order."""
    groups = (info["input"].get(group, {}) for group in ("required", "optional"))
    return {name: spec for group in groups for name, spec in group.items()}


def companions(name: str, spec: Spec) -> list[Widget]:
    """The widgets that come right behind this one."""
    control = options_of(spec).get("control_after_generate")
    if control is None and type_of(spec) == "INT":
        control = name in ("seed", "noise_seed")
    if not control:
        return []
    extra = [Widget("control_after_generate", (list(CONTROLS),), is_sent=False)]
    if type_of(spec) == "COMBO":
        extra.append(Widget("control_filter_list", ("STRING",), is_sent=False))
    return extra


def buttons(info: Mapping[str, Any]) -> list[Widget]:
    """The player and the upload button that come after all others."""
    required = info["input"].get("required", {})
    found = [Widget("audioUI", ("PLAYER",), is_sent=False)] if info["name"] in PLAYERS else []
    flags = [flag for spec in required.values() for flag in UPLOADS if options_of(spec).get(flag)]
    if flags or options_of(required.get("audio", ("",))).get("audio_upload"):
        found.append(Widget("upload", ("BUTTON",), is_sent=False))
    return found


def read(info: Mapping[str, Any], values: Sequence[Any]) -> Iterator[tuple[Widget, Any]]:
    """Each widget of a node with its value; the default where the workflow has none.

    Raises:
        WidgetError: more values than widgets.
    """
    rest = [] if info["name"] == "PreviewAny" else list(values)  # it keeps what it showed last
    for name, spec in inputs_of(info).items():
        yield from read_one(name, spec, rest)
    for button in buttons(info):
        yield button, rest.pop(0) if rest else None
    if any(value is not None for value in rest):
        raise WidgetError(f"{len(rest)} of {len(values)} widget values are left over: {rest}")


def read_one(name: str, spec: Spec, rest: list[Any]) -> Iterator[tuple[Widget, Any]]:
    """The widgets of one input; takes their values off `rest`."""
    if not has_widget(spec):
        return
    value = rest.pop(0) if rest else default_of(spec)
    yield Widget(name, spec), value
    for extra in companions(name, spec):
        yield extra, rest.pop(0) if rest else None
    if spec[0] == DYNAMIC:
        for inner, inner_spec in chosen_inputs(spec, value).items():
            yield from read_one(f"{name}.{inner}", inner_spec, rest)


def chosen_inputs(spec: Spec, key: Any) -> dict[str, Spec]:
    """The inputs that a dynamic combo brings for this choice."""
    for option in options_of(spec)["options"]:
        if option["key"] == key:
            return inputs_of({"input": option["inputs"]})
    return {}


def expand(specs: Mapping[str, Spec], values: Mapping[str, Any]) -> dict[str, Spec]:
    """The inputs of a node, with those that the choices of its dynamic combos bring."""
    whole: dict[str, Spec] = {}
    for name, spec in specs.items():
        whole[name] = spec
        if spec[0] == DYNAMIC:
            brought = chosen_inputs(spec, values.get(name))
            named = {f"{name}.{inner}": inner_spec for inner, inner_spec in brought.items()}
            whole |= expand(named, values)
    return whole
