"""The voices of the synthesizers: which train, which are kept for measuring, and how they vary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

VoiceSet = Literal["training", "held-out"]
Synthesizer = Literal["both", "espeak", "flite"]

ESPEAK_BASES: Final = {
    "en": (
        *("gmw/en", "gmw/en-US", "gmw/en-US", "gmw/en-GB-x-rp", "gmw/en-029"),
        *("gmw/en-GB-scotland", "gmw/en-GB-x-gbclan", "gmw/en-GB-x-gbcwmd", "gmw/en-US-nyc"),
    ),
    "de": ("gmw/de",),
    "fr": ("roa/fr", "roa/fr-BE", "roa/fr-CH"),
    "es": ("roa/es", "roa/es-419"),
    "it": ("roa/it",),
    "pt-BR": ("roa/pt-BR", "roa/pt"),
    "pl": ("zlw/pl",),
    "fi": ("urj/fi",),
    "nl": ("gmw/nl",),
    "tr": ("trk/tr",),
    "id": ("poz/id",),
    "sw": ("bnt/sw",),
    "cmn": ("sit/cmn-Latn-pinyin",),
}
"""Files of espeak-ng's voices by language."""
LANGUAGES: Final = tuple(ESPEAK_BASES)

_TRAINING_VARIANTS: Final = (
    *("", "", "f1", "f2", "f3", "f5", "m1", "m2", "m3", "m4", "m5", "m7", "m8", "klatt", "klatt2"),
    *("klatt3", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Hugo", "Jacky"),
    *(
        "Marco",
        "Mario",
        "Michael",
        "Mike",
        "Nguyen",
        "adam",
        "anika",
        "antonio",
        "aunty",
        "belinda",
    ),
    *("benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "grandpa", "gustave"),
    *("iven", "iven2", "john", "linda", "marcelo", "max", "michel", "miguel", "norbert", "pablo"),
    *("paul", "pedro", "quincy", "rob", "robert", "sandro", "steph", "steph2", "travis", "victor"),
    *("whisper", "zac"),
)
_HELD_OUT_VARIANTS: Final = ("f4", "m6", "klatt4", "Gene", "shelby", "Lee", "Storm", "kaukovalta")
_VARIANTS: Final = {"training": _TRAINING_VARIANTS, "held-out": _HELD_OUT_VARIANTS}
_FLITE_VOICES: Final = {"training": ("rms", "awb", "kal16"), "held-out": ("slt",)}

FLITE_SHARE: Final = 0.4
"""Of English sentences that flite speaks, where both synthesizers may: its voices were recorded."""
WORDS_A_MINUTE: Final = (120, 230)
PITCH: Final = (15, 85)
"""Of 0 to 100, around the pitch of the variant."""
PITCH_RANGE: Final = (15, 90)
STRETCH: Final = (0.75, 1.35)
"""Of the length of flite's sounds."""
SUNG_SHARE: Final = 0.12
"""Of flite's sentences that are drawn out as in songs: vowels last, and lips move."""
SUNG_STRETCH: Final = (1.8, 3.5)
FLITE_PITCH_HZ: Final = (75.0, 220.0)


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """A voice of espeak-ng with its settings."""

    name: str
    """File of the voice, + and a variant."""
    words_a_minute: int
    pitch: int
    pitch_range: int

    def __str__(self) -> str:
        return (
            f"espeak {self.name}, {self.words_a_minute} words a minute, pitch {self.pitch}, "
            f"range {self.pitch_range}"
        )


@dataclass(frozen=True, slots=True)
class FliteVoice:
    """A voice of flite with its settings."""

    name: str
    stretch: float
    pitch_hz: float
    """Mean; 0 for the voice's own."""

    def __str__(self) -> str:
        pitch = f", {self.pitch_hz:g} Hz" if self.pitch_hz else ""
        return f"flite {self.name}, stretched {self.stretch:g}{pitch}"


Voice: TypeAlias = EspeakVoice | FliteVoice


def draw_voice(
    language: str, voices: VoiceSet, synthesizer: Synthesizer, random: np.random.Generator
) -> Voice:
    """A voice of a language, with drawn speed and pitch.

    Args:
        language: One of `LANGUAGES`; flite speaks English alone.
        voices: Those to train on, or those that are kept for measuring.
        synthesizer: Whose voices.
        random: Source of randomness.
    """
    uses_flite = synthesizer == "flite" or (
        synthesizer == "both" and language == "en" and random.random() < FLITE_SHARE
    )
    if uses_flite:
        own_pitch = random.random() < 0.5  # noqa: PLR2004 - a coin
        pitch_hz = 0.0 if own_pitch else round(random.uniform(*FLITE_PITCH_HZ))
        name = _one_of(_FLITE_VOICES[voices], random)
        stretch = SUNG_STRETCH if random.random() < SUNG_SHARE else STRETCH
        return FliteVoice(name, round(random.uniform(*stretch), 2), pitch_hz)
    variant = _one_of(_VARIANTS[voices], random)
    return EspeakVoice(
        _one_of(ESPEAK_BASES[language], random) + (f"+{variant}" if variant else ""),
        int(random.integers(*WORDS_A_MINUTE)),
        int(random.integers(*PITCH)),
        int(random.integers(*PITCH_RANGE)),
    )


def _one_of(names: Sequence[str], random: np.random.Generator) -> str:
    return names[int(random.integers(len(names)))]
