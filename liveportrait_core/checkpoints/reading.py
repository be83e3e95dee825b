"""Read the tensors of one file, safely: nothing in a checkpoint is ever run."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import CheckpointError

ENDINGS = (".safetensors", ".pth")
"""Kinds of file that can hold weights, the safer one first."""
_PTH_STARTS = (b"PK", b"\x80")
"""A zip archive (torch 1.6 and later) or a bare pickle (before)."""
_UNREADABLE = (
    RuntimeError, EOFError, pickle.UnpicklingError, ValueError, LookupError, AttributeError,
    TypeError, OSError, SafetensorError,
)  # fmt: skip
_AGAIN = "Download or copy it again"


def read_file(path: Path) -> dict[str, Any]:
    """The content of a `.pth` or `.safetensors` file: tensors by key, or dicts of them.

    Raises:
        CheckpointError: There is no such file, or it is empty, damaged or something else.
    """
    _check_file(path)
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pth(path)


def read_metadata(path: Path) -> dict[str, str]:
    """The text that a `.safetensors` file carries beside its tensors."""
    _check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def as_tensors(content: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """A content that is tensors only.

    Raises:
        CheckpointError: It holds something else as well.
    """
    others = [key for key, value in content.items() if not isinstance(value, Tensor)]
    if others:
        raise CheckpointError(
            f"{path} holds more than tensors (first: {others[0]!r}). Expected a flat table of "
            "tensors by name, as published; it may be a checkpoint of another program."
        )
    return dict(content)


def _check_file(path: Path) -> None:
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise CheckpointError(f"{path} {kind}. Expected a weight file (.safetensors or .pth).")
    if path.suffix not in ENDINGS:
        raise CheckpointError(
            f"{path} ends neither in {' nor in '.join(ENDINGS)}. Expected a weight file."
        )
    if path.stat().st_size == 0:
        raise CheckpointError(f"{path} is empty (0 bytes). Expected tensors. {_AGAIN}.")
    with path.open("rb") as file:
        start = file.read(40)
    known = start[8:9] == b"{" if path.suffix == ".safetensors" else start.startswith(_PTH_STARTS)
    if not known:
        raise CheckpointError(
            f"{path} is no {path.suffix} file; it begins with {start!r}. It may be a text, a "
            f"web page or a Git LFS pointer under that name. {_AGAIN}."
        )


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="pt") as file:
            # Copied: what safetensors gives lies in the mapped file, which may be replaced.
            return {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _read_pth(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{path} holds a {type(content).__name__}. Expected tensors by name, as published; "
            "it may be a checkpoint of another program."
        )
    return {str(key): value for key, value in content.items()}


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    size = path.stat().st_size
    return CheckpointError(
        f"{path} is truncated or damaged, or holds code instead of tensors "
        f"({size} bytes; {reason}). Expected a whole {path.suffix} file. {_AGAIN}."
    )
