"""Visemes: what the mouth aims at for each sound of speech, and how strongly it insists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SILENCE: Final = "sil"
LIPS_SHUT: Final = "PP"
"""Of p, b, m: the only one whose lips meet."""
DIPHTHONG_SHARE: Final = 0.55
"""Of its time that a diphthong belongs to its first part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One sound of speech."""

    viseme: str
    """Name of its viseme in `VISEMES` (`sil` where nobody speaks)."""
    start_s: float
    end_s: float

    @property
    def middle_s(self) -> float:
        """Half way."""
        return (self.start_s + self.end_s) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How strongly a viseme insists on its own shape (alpha of Cohen and Massaro, 1993)."""

    opening: float = 1.0
    """Of jaw and lips apart."""
    rounding: float = 1.0
    spreading: float = 1.0
    tuck: float = 1.0
    """Of lips rolled in or pressed."""


_VOWEL: Final = Strength()

TARGETS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        SILENCE: {},
        LIPS_SHUT: {"jawOpen": 0.06, "mouthPress": 0.2},
        "FF": {"jawOpen": 0.06, "mouthRollLower": 0.35, "mouthUpperUp": 0.25},
        "TH": {"jawOpen": 0.12, "mouthLowerDown": 0.2, "mouthUpperUp": 0.05},
        "DD": {"jawOpen": 0.11, "mouthLowerDown": 0.15, "mouthStretch": 0.1},
        "LL": {"jawOpen": 0.16, "mouthLowerDown": 0.1},
        "KK": {"jawOpen": 0.15, "mouthLowerDown": 0.1},
        "CH": {"jawOpen": 0.07, "mouthFunnel": 0.4, "mouthPucker": 0.2},
        "SS": {"jawOpen": 0.05, "mouthStretch": 0.2, "mouthLowerDown": 0.25, "mouthUpperUp": 0.1},
        "RR": {"jawOpen": 0.11, "mouthFunnel": 0.25, "mouthPucker": 0.25},
        "WW": {"jawOpen": 0.04, "mouthPucker": 0.8, "mouthFunnel": 0.1},
        "aa": {"jawOpen": 0.42},
        "ae": {"jawOpen": 0.34, "mouthStretch": 0.2, "mouthUpperUp": 0.1},
        "ah": {"jawOpen": 0.24},
        "ax": {"jawOpen": 0.14},
        "EH": {"jawOpen": 0.22, "mouthStretch": 0.2, "mouthLowerDown": 0.1},
        "ih": {"jawOpen": 0.13, "mouthStretch": 0.25, "mouthLowerDown": 0.1},
        "iy": {"jawOpen": 0.08, "mouthStretch": 0.4, "mouthSmile": 0.1, "mouthLowerDown": 0.15},
        "oh": {"jawOpen": 0.27, "mouthFunnel": 0.3, "mouthPucker": 0.25},
        "uw": {"jawOpen": 0.08, "mouthPucker": 0.6, "mouthFunnel": 0.25},
    }
)
"""Weights of blendshapes by viseme; a name that the 52 shapes have for two sides means both.

Tuned on rendered heads. Lips of `PP` are shut by `mouthClose`, which is solved (`lip_gap`)."""

STRENGTHS: Final[Mapping[str, Strength]] = MappingProxyType(
    {
        SILENCE: Strength(opening=0.7, rounding=0.4, spreading=0.4),
        LIPS_SHUT: Strength(opening=0.5, rounding=0.3, spreading=0.3, tuck=2),
        "FF": Strength(opening=1.2, rounding=0.3, spreading=0.3, tuck=3),
        "TH": Strength(opening=0.9, rounding=0.2, spreading=0.3),
        "DD": Strength(opening=0.9, rounding=0.15, spreading=0.2),
        "LL": Strength(opening=0.7, rounding=0.15, spreading=0.2),
        "KK": Strength(opening=0.5, rounding=0.1, spreading=0.1),
        "CH": Strength(opening=1.3, spreading=0.8),
        "SS": Strength(opening=1.6, rounding=0.3, spreading=0.6),
        "RR": Strength(opening=0.7, rounding=0.8, spreading=0.5),
        "WW": Strength(rounding=2),
        "ax": Strength(opening=0.5, rounding=0.3, spreading=0.3),
        "uw": Strength(rounding=1.6),
        **dict.fromkeys(("aa", "ae", "ah", "EH", "ih", "iy", "oh"), _VOWEL),
    }
)

VISEMES: Final = tuple(TARGETS)
VOWELS: Final = frozenset({"aa", "ae", "ah", "ax", "EH", "ih", "iy", "oh", "uw"})
"""Those that sound louder when the mouth is wider open."""


def split_phone(visemes: tuple[str, ...], start_s: float, end_s: float) -> list[Phone]:
    """A sound of one or more parts, as a diphthong, as phones.

    Args:
        visemes: Its parts in order; the first takes `DIPHTHONG_SHARE`, others share the rest.
        start_s: Where it begins.
        end_s: Where it ends.
    """
    rest = (1 - DIPHTHONG_SHARE) / max(1, len(visemes) - 1)
    shares = [DIPHTHONG_SHARE if k == 0 else rest for k in range(len(visemes))]
    if len(visemes) == 1:
        shares = [1.0]
    phones: list[Phone] = []
    begins, whole = 0.0, end_s - start_s
    for viseme, share in zip(visemes, shares, strict=True):
        ends = begins + share
        phone = Phone(viseme=viseme, start_s=start_s + begins * whole, end_s=start_s + ends * whole)
        phones.append(phone)
        begins = ends
    return phones


def without_gaps(phones: list[Phone], seconds: float, least_s: float = 0.05) -> tuple[Phone, ...]:
    """Phones that cover a sound from its beginning to its end.

    Convention:
        - a pause shorter than `least_s` belongs to the sound before it: lips do not come to rest
        - pauses beside each other are one

    Args:
        phones: In order of time, not overlapping.
        seconds: How long the sound is.
        least_s: The shortest pause that is one.
    """
    covered: list[Phone] = []

    def add(viseme: str, end_s: float) -> None:
        start_s = covered[-1].end_s if covered else 0.0
        end_s = min(end_s, seconds)
        if end_s <= start_s:
            return
        is_pause = viseme == SILENCE
        if covered and is_pause and (covered[-1].viseme == SILENCE or end_s - start_s < least_s):
            last = covered.pop()
            covered.append(Phone(viseme=last.viseme, start_s=last.start_s, end_s=end_s))
        else:
            covered.append(Phone(viseme=viseme, start_s=start_s, end_s=end_s))

    for phone in phones:
        add(SILENCE, phone.start_s)
        add(phone.viseme, phone.end_s)
    add(SILENCE, seconds)
    return tuple(covered)
