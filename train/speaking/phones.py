"""Which viseme each sound of a synthesizer has, by the names that it gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from liveportrait_core.speech.visemes import SILENCE, Phone, split_phone

Sound = tuple[str, float, float]
"""A name, and the seconds at which it begins and ends."""

_ARPABET_BY_VISEME: Final = {
    SILENCE: "pau h# brth sil ssil",
    "PP": "p b m em",
    "FF": "f v",
    "TH": "th dh",
    "DD": "t d n dx en nx",
    "LL": "l el",
    "KK": "k g ng eng hh hv",
    "CH": "ch jh sh zh",
    "SS": "s z",
    "RR": "r er axr",
    "WW": "w wh",
    "aa": "aa",
    "ae": "ae",
    "ah": "ah",
    "ax": "ax",
    "EH": "eh",
    "ih": "ih ix",
    "iy": "iy y",
    "oh": "ao",
    "uw": "uh uw",
}
_ARPABET_DIPHTHONGS: Final = {
    "ey": ("EH", "ih"),
    "ay": ("aa", "ih"),
    "aw": ("aa", "uw"),
    "ow": ("oh", "uw"),
    "oy": ("oh", "ih"),
}
ARPABET: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: (viseme,) for viseme, names in _ARPABET_BY_VISEME.items() for name in names.split()}
    | _ARPABET_DIPHTHONGS
)
"""Sounds of English as flite, CMU's dictionary and pocketsphinx name them, in small letters."""

_ESPEAK_BY_VISEME: Final = {
    "PP": "p b m p# b# B",
    "FF": "f v",
    "TH": "T D",
    "DD": "t d n t. d. n. n^ t# d#",
    "LL": "l L l. l^ l# K",
    "KK": "k g N h x G Q q H X c C J k# g# x^",
    "CH": "S Z tS dZ S; Z; tS; dZ; ts; dz; s; z; sx t_s\\ d_z\\ s\\ z\\",
    "SS": "s z ts dz s. z. ts. s#",
    "RR": "r R r. r- R2 R3 * r/ 3 3: 3r",
    "WW": "w w#",
    "aa": "A A: 0 0# A# Q: a:",
    "ae": "a & &: a# aa a-",
    "ah": "V V:",
    "ax": "@ @: @2 @5 @r @- 8",
    "EH": "E E: e e: E# E2",
    "ih": "I I2 I#",
    "iy": "i i: j i2",
    "oh": "O O: o o: O2 O# W W:",
    "uw": 'U u u: u# y y: Y Y: U# u2 u" U" I. M',
}
ESPEAK: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: (viseme,) for viseme, names in _ESPEAK_BY_VISEME.items() for name in names.split()}
    | {"A@": ("aa", "RR"), "O@": ("oh", "RR"), "o@": ("oh", "RR"), "e@": ("EH", "RR")}
    | {"aI": ("aa", "ih"), "aU": ("aa", "uw"), "ai": ("aa", "iy"), "au": ("aa", "uw")}
    | {
        "pF": ("PP", "FF"),
        "U@": ("uw", "RR"),
        "i@3": ("iy", "RR"),
        "@L": ("LL",),
        "aI3": ("aa", "ih", "RR"),
    }
)
"""Mnemonics of espeak-ng's phoneme tables that are more than a row of their letters."""
_LENGTH_OR_TONE: Final = re.compile(r"[:~`'!;^#.,\-\d]+$")
_LONGEST: Final = max(map(len, ESPEAK))
UNKNOWN: Final = "ax"


def visemes_of_arpabet(sounds: Iterable[Sound]) -> list[Phone]:
    """The phones of sounds with names of ARPABET; digits of stress are left out."""
    phones: list[Phone] = []
    for name, start_s, end_s in sounds:
        known = ARPABET.get(name.lower().rstrip("012"), (UNKNOWN,))
        if end_s > start_s:
            phones += split_phone(known, start_s, end_s)
    return phones


def visemes_of_espeak(sounds: Iterable[Sound]) -> list[Phone]:
    """The phones of sounds with espeak's mnemonics.

    Convention:
        - a name that begins with _ is a pause, one that begins with ( switches the language
        - marks alone, as ; for a soft consonant, belong to the sound before them
    """
    phones: list[Phone] = []
    for name, start_s, end_s in sounds:
        if end_s <= start_s or name.startswith("("):
            continue
        visemes = (SILENCE,) if name.startswith("_") else espeak_visemes(name)
        if visemes:
            phones += split_phone(visemes, start_s, end_s)
        elif phones:
            last = phones[-1]
            phones[-1] = Phone(viseme=last.viseme, start_s=last.start_s, end_s=end_s)
    return phones


def espeak_visemes(name: str) -> tuple[str, ...]:
    """The visemes of a mnemonic: of the whole name if it is known, else of its letters in a row."""
    if name in ESPEAK:
        return ESPEAK[name]
    plain = _LENGTH_OR_TONE.sub("", name)
    if plain in ESPEAK:
        return ESPEAK[plain]
    visemes: list[str] = []
    at = 0
    while at < len(plain):
        for length in range(min(_LONGEST, len(plain) - at), 0, -1):
            found = ESPEAK.get(plain[at : at + length])
            if found:
                visemes += [viseme for viseme in found if visemes[-1:] != [viseme]]
                at += length
                break
        else:
            at += 1
    if visemes or not any(letter.isalnum() for letter in name):
        return tuple(visemes)
    return (UNKNOWN,)
