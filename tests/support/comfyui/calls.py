"""Calling a node once, as ComfyUI's executor does."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

NODE_ID = "node"


@dataclass(frozen=True)
class Progress:
    """One step of a node's bar; the preview is (format, PIL image, longest side)."""

    value: float
    total: float
    preview: Any = None


@dataclass
class Call:
    """What one call of a node came to."""

    outputs: tuple[Any, ...] = ()
    ui: dict[str, Any] = field(default_factory=dict)
    progress: list[Progress] = field(default_factory=list)
    refused: str = ""
    """What `validate_inputs` answered; the node did not run then."""
    error: Exception | None = None
    interrupted: bool = False

    def check(self) -> Call:
        """Itself, when the node ran to its end.

        Raises:
            AssertionError: it did not.
        """
        if self.error is not None:
            raise AssertionError(str(self.error)) from self.error
        assert not self.refused, self.refused
        assert not self.interrupted, "interrupted"
        return self


def call(node: Any, inputs: Mapping[str, Any]) -> Call:
    """Call a node; inputs that are not given have the defaults of their widgets."""
    from comfy import model_management, utils  # noqa: PLC0415  (the stand-in must be active)

    result = Call()
    schema = node.GET_SCHEMA()
    values = {**defaults_of(schema), **inputs}
    if (check := getattr(node, "validate_inputs", None)) is not None:
        answer = check(**{name: values[name] for name in inspect.signature(check).parameters})
        if answer is not True:
            return Call(refused=str(answer))

    def step(value: float, total: float, preview: Any) -> None:
        model_management.throw_exception_if_processing_interrupted()
        result.progress.append(Progress(value, total, preview))

    model_management.interrupt_current_processing(False)
    utils.set_progress_bar_global_hook(step)
    try:
        with torch.inference_mode():
            made = node.execute.__func__(locked(node, schema), **values)
    except model_management.InterruptProcessingException:
        result.interrupted = True
    except Exception as error:  # noqa: BLE001  (the executor shows whatever a node raises)
        result.error = error
    else:
        assert len(made.args) == len(schema.outputs), f"{node.__name__} gave {len(made.args)}"
        result.outputs = made.args
        result.ui = made.ui if isinstance(made.ui, dict) else made.ui.as_dict() if made.ui else {}
    finally:
        utils.set_progress_bar_global_hook(None)
    return result


def defaults_of(schema: Any) -> dict[str, Any]:
    """The values that the widgets of a new node have; a combo without a default has its first."""
    values = {}
    for each in schema.inputs:
        default, options = getattr(each, "default", None), getattr(each, "options", None)
        if default is not None or options:
            values[each.id] = options[0] if default is None else default
    return values


def locked(node: Any, schema: Any) -> Any:
    """A copy of the class that keeps the hidden values, and nothing that is set on it."""
    from comfy_api.latest import io  # noqa: PLC0415  (the stand-in must be active)

    class Locked(type(node)):
        def __setattr__(cls, name: str, value: Any) -> None:
            raise AttributeError(f"{node.__name__}.{name} would be kept from one call to the next.")

    hidden = io.HiddenHolder(NODE_ID if io.Hidden.unique_id in schema.hidden else None)
    return Locked(node.__name__, (node,), {"hidden": hidden})
