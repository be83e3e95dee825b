"""Sentences drawn from words and syllables: grammatical in English, a row of words elsewhere."""

from __future__ import annotations

from typing import Final

import numpy as np

from .lexicon import ENGLISH, SYLLABLES, WORDS

ENDS: Final = (".", ".", ".", "?", "!")
BABBLE_SHARE: Final = 0.2
"""Of the words that are made of syllables, where the synthesizer can say them."""
COMMA_SHARE: Final = 0.1
WORDS_IN_SENTENCE: Final = (3, 10)
MOST_SYLLABLES: Final = 3

_ENGLISH_PATTERNS: Final = (
    "article adjective noun verb article noun",
    "article noun verb article adjective noun place article noun",
    "opening , article noun adverb verb article noun",
    "question verb article adjective noun",
    "adverb , article adjective adjective noun verb noun",
    "article noun place article noun verb article noun , opening article noun verb noun",
    "noun , noun , noun and noun",
    "opening",
)


def draw_text(language: str, sentences: int, random: np.random.Generator, *, babble: bool) -> str:
    """Some sentences of a language.

    Args:
        language: One that the lexicon has.
        sentences: How many.
        random: Source of randomness.
        babble: Whether words of syllables are among them, as espeak-ng alone can say them.
    """
    return " ".join(_sentence(language, random, babble) for _ in range(sentences))


def _sentence(language: str, random: np.random.Generator, babble: bool) -> str:
    if language == "en":
        pattern = _ENGLISH_PATTERNS[random.integers(len(_ENGLISH_PATTERNS))]
        words = [_english(part, random) for part in pattern.split()]
    else:
        known = WORDS[language]
        count = int(random.integers(*WORDS_IN_SENTENCE))
        words = [known[random.integers(len(known))] for _ in range(count)]
        words = [part for word in words for part in _with_comma(word, random)]
    if babble:
        words = [
            _babble(language, random) if word.isalnum() and random.random() < BABBLE_SHARE else word
            for word in words
        ]
    text = " ".join(words).replace(" ,", ",").rstrip(",")
    return text[:1].upper() + text[1:] + ENDS[random.integers(len(ENDS))]


def _english(part: str, random: np.random.Generator) -> str:
    words = ENGLISH.get(part, (part,))
    return words[random.integers(len(words))].replace("_", " ")


def _with_comma(word: str, random: np.random.Generator) -> list[str]:
    return [word, ","] if random.random() < COMMA_SHARE else [word]


def _babble(language: str, random: np.random.Generator) -> str:
    """A word of drawn syllables, as espeak-ng reads mnemonics."""
    sounds = SYLLABLES[language]
    count = int(random.integers(1, MOST_SYLLABLES + 1))
    stressed = int(random.integers(count))
    syllables = [
        "".join(
            (
                sounds.onsets[random.integers(len(sounds.onsets))],
                "'" if k == stressed else "",
                sounds.vowels[random.integers(len(sounds.vowels))],
                sounds.codas[random.integers(len(sounds.codas))],
            )
        )
        for k in range(count)
    ]
    return "[[" + "".join(syllables) + "]]"
