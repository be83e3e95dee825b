"""The words that ship, English and Chinese, and the names of presets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..motion.control_options import Controls
from ..motion.control_tools import REST
from ..motion.plain_text import plain_text
from ..motion.words import JOINED, PRESET, Vocabulary, controls_of_words
from .shipped_expressions import expression_files, load_preset

SHIPPED_WORDS_FOLDER: Final = Path(__file__).resolve().parent / "words"


@cache
def shipped_vocabulary() -> Vocabulary:
    """All words of all languages, by word; files of `word, tab, tokens`."""
    lines = [
        line
        for path in sorted(SHIPPED_WORDS_FOLDER.glob("*.tsv"))
        for line in path.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    return MappingProxyType(dict(line.split("\t", 1) for line in lines))


def controls_from_text(text: str, base: Controls = REST) -> Controls:
    """The controls that words ask for, English or Chinese, with presets by their names.

    `controls_from_text("slight smile, look left, raise the right brow")`

    Args:
        text: The words.
        base: The face that they go over.

    Raises:
        ValueError: A word is not known, or a phrase says nothing (`controls_of_words`).
        MediaError: The file of a preset that is named cannot be used.
    """
    return controls_of_words(text, vocabulary_with_presets(), load_preset, base)


def vocabulary_with_presets() -> Vocabulary:
    """All words, and the names of presets, those of the user as well."""
    presets = {
        plain_text(name).lower(): f"{PRESET}{name}"
        for name in expression_files()
        if name.isalpha() or JOINED.fullmatch(name)
    }
    return {**presets, **shipped_vocabulary()}
