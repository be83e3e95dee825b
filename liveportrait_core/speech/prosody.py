"""Loudness and pitch of speech, and what brows and head do with them.

Stressed words are louder and higher. People raise their brows on some of them, beginning before the
word and highest on it, and nod on them, beginning on the word and lowest behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import Final

import torch
from torch import Tensor

from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from ..motion.gaussian import gaussian_average
from ..motion.smoothing import smooth_step
from ..motion.speech_style import SpeechStyle
from ..networks.phonemes import FRAME_SAMPLES, SAMPLE_RATE_HZ
from .articulation import SPEECH_FPS
from .visemes import Phone

SILENT_DB: Final = -80.0
SPEAKING_DB: Final = -25.0
"""Frames this far below the loudest are no speech (and none below `AUDIBLE_DB`)."""
AUDIBLE_DB: Final = -60.0

PITCH_WINDOW: Final = 1024
PITCH_RANGE_HZ: Final = (65.0, 400.0)
LEAST_PERIODIC: Final = 0.5
"""Correlation of a voiced sound with itself one period later."""
OCTAVE_COST: Final = 0.06
"""By how much a period must match better than one of half its length (Boersma, 1993)."""
BLOCK_FRAMES: Final = 3000
"""A minute of sound at a time: memory does not grow with its length."""

STRESS_GAP_S: Final = 0.3
"""Least time between two stressed syllables."""
LEAST_STRESS: Final = 0.6
"""Of what counts as one, in standard deviations above the mean of the speech."""
FULL_STRESS: Final = 2.5
BROW_STRESS: Final = 1.2
"""Brows rise on stronger ones alone, and not on all of them."""
BROW_SHARE: Final = 0.7
PITCH_SHARE: Final = 0.8
"""Of pitch beside loudness in how strong a stress is."""

BROWS: Final[dict[str, float]] = {
    "browInnerUp": 0.3,
    "browOuterUpLeft": 0.22,
    "browOuterUpRight": 0.22,
}
"""How far they rise on a full stress."""
BROW_S: Final = (0.25, 0.08, 0.55)
"""Seconds in which brows rise before the stress, stay, and sink."""
NOD_DEG: Final = 3.0
NOD_S: Final = (0.2, 0.02, 0.45)
"""Seconds in which the head sinks from the stress on, stays, and rises."""
LIFT_SHARE: Final = 0.2
"""Of a nod that the head rises before it."""
LIFT_S: Final = 0.2
DRIFT_DEG: Final = (0.5, 0.9, 0.5)
"""Standard deviations of slow pitch, yaw and roll while somebody speaks."""
DRIFT_HZ: Final = (0.05, 0.5)

HEARD_DB: Final = -24.0
"""Usual level of speech when a network hears it: so it can tell loud vowels from quiet ones."""
MOST_GAIN_DB: Final = 30.0

EMPHASIS_DB: Final = 12.0
"""A vowel louder than the usual by this opens twice as far."""
EMPHASIS_RANGE: Final = (0.6, 1.6)


@dataclass(frozen=True, slots=True)
class Stress:
    """A syllable that stands out."""

    at_s: float
    strength: float
    """0 to 1."""


def loudness_db(waveform: Tensor) -> Tensor:
    """Level around each frame.

    Args:
        waveform: (N,) mono at `SAMPLE_RATE_HZ`, in [-1, 1].

    Returns:
        (ceil(N / 320),) decibels below full scale, at least `SILENT_DB`; a window of 40 ms.
    """
    frames = -(-len(waveform) // FRAME_SAMPLES)
    behind = (frames + 1) * FRAME_SAMPLES - len(waveform)
    padded = torch.nn.functional.pad(waveform.double(), (FRAME_SAMPLES, behind))
    window = torch.hann_window(2 * FRAME_SAMPLES, dtype=torch.float64)
    squares = (padded**2).unfold(0, 2 * FRAME_SAMPLES, FRAME_SAMPLES)[:frames]
    power = squares @ (window / window.sum())
    return 10 * torch.log10(power + 10 ** (SILENT_DB / 10))


def pitch_hz(waveform: Tensor) -> Tensor:
    """Pitch of the voice around each frame, by autocorrelation.

    Args:
        waveform: (N,) mono at `SAMPLE_RATE_HZ`.

    Returns:
        (ceil(N / 320),) hertz, 0 where nothing is voiced.
    """
    frames = -(-len(waveform) // FRAME_SAMPLES)
    if not frames:
        return torch.zeros(0, dtype=torch.float64)
    half = PITCH_WINDOW // 2
    padded = torch.nn.functional.pad(waveform.double(), (half, half + frames * FRAME_SAMPLES))
    windows = padded.unfold(0, PITCH_WINDOW, FRAME_SAMPLES)[:frames]
    found = [_pitch_of(block) for block in windows.split(BLOCK_FRAMES)]
    return torch.cat(found)


def stresses(loudness: Tensor, pitch: Tensor) -> list[Stress]:
    """The syllables that stand out by loudness and pitch.

    Args:
        loudness: (B,) of `loudness_db`.
        pitch: (B,) of `pitch_hz`.
    """
    speaking = is_speech(loudness)
    if not bool(speaking.any()):
        return []
    voiced = speaking & (pitch > 0)
    tone = torch.where(voiced, torch.log2(pitch.clamp(min=1)), torch.zeros_like(pitch))
    marks = _standard(loudness, speaking) + PITCH_SHARE * _standard(tone, voiced)
    marks = gaussian_average(marks[:, None], 0.06 * float(SPEECH_FPS))[:, 0]
    marks = torch.where(speaking, marks, marks.new_tensor(-torch.inf))
    reach = int(STRESS_GAP_S * SPEECH_FPS)
    highest = torch.nn.functional.max_pool1d(marks[None, None], 2 * reach + 1, 1, reach)[0, 0]
    peaks = torch.nonzero((marks == highest) & (marks > LEAST_STRESS))[:, 0].tolist()
    return [Stress(k / float(SPEECH_FPS), min(1.0, float(marks[k]) / FULL_STRESS)) for k in peaks]


def is_speech(loudness: Tensor) -> Tensor:
    """(B,) whether a frame is loud enough to be speech."""
    if not len(loudness):
        return loudness > 0
    floor = max(AUDIBLE_DB, float(loudness.max()) + SPEAKING_DB)
    return loudness > floor


def usual_db(loudness: Tensor) -> float | None:
    """The median of (B,) levels that are loud enough to be speech; None where none is."""
    speaking = is_speech(loudness)
    return float(loudness[speaking].median()) if bool(speaking.any()) else None


def gain_to_hear(usual: float | None, most_db: float = MOST_GAIN_DB) -> float:
    """What makes a sound whose speech has a usual level as loud as speech is heard (`HEARD_DB`).

    Args:
        usual: dB below full scale, of `usual_db`; None leaves the sound as it is.
        most_db: The gain is no higher.
    """
    return 1.0 if usual is None else 10 ** (min(most_db, HEARD_DB - usual) / 20)


def emphasis_of(phones: Sequence[Phone], loudness: Tensor) -> list[float]:
    """By how much loud vowels open the mouth wider than quiet ones.

    Args:
        phones: In order of time.
        loudness: (B,) of `loudness_db`.

    Returns:
        One factor for each phone, for `articulate`.
    """
    usual = usual_db(loudness) or 0.0
    lowest, highest = EMPHASIS_RANGE
    factors: list[float] = []
    for phone in phones:
        first = int(phone.start_s * SPEECH_FPS)
        span = loudness[first : max(first + 1, int(phone.end_s * SPEECH_FPS) + 1)]
        level = float(span.max()) if len(span) else usual
        factors.append(min(highest, max(lowest, 1 + (level - usual) / EMPHASIS_DB)))
    return factors


def accompany(waveform: Tensor, style: SpeechStyle | None = None, seed: int = 0) -> Blendshapes:
    """Brows and head of a face that speaks.

    `accompany(waveform, SpeechStyle(head=0.5))`

    Convention:
        - brows begin to rise before a stressed syllable and are highest on it; the head begins to
          nod on it and is lowest behind it; both rest in silence
        - the head also drifts a little while somebody speaks; the seed says how

    Args:
        waveform: (N,) mono at `SAMPLE_RATE_HZ`.
        style: The person's manner; None for a usual person.
        seed: Of the drift, and of which stresses brows leave out.

    Returns:
        ceil(N / 320) frames with the brows known and the pose of the head.
    """
    style = style or SpeechStyle()
    loudness = loudness_db(waveform)
    draw = torch.Generator().manual_seed(seed)
    times_s = torch.arange(len(loudness), dtype=torch.float64) / float(SPEECH_FPS)
    found = stresses(loudness, pitch_hz(waveform))
    raised, nod = torch.zeros_like(times_s), torch.zeros_like(times_s)
    for stress in found:
        chosen = float(torch.rand(1, generator=draw)) < BROW_SHARE
        if chosen and stress.strength * FULL_STRESS >= BROW_STRESS:
            brow = stress.strength * swell(times_s - stress.at_s, *BROW_S)
            raised = torch.maximum(raised, brow)
        sinking_s, staying_s, rising_s = NOD_S
        sunk = swell(times_s - stress.at_s - sinking_s, sinking_s, staying_s, rising_s)
        lifted = swell(times_s - stress.at_s, LIFT_S, 0.0, sinking_s)
        nod = nod + stress.strength * (sunk - LIFT_SHARE * lifted)
    head = _drift(draw, len(times_s)) * _presence(loudness)[:, None]
    head[:, 0] += NOD_DEG * nod
    weights = times_s.new_zeros(len(times_s), len(ARKIT_SHAPES))
    for name, height in BROWS.items():
        weights[:, ARKIT_SHAPES.index(name)] = style.brows * height * raised
    return Blendshapes(
        weights=weights.float(),
        head_deg=(style.head * head).float(),
        known=frozenset(BROWS),
        fps=SPEECH_FPS,
        producer="loudness and pitch",
    )


def swell(times_s: Tensor, rise_s: float, stay_s: float, fall_s: float) -> Tensor:
    """(B,) a smooth wave: it begins at -rise_s, is 1 from 0 to stay_s, and ends fall_s later."""
    up = smooth_step((times_s + rise_s) / rise_s)
    down = smooth_step((times_s - stay_s) / fall_s)
    return up * (1 - down)


def _pitch_of(windows: Tensor) -> Tensor:
    """(B,) pitch of windows (B, PITCH_WINDOW)."""
    centred = (windows - windows.mean(1, keepdim=True)) * torch.hann_window(
        PITCH_WINDOW, dtype=windows.dtype
    )
    spectrum = torch.fft.rfft(centred, 2 * PITCH_WINDOW)
    correlation = torch.fft.irfft(spectrum.abs() ** 2, 2 * PITCH_WINDOW)
    shortest, longest = (int(SAMPLE_RATE_HZ / limit) for limit in reversed(PITCH_RANGE_HZ))
    # a window takes away from long periods; its own correlation says how much
    own = torch.fft.rfft(torch.hann_window(PITCH_WINDOW, dtype=windows.dtype), 2 * PITCH_WINDOW)
    taper = torch.fft.irfft(own.abs() ** 2, 2 * PITCH_WINDOW)
    periods = slice(shortest, longest + 1)
    scaled = correlation[:, periods] / (taper[periods] / taper[0])
    power = correlation[:, :1].clamp(min=1e-6)
    octaves = torch.log2(torch.arange(shortest, longest + 1) / shortest)
    period = (scaled - OCTAVE_COST * power * octaves).argmax(1)
    periodic = (scaled.gather(1, period[:, None]) > LEAST_PERIODIC * power)[:, 0]
    return torch.where(periodic, SAMPLE_RATE_HZ / (period + shortest).double(), 0.0)


def _standard(values: Tensor, where: Tensor) -> Tensor:
    """Values less their mean over some frames, in standard deviations; 0 in other frames."""
    if int(where.sum()) < 2:  # noqa: PLR2004 - one frame has no deviation
        return torch.zeros_like(values)
    chosen = values[where]
    scaled = (values - chosen.mean()) / chosen.std().clamp(min=1e-3)
    return torch.where(where, scaled, torch.zeros_like(values))


def _presence(loudness: Tensor) -> Tensor:
    """(B,) 1 while somebody speaks, fading in pauses."""
    speaking = is_speech(loudness).to(loudness.dtype)
    return gaussian_average(speaking[:, None], 0.4 * float(SPEECH_FPS))[:, 0].clamp(0, 1)


def _drift(draw: torch.Generator, frames: int) -> Tensor:
    """(B, 3) slow smooth noise, degrees."""
    times_s = torch.arange(frames, dtype=torch.float64) / float(SPEECH_FPS)
    lowest, highest = DRIFT_HZ
    waves = 6
    columns: list[Tensor] = []
    for spread in DRIFT_DEG:
        rates = lowest * (highest / lowest) ** torch.rand(waves, generator=draw).double()
        phases = 2 * pi * torch.rand(waves, generator=draw).double()
        heights = torch.rsqrt(rates)
        heights = heights / heights.norm() * 2**0.5
        columns.append(
            spread * (heights * torch.sin(2 * pi * rates * times_s[:, None] + phases)).sum(1)
        )
    return torch.stack(columns, 1)
