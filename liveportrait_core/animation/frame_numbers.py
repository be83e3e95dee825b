"""Numbers of frames in words, for messages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

MAX_RANGES: Final = 8
"""Ranges of frames that a warning names at most."""


def frame_ranges(frames: Sequence[int]) -> str:
    """Frame numbers in words: "frame 3", "frames 3, 7-12 and 40-44"."""
    groups = groupby(enumerate(frames), key=lambda pair: pair[1] - pair[0])
    runs = [[frame for _, frame in group] for _, group in groups]
    ranges = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return f"frame{'' if len(frames) == 1 else 's'} {_listed(ranges, 'ranges')}"


def frame_list(frames: Sequence[int]) -> str:
    """Frame numbers in words, one by one: "3, 4 and 40"."""
    return _listed([str(frame) for frame in frames], "frames")


def _listed(parts: list[str], what: str) -> str:
    if len(parts) > MAX_RANGES:
        parts = [*parts[:MAX_RANGES], f"{len(parts) - MAX_RANGES} more {what}"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
