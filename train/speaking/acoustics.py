"""Where speech is heard: rooms, noise, music, microphones, telephones; without any delay.

A set is stored dry. Each time that a clip is read it may sound otherwise, by a seed: so a set
serves many epochs. Every change keeps the time of each sound: filters have no phase, and rooms
begin with the direct sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import next_fast_len
from scipy.signal import fftconvolve, resample_poly

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.config.spec import OptionError
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ

from .sounds import Samples, music, noise

MUSIC_SHARE: Final = 0.3
"""Of the disturbances that are music; the others are noise."""
ECHO_S: Final = (0.12, 0.7)
"""Time in which a room's echo falls by 60 dB."""
ECHO_DB: Final = (-22.0, -4.0)
"""Energy of the echo, measured against the direct sound."""
FIRST_ECHO_S: Final = 0.004
CUTOFFS_HZ: Final = (3400.0, 5000.0, 6500.0)
TELEPHONE_HZ: Final = (250.0, 3400.0)
COLOUR_DB: Final = 5.0
"""Standard deviation of what a microphone does to each octave."""
COLOUR_BANDS: Final = 7
GAIN_DB: Final = (-4.0, 4.0)
"""By which the level is misjudged: sounds are made as loud as speech is heard."""
MU: Final = 255
"""Of the telephone's code (G.711)."""
FRAME: Final = 512
KEPT_DB: Final = (-45.0, -18.0)
"""A lossy code keeps what is louder than this below the loudest of its frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcousticsOptions:
    """How often speech sounds otherwise, and by how much."""

    dry: float = option(0.15, "fraction of the clips that stay as they are", minimum=0, maximum=1)
    noise: float = option(0.6, "fraction of the others with noise or music", minimum=0, maximum=1)
    min_snr_db: float = option(3.0, "loudest disturbance, below the speech", unit="dB")
    max_snr_db: float = option(30.0, "softest disturbance, below the speech", unit="dB")
    room: float = option(0.5, "fraction of the others in a room", minimum=0, maximum=1)
    band: float = option(0.25, "fraction of the others with a cut band", minimum=0, maximum=1)
    code: float = option(0.2, "fraction of the others through a lossy code", minimum=0, maximum=1)

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_options(self)
        if self.min_snr_db > self.max_snr_db:
            raise OptionError(
                f"min_snr_db is {self.min_snr_db:g}; at most max_snr_db, which is "
                f"{self.max_snr_db:g}, is expected. Make min_snr_db smaller."
            )


def heard(
    waveform: Samples, random: np.random.Generator, options: AcousticsOptions | None = None
) -> Samples:
    """Speech as it may be heard somewhere.

    `heard(clip.waveform, np.random.default_rng((seed, epoch, number)))`

    Args:
        waveform: (N,) at `SAMPLE_RATE_HZ`.
        random: Source of randomness: the same gives the same bits.
        options: How often and how much.

    Returns:
        (N,) in [-1, 1], each sound at its time.
    """
    options = options or AcousticsOptions()
    if not len(waveform) or random.random() < options.dry:
        return waveform
    sound = waveform.astype(np.float64)
    if random.random() < options.room:
        sound = in_room(sound, random)
    if random.random() < options.noise:
        snr_db = random.uniform(options.min_snr_db, options.max_snr_db)
        other = (music if random.random() < MUSIC_SHARE else noise)(len(sound), random)
        sound = disturbed(sound, other, snr_db)
    sound = _coloured(sound, random)
    if random.random() < options.band:
        sound = _band(sound, random)
    if random.random() < options.code:
        sound = _telephone_code(sound) if random.random() < 0.5 else _lossy(sound, random)  # noqa: PLR2004 - a coin
    sound = sound * 10 ** (random.uniform(*GAIN_DB) / 20)
    return np.clip(sound, -1, 1).astype(np.float32)


def in_room(sound: npt.NDArray[np.float64], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """With the echo of a room: noise that dies away (Polack, 1988)."""
    echo_s = random.uniform(*ECHO_S)
    length = int(echo_s * SAMPLE_RATE_HZ)
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    echo = random.normal(size=length) * 10 ** (-3 * times_s / echo_s)
    echo[: int(FIRST_ECHO_S * SAMPLE_RATE_HZ)] = 0
    echo *= 10 ** (random.uniform(*ECHO_DB) / 20) / max(float(np.sqrt((echo**2).sum())), 1e-9)
    echo[0] = 1
    return np.asarray(fftconvolve(sound, echo)[: len(sound)])


def disturbed(
    sound: npt.NDArray[np.float64], other: Samples, snr_db: float
) -> npt.NDArray[np.float64]:
    """With another sound so many decibels below the speech's own level.

    Args:
        sound: (N,).
        other: (N,).
        snr_db: Power of the speech, of what is louder than a hundredth of its peak, over the
            other's.
    """
    loud = np.abs(sound) > 0.01 * np.abs(sound).max()  # pauses do not count
    level = float(np.sqrt((sound[loud] ** 2).mean())) if loud.any() else 0.0
    own = max(float(np.sqrt((other.astype(np.float64) ** 2).mean())), 1e-9)
    return sound + other * (level / own * 10 ** (-snr_db / 20))


def _coloured(
    sound: npt.NDArray[np.float64], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Through a microphone that favours some frequencies."""
    gains_db = random.normal(0, COLOUR_DB, COLOUR_BANDS)
    gains_db -= gains_db.mean()
    places = np.linspace(0, np.log2(SAMPLE_RATE_HZ / 120), COLOUR_BANDS)

    def gain(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        octaves = np.log2(np.maximum(hertz, 60.0) / 60)
        return np.asarray(10 ** (np.interp(octaves, places, gains_db) / 20), np.float64)

    return _filtered(sound, gain)


def _band(sound: npt.NDArray[np.float64], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Without high frequencies, or as through a telephone."""
    lowest = 0.0
    highest = CUTOFFS_HZ[int(random.integers(len(CUTOFFS_HZ)))]
    if random.random() < 0.4:  # noqa: PLR2004 - telephones
        lowest, highest = TELEPHONE_HZ

    def gain(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        passed = 1 / (1 + (hertz / highest) ** 16)
        return np.asarray(passed / (1 + (lowest / np.maximum(hertz, 1.0)) ** 8), np.float64)

    return _filtered(sound, gain)


def _filtered(
    sound: npt.NDArray[np.float64],
    gain: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> npt.NDArray[np.float64]:
    """With a gain for each frequency, in Hz, and no phase."""
    padded = len(sound) + SAMPLE_RATE_HZ // 10
    length = next_fast_len(padded, real=True) or padded
    hertz = np.asarray(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), np.float64)
    spectrum = np.fft.rfft(sound, length) * gain(hertz)
    return np.fft.irfft(spectrum, length)[: len(sound)]


def _telephone_code(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """As 8 bits a sample at 8 kHz (mu-law)."""
    low = resample_poly(sound, 1, 2)
    peak = max(float(np.abs(low).max()), 1e-9)
    pressed = np.sign(low) * np.log1p(MU * np.abs(low) / peak) / np.log1p(MU)
    coded = np.round(pressed * 127) / 127
    back = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU * peak
    return np.asarray(resample_poly(back, 2, 1))[: len(sound)]


def _lossy(sound: npt.NDArray[np.float64], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Without what is soft beside the loud, frame by frame, as music codes leave it out."""
    hop = FRAME // 2
    padded = np.pad(sound, (hop, FRAME))
    window = np.sqrt(np.hanning(FRAME + 1)[:-1])
    starts = np.arange(0, len(sound) + hop, hop)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[starts] * window
    spectra = np.fft.rfft(frames)
    size = np.abs(spectra)
    limit = size.max(1, keepdims=True) * 10 ** (random.uniform(*KEPT_DB) / 20)
    frames = np.fft.irfft(np.where(size >= limit, spectra, 0), FRAME) * window
    out = np.zeros(len(padded) + FRAME)
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + FRAME] += frame
    return out[hop : hop + len(sound)]
