"""A long motion made some frames at a time: what is made on the way stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from .types import Motion, tensor_fields

PIECE: Final = 1024
"""Frames that are made together."""


def pieces(num_frames: int) -> Iterator[slice]:
    """Ranges of `PIECE` frames, the last with what is left; one for a shorter motion."""
    starts = range(0, max(1, num_frames), PIECE)
    return (slice(start, min(start + PIECE, num_frames)) for start in starts)


def in_pieces(make: Callable[[slice], Motion], num_frames: int) -> Motion:
    """A motion whose frames do not depend on each other, made a piece at a time.

    `in_pieces(lambda frames: relative_motion(source, driver[frames], reference), len(driver))`

    Convention:
        - what does not belong to frames (names, reference) is that of the first piece

    Args:
        make: Makes some of the frames; pieces have the same tensors.
        num_frames: Of the whole.
    """
    first: Motion | None = None
    whole: dict[str, Tensor] = {}
    for frames in pieces(num_frames):
        part = make(frames)
        if frames.stop - frames.start == num_frames:
            return part
        first = first or part
        for name in tensor_fields():
            value: Tensor | None = getattr(part, name)
            if value is not None:
                whole[name] = _with_piece(whole.get(name), value, frames, num_frames)
    assert first is not None  # there is one range at least
    return replace(first, **whole)  # pyright: ignore[reportArgumentType] - by name


def _with_piece(whole: Tensor | None, value: Tensor, frames: slice, num_frames: int) -> Tensor:
    """A tensor of all frames with those of a piece; what is the same in all is held once."""
    if value.stride(0) == 0:
        same = value[:1].expand(num_frames, *value.shape[1:])
        if whole is None or (whole.stride(0) == 0 and torch.equal(whole[:1], value[:1])):
            return same
    if whole is None:
        whole = value.new_empty((num_frames, *value.shape[1:]))
    elif whole.stride(0) == 0:
        whole = whole.clone(memory_format=torch.contiguous_format)
    whole[frames] = value
    return whole
