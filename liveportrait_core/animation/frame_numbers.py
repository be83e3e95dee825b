"""Numbers of frames in words, for messages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

MAX_RANGES: Final = 8
"""Ranges of frames that a warning names at most."""


def frame_ranges(frames: Sequence[int]) -> str:
    """Frame numbers in words: "3, 7-12 and 40-44"."""
    groups = groupby(enumerate(frames), key=lambda pair: pair[1] - pair[0])
    runs = [[frame for _, frame in group] for _, group in groups]
    ranges = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    if len(ranges) > MAX_RANGES:
        ranges = [*ranges[:MAX_RANGES], f"{len(ranges) - MAX_RANGES} more ranges"]
    return ranges[0] if len(ranges) == 1 else f"{', '.join(ranges[:-1])} and {ranges[-1]}"
