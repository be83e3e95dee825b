"""Sounds in which nobody speaks: silence, noise of many colours, music of chords and beats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import next_fast_len

from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.float32]

COLOUR: Final = (-2.0, 0.5)
"""Power of the frequency by which noise falls: -2 brown, -1 pink, 0 white."""
LEVEL: Final = (0.002, 0.2)
"""Standard deviation of what is heard."""
BEATS_A_MINUTE: Final = (60, 160)
ROOTS_HZ: Final = (65.0, 260.0)
CHORDS: Final = ((0,), (0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 7, 10), (0, 3, 7, 10))
"""In semitones above the root."""
STEPS: Final = (0, 5, 7, 9, 2, -3)
"""Roots of a song's chords above its key."""
PARTIALS: Final = (4, 14)
"""Of a tone, at least and fewer than."""
HELD_SHARE: Final = 0.5
"""Of the music whose tones are held, as an organ's or strings', and do not die away."""
HELD_BEATS: Final = (4, 13)
"""Length of a held chord, at least and fewer than."""
END_S: Final = 0.02
"""In which a tone ends, without a click."""
DYING: Final = 2.5
"""A second; the rate at which a struck tone dies away."""
PERIODS_OF_HUM: Final = (50.0, 60.0)


def noise(samples: int, random: np.random.Generator) -> Samples:
    """Coloured noise whose level wanders, sometimes with a hum of the mains.

    Args:
        samples: How many, at 16 kHz.
        random: Source of randomness.

    Returns:
        (samples,) with a standard deviation of about one.
    """
    length = next_fast_len(samples, real=True) or samples
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    spectrum = random.normal(size=(2, len(hertz)))
    colour = np.maximum(hertz, 30.0) ** (random.uniform(*COLOUR) / 2)
    sound = np.fft.irfft((spectrum[0] + 1j * spectrum[1]) * colour, length)[:samples]
    wander = np.interp(
        np.arange(samples),
        np.linspace(0, samples, 2 + samples // SAMPLE_RATE_HZ),
        np.exp(random.normal(0, 0.4, 2 + samples // SAMPLE_RATE_HZ)),
    )
    sound = sound / max(float(sound.std()), 1e-9) * wander
    if random.random() < 0.3:  # noqa: PLR2004 - some of them
        hum_hz = PERIODS_OF_HUM[int(random.integers(2))]
        times_s = np.arange(samples) / SAMPLE_RATE_HZ
        sound = sound + sum(
            np.sin(2 * np.pi * hum_hz * k * times_s + random.uniform(0, 6)) / k
            for k in (1, 2, 3, 5)
        )
    return sound.astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timbre:
    """How an instrument sounds."""

    bright: float
    """Partial k has k to the power of this less."""
    partials: int
    rise_s: float
    """In which a tone begins."""
    dying: float
    """Rate a second at which it dies away; 0 of one that is held."""
    swell: float
    """How far its loudness swells, a few times a second."""
    swell_hz: float


def music(samples: int, random: np.random.Generator) -> Samples:
    """Chords, struck or held, mostly with a melody above them and drums below.

    Args:
        samples: How many, at 16 kHz.
        random: Source of randomness.

    Returns:
        (samples,) with a standard deviation of about one.
    """
    beat = round(SAMPLE_RATE_HZ * 60 / random.integers(*BEATS_A_MINUTE))
    key_hz = float(np.exp(random.uniform(*np.log(ROOTS_HZ))))
    held = random.random() < HELD_SHARE
    of_chords, of_melody = _timbre(random, held=held), _timbre(random, held=held)
    bar = 4 if not held else int(random.integers(*HELD_BEATS))
    sings, drums = random.random() < (0.4 if held else 1), random.random() < (0.3 if held else 0.7)
    song = np.zeros(samples + 2 * bar * beat, np.float64)
    for at in range(0, samples, bar * beat):
        root = STEPS[int(random.integers(len(STEPS)))]
        chord = CHORDS[int(random.integers(len(CHORDS)))]
        for step in chord:
            pitch_hz = key_hz * 2 ** ((root + step) / 12)
            _add_tone(song, at, bar * beat, pitch_hz, of_chords, 0.5)
        for k in range(bar if sings else 0):
            step = chord[int(random.integers(len(chord)))] + 12
            if random.random() < 0.7:  # noqa: PLR2004 - rests are part of a melody
                pitch_hz = key_hz * 2 ** ((root + step) / 12)
                _add_tone(song, at + k * beat, beat, pitch_hz, of_melody, 0.6)
    if drums:
        for k, at in enumerate(range(0, samples, beat)):
            _add_drum(song, at, low=k % 2 == 0, random=random)
    song = song[:samples]
    return (song / max(float(song.std()), 1e-9)).astype(np.float32)


def _timbre(random: np.random.Generator, *, held: bool) -> Timbre:
    return Timbre(
        bright=random.uniform(0.5, 2.0),
        partials=int(random.integers(*PARTIALS)),
        rise_s=float(np.exp(random.uniform(*np.log((0.02, 0.4))))) if held else 0.01,
        dying=random.uniform(0, 0.4) if held else DYING,
        swell=random.uniform(0, 0.3) if held else 0.0,
        swell_hz=random.uniform(2, 7),
    )


def _add_tone(
    song: npt.NDArray[np.float64], at: int, length: int, pitch_hz: float, like: Timbre, gain: float
) -> None:
    length = min(length, len(song) - at)
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    envelope = np.minimum(times_s / like.rise_s, 1) * np.exp(-like.dying * times_s)
    envelope *= 1 + like.swell * np.sin(2 * np.pi * like.swell_hz * times_s)
    envelope *= np.minimum((length - np.arange(length)) / (SAMPLE_RATE_HZ * END_S), 1)
    for k in range(1, like.partials + 1):
        if pitch_hz * k < SAMPLE_RATE_HZ / 2:
            wave = np.sin(2 * np.pi * pitch_hz * k * times_s)
            song[at : at + length] += gain * k**-like.bright * envelope * wave


def _add_drum(
    song: npt.NDArray[np.float64], at: int, *, low: bool, random: np.random.Generator
) -> None:
    length = min(SAMPLE_RATE_HZ // 4, len(song) - at)
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    if low:
        sweep = np.sin(2 * np.pi * (50 * times_s + 3 * (1 - np.exp(-30 * times_s))))
        song[at : at + length] += 1.5 * sweep * np.exp(-14 * times_s)
    else:
        song[at : at + length] += 0.6 * random.normal(size=length) * np.exp(-25 * times_s)


def _silence(samples: int, random: np.random.Generator) -> Samples:
    """Nothing, or next to nothing."""
    level = 0.0 if random.random() < 0.5 else 10 ** random.uniform(-4.5, -3)  # noqa: PLR2004
    return (level * random.normal(size=samples)).astype(np.float32)


def _at_some_level(make: Callable[[int, np.random.Generator], Samples]) -> StillSound:
    def sound(samples: int, random: np.random.Generator) -> Samples:
        made = make(samples, random)
        level = np.exp(random.uniform(*np.log(LEVEL)))
        return np.clip(level * made, -1, 1).astype(np.float32)

    return sound


StillSound = Callable[[int, np.random.Generator], Samples]
STILL_SOUNDS: Final[Mapping[str, StillSound]] = MappingProxyType(
    {"silence": _silence, "noise": _at_some_level(noise), "music": _at_some_level(music)}
)
"""What is heard while lips are still: makes so many samples at 16 kHz."""
