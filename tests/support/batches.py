"""Batches compared bit by bit."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import torch


def assert_alike(one: Any, other: Any) -> None:
    """All tensors of two batches hold the same bits, and all else is equal."""
    for entry in fields(one):
        ours, theirs = getattr(one, entry.name), getattr(other, entry.name)
        if isinstance(ours, torch.Tensor):
            assert torch.equal(ours, theirs), entry.name
        elif is_dataclass(ours):
            assert_alike(ours, theirs)
        else:
            assert ours == theirs, entry.name
