"""Work on a few frames at a time, fewer when the device's memory is too small."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

import torch

from ..errors import LivePortraitError, counted
from ..model import LivePortraitModel
from ..preset import Family

_LOG = logging.getLogger(__name__)
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

CPU_CHUNK: Final = 2
"""A processor gains nothing from more frames at a time."""
DEVICE_CHUNK: Final = 8


BYTES_PER_PIXEL: Final[Mapping[Family, int]] = MappingProxyType({"published": 1500, "compact": 110})
"""Working memory of F, W and G for one pixel of the output, measured in float32 on a processor:
378 MB a frame of 512 px for the published networks, 27 MB for ours."""


def memory_estimate(model: LivePortraitModel, num_frames: int | None = None) -> int:
    """Bytes that rendering so many frames at a time takes besides the weights.

    Args:
        model: The model.
        num_frames: Frames at a time; None takes what suits the device it is on.
    """
    if num_frames is None:
        num_frames = ChunkSize.for_device(model.device).num_frames
    preset = model.preset
    return num_frames * BYTES_PER_PIXEL[preset.family] * preset.output_size_px**2


class ChunkSize:
    """How many frames are worked on at a time; it shrinks when memory runs out."""

    def __init__(self, num_frames: int) -> None:
        """A size.

        Raises:
            ValueError: Below 1.
        """
        if num_frames < 1:
            raise ValueError(
                f"The chunk is {num_frames} frames; 1 or more is expected. {DEVICE_CHUNK} is usual."
            )
        self.num_frames = num_frames

    @classmethod
    def for_device(cls, device: torch.device, num_frames: int | None = None) -> ChunkSize:
        """A size; None takes what suits the device."""
        return cls(num_frames or (CPU_CHUNK if device.type == "cpu" else DEVICE_CHUNK))

    def halve(self) -> None:
        """Take half as many from now on.

        Raises:
            LivePortraitError: One frame is too many already.
        """
        if self.num_frames == 1:
            raise LivePortraitError(
                "The device has not enough memory for one frame at a time. Free memory on it, "
                "use a half-precision type, or compute on the processor."
            )
        self.num_frames //= 2
        _LOG.warning(
            "Memory ran out; going on with %s at a time.", counted(self.num_frames, "frame")
        )


def batched(items: Iterable[_Item], size: ChunkSize) -> Iterator[list[_Item]]:
    """Items in lists of the size of the moment; the last may be shorter, none is empty."""
    gathered: list[_Item] = []
    for item in items:
        gathered.append(item)
        if len(gathered) >= size.num_frames:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def in_chunks(
    work: Callable[[Sequence[_Item]], _Result], items: Sequence[_Item], size: ChunkSize
) -> Iterator[_Result]:
    """`work` on consecutive parts of `items`, halving the parts where memory runs out.

    Raises:
        LivePortraitError: Memory does not suffice for one item.
    """
    start = 0
    while start < len(items):
        part = items[start : start + size.num_frames]
        try:
            result = work(part)
        except torch.OutOfMemoryError:
            result = None
        if result is None:
            # outside the handler, where the traceback no longer holds the tensors that filled it
            size.halve()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            continue
        yield result
        start += len(part)
