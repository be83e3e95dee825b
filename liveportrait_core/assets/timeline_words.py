"""Timelines whose lines may say in words what a face does."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from ..motion.timeline import Timeline
from ..motion.timeline_lines import TimelineLines
from ..motion.timeline_text import TimelineWords, parse_timeline_lines
from ..motion.words import values_of_words
from .shipped_expressions import load_preset
from .shipped_words import vocabulary_with_presets


def read_timeline(text: str) -> Timeline:
    """The timeline that a text describes, with words in English or Chinese and presets.

    `read_timeline("0.8 slight smile; look left; 1.2 blink")`

    Convention:
        - lines are those of `parse_timeline`; besides, words set keys of the controls that they
          name (`controls_from_text`)

    Raises:
        ValueError: A line cannot be read; the sentence names the line and the word.
        MediaError: The file of a preset that is named cannot be used.
    """
    return read_timeline_lines(text)[0]


def read_timeline_lines(text: str) -> tuple[Timeline, TimelineLines]:
    """`read_timeline`, and which line says what."""
    with suppress(ValueError):
        return parse_timeline_lines(text)  # most texts need no words, which take longer
    vocabulary = vocabulary_with_presets()
    values = partial(values_of_words, vocabulary=vocabulary, preset=load_preset)
    return parse_timeline_lines(text, TimelineWords(values=values, tokens=vocabulary))
