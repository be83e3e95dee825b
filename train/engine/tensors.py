"""Tensors inside dataclasses and tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

Value = TypeVar("Value")


def map_tensors(value: Value, change: Callable[[Tensor], Tensor]) -> Value:
    """The same dataclass, tuple or tensor with each tensor inside changed."""
    return cast(Value, _mapped(value, change))


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_mapped(entry, change) for entry in cast("tuple[Any, ...]", value))
    if is_dataclass(value) and not isinstance(value, type):
        entries = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **{name: _mapped(entry, change) for name, entry in entries.items()})
    return value


def move_towards(tensors: Sequence[Tensor], others: Sequence[Tensor], fraction: float) -> None:
    """Move tensors towards others in place, all by one fused call."""
    foreach: Any = torch
    foreach._foreach_lerp_(list(tensors), list(others), fraction)


def copy_each(tensors: Sequence[Tensor], others: Sequence[Tensor]) -> None:
    """Copy others into tensors, all by one fused call."""
    foreach: Any = torch
    if tensors:
        foreach._foreach_copy_(list(tensors), list(others))
