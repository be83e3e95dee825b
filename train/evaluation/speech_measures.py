"""Measures of speech to motion: shut lips, the opening's curve, its delay, stillness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.motion.blendshapes import Blendshapes
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.articulation import SPEECH_FPS
from liveportrait_core.speech.lip_gap import LipGap
from liveportrait_core.speech.prosody import emphasis_of, loudness_db

from ..data.speech_clip import SpeechClip

Curve: TypeAlias = NDArray[np.float64]
Speak: TypeAlias = Callable[[NDArray[np.float32], SpeechClip | None, Fraction], Blendshapes]
"""Sound, the clip that it is of, if any, and frames a second -> what the face does."""
VIDEO_FPS: Final = Fraction(25)
NEAR_FRAMES: Final = 2
"""Frames of a video by which a closure may be early or late."""
SHUT_GAP: Final = 0.05
"""Height over width of the gap between the lips from which they look shut."""
OPEN_GAP: Final = 0.06
"""The least that rules open lips where a shut mouth is false."""
LIPS: Final = "PP"
"""Viseme of p, b and m."""
SILENCE: Final = "sil"
OPEN_VOWELS: Final = ("aa", "ae", "oh")
LOUD: Final = 1.3
"""Of `emphasis_of`: 3.6 dB louder than the usual."""
LEAST_CLOSURE_S: Final = 0.04
BURST_S: Final = 0.03
"""The end of a p, b or m in which the lips are open again."""
MAX_LAG_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMeasures:
    """Of one clip."""

    found: int
    """Closures that were shut in time."""
    closures: int
    false: int
    """Shut lips where the rules say open."""
    minutes: float
    correlation: float
    """Of the opening's curve with that of the rules."""
    offset_ms: float
    """By which the curve is late; below 0 it is early."""
    opening: float
    """The 95th percentile of the gap, height over width."""
    loud_openings: tuple[float, ...]
    """The widest gap in each loud open vowel."""


def measure_clip(clip: SpeechClip, speak: Speak, heard: NDArray[np.float32]) -> ClipMeasures:
    """Measure what is made of a sound of a clip whose phones and curves are known.

    Args:
        clip: The truth.
        speak: Makes the motion.
        heard: The clip's sound, perhaps with noise.
    """
    made = gap_curve(speak(heard, clip, VIDEO_FPS))
    fine, true = gap_curve(speak(heard, clip, SPEECH_FPS)), gap_curve(clip.shapes)
    length = min(len(fine), len(true))
    fine, true = fine[:length], true[:length]
    times = np.arange(len(made)) * float(SPEECH_FPS / VIDEO_FPS)
    rules = np.interp(times, np.arange(length), true)
    moments = closure_moments_s(clip)
    near = [made[_about(moment, len(made))] for moment in moments]
    return ClipMeasures(
        found=sum(bool(len(part)) and float(part.min()) < SHUT_GAP for part in near),
        closures=len(moments),
        false=false_closures(made, rules),
        minutes=len(clip.waveform) / SAMPLE_RATE_HZ / 60,
        correlation=correlation(fine, true),
        offset_ms=1000 * lag_frames(fine, true) / float(SPEECH_FPS),
        opening=float(np.percentile(made, 95)),
        loud_openings=tuple(
            float(fine[part].max()) for part in loud_vowels(clip) if len(fine[part])
        ),
    )


def gap_curve(shapes: Blendshapes) -> Curve:
    """(T,) the gap between the lips, height over width."""
    return LipGap().lip_open(shapes.weights.double()).numpy()


def closure_moments_s(clip: SpeechClip) -> list[float]:
    """When the lips are shut for p, b and m, but beside silence, where nobody sees it."""
    moments: list[float] = []
    phones = clip.phones
    for before, phone, after in zip(phones, phones[1:], phones[2:], strict=False):
        if phone.viseme == LIPS and SILENCE not in (before.viseme, after.viseme):
            end_s = max(phone.start_s + LEAST_CLOSURE_S, phone.end_s - BURST_S)
            moments.append((phone.start_s + end_s) / 2)
    return moments


def loud_vowels(clip: SpeechClip) -> list[slice]:
    """Frames, 50 a second, of the open vowels that the rules open wider by `LOUD` at least."""
    emphasis = emphasis_of(clip.phones, loudness_db(torch.from_numpy(clip.waveform)))
    return [
        slice(int(phone.start_s * SPEECH_FPS), int(phone.end_s * SPEECH_FPS) + 1)
        for phone, factor in zip(clip.phones, emphasis, strict=True)
        if phone.viseme in OPEN_VOWELS and factor >= LOUD
    ]


def false_closures(made: Curve, rules: Curve) -> int:
    """How often lips are shut where the rules keep them open for two frames before and after."""
    shut = np.flatnonzero(np.diff(np.r_[0, made < SHUT_GAP, 0]))
    runs = shut.reshape(-1, 2)
    return sum(
        float(rules[max(0, first - NEAR_FRAMES) : last + NEAR_FRAMES].min(initial=np.inf))
        > OPEN_GAP
        for first, last in runs
    )


def correlation(one: Curve, other: Curve) -> float:
    """Pearson's r; 0 where one of them never changes."""
    if len(one) < NEAR_FRAMES or min(one.std(), other.std()) < 1e-9:  # noqa: PLR2004
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def lag_frames(made: Curve, true: Curve, fps: Fraction = SPEECH_FPS) -> float:
    """By how many frames a curve is late: where their correlation is highest, between frames."""
    most = min(int(MAX_LAG_S * fps), (len(made) - 1) // 2)
    found = [correlation(*_shifted(made, true, lag)) for lag in range(-most, most + 1)]
    best = int(np.argmax(found))
    if not 0 < best < len(found) - 1:
        return float(best - most)
    before, top, after = found[best - 1 : best + 2]
    bend = before - 2 * top + after
    return best - most + (0.5 * (before - after) / bend if bend else 0.0)


def stillness(made: Sequence[Blendshapes]) -> dict[str, float]:
    """How far mouths move that should rest: height over width of their gap, and its spread."""
    gap = np.concatenate([gap_curve(shapes) for shapes in made])
    return {"highest_gap": round(float(gap.max()), 3), "spread": round(float(gap.std()), 4)}


def summary(measures: Sequence[ClipMeasures]) -> dict[str, float | int | None]:
    """Of several clips together."""
    minutes = sum(clip.minutes for clip in measures)
    closures = sum(clip.closures for clip in measures)
    loud = [gap for clip in measures for gap in clip.loud_openings]
    return {
        "clips": len(measures),
        "minutes": round(minutes, 2),
        "closures": closures,
        "closure_recall": round(sum(c.found for c in measures) / max(1, closures), 3),
        "false_closures_per_minute": round(sum(c.false for c in measures) / minutes, 2),
        "correlation": round(float(np.mean([c.correlation for c in measures])), 3),
        "offset_ms": round(float(np.median([c.offset_ms for c in measures])), 1),
        "opening": round(float(np.mean([c.opening for c in measures])), 3),
        "opening_of_loud_vowels": round(float(np.percentile(loud, 90)), 3) if loud else None,
    }


def with_noise(samples: NDArray[np.float32], ratio_db: float, seed: int = 0) -> NDArray[np.float32]:
    """A sound with white noise that is so many decibels quieter."""
    noise = np.random.default_rng(seed).standard_normal(len(samples)).astype(np.float32)
    loudness = float(np.sqrt(np.mean(samples**2)))
    mixed = samples + noise * np.float32(loudness * 10 ** (-ratio_db / 20))
    return mixed / max(1.0, float(np.abs(mixed).max(initial=0)))


def _about(moment_s: float, length: int) -> slice:
    frame = round(moment_s * float(VIDEO_FPS))
    return slice(max(0, frame - NEAR_FRAMES), min(length, frame + NEAR_FRAMES + 1))


def _shifted(made: Curve, true: Curve, lag: int) -> tuple[Curve, Curve]:
    if lag >= 0:
        made = made[lag:]
    else:
        true = true[-lag:]
    length = min(len(made), len(true))
    return made[:length], true[:length]


def silent_clip(seconds: float) -> NDArray[np.float32]:
    """Nothing to hear."""
    return torch.zeros(int(seconds * SAMPLE_RATE_HZ)).numpy()
