"""Which line of a timeline's text says what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLines:
    """Which line of a text says what, from 1, so that a change leaves the others as they are."""

    keys: Mapping[tuple[str, float], int]
    """Of each key, by its control and second."""
    segments: tuple[int, ...]
    """Of each segment."""
    settings: Mapping[str, tuple[int, ...]]
    """Of length, fps and loop: the last one counts."""
    events: Mapping[int, frozenset[str]]
    """Lines whose keys depend on what else their controls do (blink, nod): the controls."""
    rests: Mapping[int, float]
    """Lines whose keys depend on which controls have keys: their seconds."""
    rested: Mapping[int, frozenset[str]]
    """Of each such line the controls that have a key by it."""
    commands: frozenset[int]
    """Lines of AdvancedLivePortrait's commands, each of which begins where the last one ends."""
