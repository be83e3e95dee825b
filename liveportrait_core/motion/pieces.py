"""A long motion made some frames at a time: what is made on the way stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

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
    whole: Motion | None = None
    for frames in pieces(num_frames):
        part = make(frames)
        if frames.stop - frames.start == num_frames:
            return part
        if whole is None:
            whole = _with_room(part, num_frames)
        for name in tensor_fields():
            room = getattr(whole, name)
            if room is not None:
                room[frames] = getattr(part, name)
    assert whole is not None  # there is one range at least
    return whole


def _with_room(first: Motion, num_frames: int) -> Motion:
    """A motion like a first piece, with tensors for all frames."""
    room: dict[str, Tensor] = {}
    for name in tensor_fields():
        value: Tensor | None = getattr(first, name)
        if value is not None:
            room[name] = value.new_empty((num_frames, *value.shape[1:]))
    return replace(first, **room)  # pyright: ignore[reportArgumentType] - by name
