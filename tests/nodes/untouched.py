"""Inputs belong to all who are linked to them: no node may change one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch


def parts_of(value: Any, path: str) -> Iterator[tuple[str, torch.Tensor | np.ndarray]]:
    """The tensors and arrays in mappings, sequences and dataclasses; networks are left alone."""
    if isinstance(value, torch.Tensor | np.ndarray):
        yield path, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from parts_of(each, f"{path}[{name!r}]")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from parts_of(each, f"{path}[{index}]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from parts_of(getattr(value, field.name), f"{path}.{field.name}")


def snapshot(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Copies of all tensors and arrays in the inputs of a node."""
    return {
        path: part.clone() if isinstance(part, torch.Tensor) else part.copy()
        for name, value in inputs.items()
        for path, part in parts_of(value, name)
    }


def changed(before: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    """Where the inputs are not what they were."""
    now = {path: part for name, value in inputs.items() for path, part in parts_of(value, name)}
    return [
        path
        for path in before.keys() | now.keys()
        if path not in now or path not in before or not same(before[path], now[path])
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two tensors or arrays are equal; what is not a number equals itself."""
    if type(one) is not type(other) or one.shape != other.shape or one.dtype != other.dtype:
        return False
    if isinstance(one, torch.Tensor):
        if one.is_floating_point():
            one, other = torch.nan_to_num(one), torch.nan_to_num(other)
        return torch.equal(one, other)
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
