"""What all sources of pairs have in common: rendered heads, clips, and mixtures of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from liveportrait_core.geometry import full_precision
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..engine.draw import Draw
from .batch import FrameBatch, PairBatch, concatenate


class PairSource(Protocol):
    """Where batches come from."""

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        ...

    @property
    def has_motion(self) -> bool:
        """Whether any two frames of a person differ: images alone have no motion."""
        ...

    @property
    def is_labelled(self) -> bool:
        """Whether keypoints and pose of all frames are known."""
        ...

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> PairBatch:
        """Random pairs, a function of the draw alone; `moving` asks for heads that move."""
        ...

    def draw_frames(self, draw: Draw, count: int) -> FrameBatch:
        """Random frames, a function of the draw alone."""
        ...

    def first_pairs(self, count: int) -> PairBatch:
        """The same pairs every time, at most `count`: for validation and sample grids."""
        ...


def first_pairs(
    sources: Sequence[PairSource | None], network: CompactMotionExtractor | None, count: int
) -> PairBatch:
    """The same pairs every time, at most `count` of each source.

    Args:
        sources: Those that are None are left out.
        network: Reads keypoints and pose where they are not known; None for none.
        count: Of each source.
    """
    parts: list[PairBatch] = []
    for source in sources:
        if source is not None:
            pairs = source.first_pairs(count)
            with full_precision(pairs.source.image.device):
                parts.append(pairs.with_readings(network))
    return concatenate(parts)
