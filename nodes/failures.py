"""What a front end shows where a node cannot go on: the node, the input, a sentence."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..liveportrait_core.errors import LivePortraitError, subject_of
from .schema import title_of
from .widgets import check_choice

if TYPE_CHECKING:
    from comfy_api.latest import io

INPUTS: Final[Mapping[str, str]] = {
    "background_clip": "paste_onto",
    "index": "face_index",
    "reference": "options",
}
"""Inputs of nodes that have another name in the library."""
FILES: Final = frozenset({"model_name", "motion_file", "preset", "speech_model"})
"""Inputs that choose a file; their nodes say what to do where it is not there."""


class LivePortrait(Exception):  # noqa: N818 - front ends show the name as it is
    """A node's own error.

    Front ends show the class above the message, with its module, which would be a path of this
    machine; for a built-in class the name alone.
    """

    __module__ = "builtins"


def named(node: type[io.ComfyNode]) -> type[io.ComfyNode]:
    """The node, whose errors begin with its name and that of the input that they are about.

    Bad input is a `LivePortraitError` or a `ValueError` everywhere here; anything else (Cancel, no
    memory, a fault of ours) passes as it is.
    """
    run = vars(node)["execute"].__func__

    @functools.wraps(run)
    def execute(cls: type[io.ComfyNode], **inputs: object) -> io.NodeOutput:
        try:
            _check_choices(node.define_schema(), inputs)
            return run(cls, **inputs)
        except (LivePortraitError, ValueError) as error:
            raise LivePortrait(f"{_place_of(node, error)}: {error}") from error

    setattr(node, "execute", classmethod(execute))  # noqa: B010 - the API declares no execute
    return node


def _check_choices(schema: io.Schema, inputs: Mapping[str, object]) -> None:
    """Refuse what a combo does not offer: older versions of ComfyUI let it pass.

    Raises:
        OptionError: A value is none of the choices.
    """
    for each in schema.inputs:
        choices: list[str] | None = getattr(each, "options", None)
        if choices and each.id in inputs and each.id not in FILES:
            check_choice(each.id, inputs[each.id], choices)


def _place_of(node: type[io.ComfyNode], error: Exception) -> str:
    """The node's title, and the input where the error is about one."""
    subject = subject_of(error)
    subject = INPUTS.get(subject, subject)
    schema = node.define_schema()
    title = title_of(schema)
    return f"{title}, {subject}" if subject in {each.id for each in schema.inputs} else title
