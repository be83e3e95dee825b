"""Words to controls: "slight smile, look left, raise the right brow"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from ..config.fields import spec_of, specs_of
from ..errors import nearest, shortened
from .control_options import Controls
from .control_tools import REST, changed_controls, controls_within, values_of_controls
from .plain_text import plain_text
from .said_numbers import OVER, POINT, Said, joined, with_numbers
from .word_meanings import DEGREES, MEANINGS, SIDES, TURN_CONTROLS, Values

Vocabulary = Mapping[str, str]
"""What each word or run of words is read as: tokens of `MEANINGS` and `GRAMMAR`, with spaces
between them; "" is left out."""
STOP: Final = "stop"
SHARES: Final[Mapping[str, float]] = MappingProxyType({"percent": 100.0, "tenths": 10.0})
"""Units of a share, and how many of each are the whole."""
GRAMMAR: Final = frozenset((*DEGREES, *SIDES, *SHARES, "full", "no", STOP, "degrees", POINT, OVER))
"""Tokens of the grammar itself; `STOP` parts phrases, as commas do."""
WAYS: Final = GRAMMAR | {"up", "down", "ahead"}
"""Tokens that a phrase may be without, with those of the phrase before it."""
PRESET: Final = "preset:"
"""What a token begins with that stands for a preset by its name."""
MOST_WORDS: Final = 4
"""Of one entry of a vocabulary."""
_STOPS: Final = ",;.\n:!+&\u3002\uff0c\uff1b\u3001\uff01"
_FAR_FROM_LATIN: Final = "\u2e80"
"""Letters from here on are written without spaces."""
JOINED: Final = re.compile(r"[^\W_]+(?:_[^\W_]+)+")
"""A word with underscores, as presets may have for a name."""
_PIECES: Final = re.compile(
    rf"{JOINED.pattern}|(?:(?<!\w)-)?[0-9]*\.?[0-9]+"
    rf"|(?:(?![{_FAR_FROM_LATIN}-\U0010ffff])[^\W\d_]|')+|[{_STOPS}]|\S"
)
_NUMBER: Final = re.compile(r"-?[0-9]*\.?[0-9]+")
MOST_LETTERS: Final = 1000
"""Of words together."""


def controls_of_words(
    text: str,
    vocabulary: Vocabulary,
    preset: Callable[[str], Controls] | None = None,
    base: Controls = REST,
) -> Controls:
    """The controls that some words ask for.

    `controls_of_words("slight smile, look left", vocabulary)`

    Convention:
        - phrases are parted by commas, full stops or "and"; what a later one says of a control
          holds
        - left and right are the image's
        - "slight" is .4 of what the phrase says, "half" .5, "very" 1.4; "fully" the whole range,
          "30 %" so much of it; a number of degrees is the head's turn; numbers may be words
        - a number from -1 to 1 without a unit is a share of the range too
        - "no smile" puts the controls of a smile to rest; it cannot take a smile off a source
        - the name of a preset is a phrase

    Args:
        text: The words.
        vocabulary: Of the languages that are understood.
        preset: Gives the controls of a preset by its name, for the vocabulary's `preset:NAME`.
        base: The face that they go over.

    Returns:
        The base with what was named.

    Raises:
        ValueError: A word is not known, a phrase says nothing that a face does, a number is out of
            range, or there are too many words.
    """
    said = values_of_words(text, vocabulary, preset)
    return controls_within({**values_of_controls(base), **said})


def values_of_words(
    text: str, vocabulary: Vocabulary, preset: Callable[[str], Controls] | None = None
) -> dict[str, float]:
    """What words say of each control that they name, also that it is to rest.

    Arguments and errors are those of `controls_of_words`; values may lie beyond the ranges.
    """
    if len(text) > MOST_LETTERS:
        raise ValueError(
            f"The words have {len(text):,} letters; up to {MOST_LETTERS:,} are expected. Say it in "
            "fewer."
        )
    values: dict[str, float] = {}
    topic: list[Said] = []
    waiting = _phrases(_said(plain_text(text).lower(), vocabulary))
    if text.strip() and not waiting:
        raise ValueError(_says_nothing(text.strip()))
    while waiting:
        phrase = waiting.pop(0)
        parsed = _parsed(phrase, preset)
        if parsed is None and topic:  # "look left and up"
            parsed = _parsed([*topic, *phrase], preset)
        if parsed is None and waiting:  # "raise the left and right brow"
            phrase = [*phrase, *waiting[0]]
            parsed = _parsed(phrase, preset)
            waiting = waiting[1:]
        if parsed is None:
            raise ValueError(_says_nothing(joined(phrase)))
        values |= parsed
        topic = [said for said in phrase if said.number is None and said.token not in WAYS] or topic
    return {name: round(value, 4) for name, value in values.items()}


def _said(text: str, vocabulary: Vocabulary) -> list[Said]:
    """The tokens of a text.

    Raises:
        ValueError: A word is not known.
    """
    pieces = _PIECES.findall(text)
    said: list[Said] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        if piece in _STOPS:
            said.append(Said(STOP, piece))
            place += 1
            continue
        if _NUMBER.fullmatch(piece):
            said.append(Said("number", piece, float(piece)))
            place += 1
            continue
        word, num_pieces = _longest(pieces[place : place + 2 * MOST_WORDS], vocabulary)
        if not num_pieces:
            raise ValueError(_not_known(_unknown(pieces[place:], vocabulary), vocabulary))
        said += [Said(token, word) for token in vocabulary[word].split()]
        place += num_pieces
    return with_numbers(said)


def _longest(pieces: Sequence[str], vocabulary: Vocabulary) -> tuple[str, int]:
    """The longest entry that the pieces begin with, and its number of pieces; 0 for none."""
    without_spaces = pieces[0] >= _FAR_FROM_LATIN
    most = 2 * MOST_WORDS if without_spaces else MOST_WORDS
    for number in range(min(most, len(pieces)), 0, -1):
        word = ("" if without_spaces else " ").join(pieces[:number])
        if word in vocabulary:
            return word, number
    return "", 0


def _unknown(pieces: Sequence[str], vocabulary: Vocabulary) -> str:
    """The word that the pieces begin with, which is not known: to the next one that is."""
    word = pieces[0]
    for place, piece in enumerate(pieces[1:], 1):
        ends = piece in _STOPS or min(word[0], piece) < _FAR_FROM_LATIN
        if ends or _longest(pieces[place:], vocabulary)[1]:
            break
        word += piece
    return word


def _says_nothing(words: str) -> str:
    return (
        f"'{shortened(words)}' says nothing that a face does; a phrase as 'slight smile', 'look "
        "left', 'raise the right brow', 'turn left 10 degrees' or the name of a preset is "
        "expected. Say it in other words."
    )


def _not_known(word: str, vocabulary: Vocabulary) -> str:
    near = nearest(word, vocabulary)
    meant = f"the nearest word that is known is '{near}'. Use it" if near else "use other words"
    return f"The word '{shortened(word)}' is not known; {meant}, or set the control itself."


def _phrases(said: Sequence[Said]) -> list[list[Said]]:
    phrases: list[list[Said]] = [[]]
    for one in said:
        if one.token == STOP:
            phrases.append([])
        else:
            phrases[-1].append(one)
    return [phrase for phrase in phrases if phrase]


def _parsed(
    phrase: Sequence[Said], preset: Callable[[str], Controls] | None
) -> dict[str, float] | None:
    """The values of a phrase, or of the fewest phrases that follow one another in it."""
    if not phrase:
        return {}
    for end in range(len(phrase), 0, -1):
        values = _meaning(phrase[:end], preset)
        if values is None:
            continue
        rest = _parsed(phrase[end:], preset)
        if rest is not None:
            return values | rest
    return None


def _meaning(
    phrase: Sequence[Said], preset: Callable[[str], Controls] | None
) -> dict[str, float] | None:
    """The values of one phrase; None where it is none."""
    numbers = [said.number for said in phrase if said.number is not None]
    spoken = [said.token for said in phrase if said.number is None]
    tokens = set(spoken)
    found = _of_an_eye(spoken) or _values_of(_core(spoken), preset)
    if found is None or len(numbers) > 1:
        return None
    if "no" in tokens:
        rest = {spec.name: spec.default for spec in specs_of(Controls)}
        return {name: rest[name] for name in found}
    if numbers:
        return _with_number(found, numbers[0], tokens)
    if tokens & {"degrees", *SHARES}:
        return None
    if "full" in tokens:
        return _at_share(found, 1.0)
    factor = 1.0
    for token in tokens & DEGREES.keys():
        factor *= DEGREES[token]
    return {name: _scaled(name, value, factor) for name, value in found.items()}


def _core(tokens: Iterable[str]) -> set[str]:
    """Tokens that say what is done, and on which side."""
    return set(tokens) - (GRAMMAR - SIDES)


def _of_an_eye(tokens: Sequence[str]) -> dict[str, float] | None:
    """What tokens mean where a side stands right before "eye", and so is not where it looks."""
    for place, (side, part) in enumerate(pairwise(tokens)):
        if side in SIDES and part == "eye":
            values = MEANINGS.get(frozenset(_core([*tokens[:place], *tokens[place + 1 :]])))
            return None if values is None else _on_sides(_sided(values), _both(side))
    return None


def _values_of(core: set[str], preset: Callable[[str], Controls] | None) -> dict[str, float] | None:
    """What tokens mean, on the side that they name."""
    (name, *others) = sorted(core - {"look"}) or [""]  # "look sad"
    if name.startswith(PRESET) and not others and preset is not None:
        return changed_controls(preset(name.removeprefix(PRESET)))
    if "wink" in core <= {"wink", "eye", "left", "right"}:
        side = "right" if "right" in core else "left"
        return {f"blink_{side}": 1.0, f"smile_{side}": 0.3}
    if frozenset(core) in MEANINGS:
        return _on_sides(MEANINGS[frozenset(core)], ("left", "right"))
    said_sides = core & SIDES
    values = MEANINGS.get(frozenset(core - SIDES))
    if values is None or not any("{}" in control for control in values):
        return None
    return _on_sides(_sided(values), _both(*said_sides))


def _both(*sides: str) -> Sequence[str]:
    return ("left", "right") if "both" in sides or len(sides) > 1 else sides


def _sided(values: Values) -> Values:
    return {name: value for name, value in values.items() if "{}" in name}


def _on_sides(values: Values, sides: Sequence[str]) -> dict[str, float]:
    return {name.format(side): value for name, value in values.items() for side in sides}


def _with_number(
    values: Mapping[str, float], number: float, tokens: set[str]
) -> dict[str, float] | None:
    """Values with a number of degrees for the head, or of percent for the rest."""
    turns = values.keys() <= TURN_CONTROLS
    whole = next((SHARES[token] for token in tokens & SHARES.keys()), None)
    if whole is not None or (not turns and abs(number) <= 1):
        share = number / (whole or 1.0)
        if abs(share) > 1:
            raise ValueError(
                f"{100 * share:g} % is said; a share from -100 to 100 % is expected. Say another."
            )
        return _at_share(values, share)
    if not turns:
        return None
    turned = {name: number if value > 0 else -number for name, value in values.items() if value}
    for name, value in turned.items():
        spec_of(Controls, name).check(value, name)
    return turned


def _at_share(values: Mapping[str, float], share: float) -> dict[str, float]:
    """Values with the largest of them at a share of its range."""
    reached = max((abs(_share_of_range(name, value)) for name, value in values.items()), default=0)
    return {name: _scaled(name, v, share / reached if reached else 0) for name, v in values.items()}


def _share_of_range(name: str, value: float) -> float:
    spec = next(spec for spec in specs_of(Controls) if spec.name == name)
    most, least = spec.maximum or 0.0, spec.minimum or 0.0
    change = value - spec.default
    return change / (most - spec.default if change > 0 else spec.default - least)


def _scaled(name: str, value: float, factor: float) -> float:
    rest = 1.0 if name == "zoom" else 0.0
    return rest + factor * (value - rest)
