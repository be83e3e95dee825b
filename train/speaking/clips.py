"""One clip of synthetic speech: a voice says a text, and a face of some style goes with it."""

from __future__ import annotations

import logging
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.articulation import MOUTH_SHAPES, SPEECH_FPS, articulate
from liveportrait_core.speech.prosody import BROWS, accompany, emphasis_of, loudness_db
from liveportrait_core.speech.visemes import SILENCE, Phone, without_gaps

from ..data.speech_clip import SpeechClip
from .options import SpeechConfig
from .sentences import draw_text
from .sounds import STILL_SOUNDS
from .synthesizers import SynthesizerError, Utterance, speak
from .voices import EspeakVoice, draw_voice

_LOG = logging.getLogger(__name__)
TRIES: Final = 4
SENTENCES: Final = (1, 4)
"""At least, and fewer than."""
BEFORE_S: Final = (0.05, 0.8)
AFTER_S: Final = (0.2, 0.8)
"""Silence around the speech."""
STILL_S: Final = (3.0, 8.0)
LEVEL_DB: Final = (-30.0, -16.0)
"""Of the loudest half second of a clip, below full scale."""
PEAK: Final = 0.98
EFFORT_DB: Final = 5.0
"""Standard deviation of how much louder some words are spoken than others: synthesizers speak all
of them alike, and people do not."""
EFFORT_S: Final = (0.3, 0.9)
"""From one level to the next."""

STYLE_SPREADS: Final = {
    "opening": (1.25, 0.2),
    "rounding": (1.0, 0.2),
    "quickness": (1.0, 0.15),
    "brows": (1.0, 0.35),
    "head": (1.0, 0.35),
}
"""Median and standard deviation of the logarithm of each number of a style."""


def make_clip(config: SpeechConfig, number: int) -> SpeechClip:
    """A clip of a set: it comes from the seed and its number alone.

    Convention:
        - espeak-ng crashes on a few texts; another is drawn then, and a warning is logged

    Raises:
        SynthesizerError: A synthesizer is missing, or fails again and again.
    """
    attempt = 0
    while True:
        random = np.random.default_rng((config.seed, number, attempt))
        attempt += 1
        if random.random() < config.still:
            return _still_clip(random)
        try:
            return _spoken_clip(config, random)
        except SynthesizerError as error:
            if attempt == TRIES:
                raise
            _LOG.warning("Clip %d says something else: %s", number, error)


def _spoken_clip(config: SpeechConfig, random: np.random.Generator) -> SpeechClip:
    language = config.tags[int(random.integers(len(config.tags)))]
    voice = draw_voice(language, config.voices, config.synthesizer, random)
    text = draw_text(
        language, int(random.integers(*SENTENCES)), random, babble=isinstance(voice, EspeakVoice)
    )
    spoken = speak(voice, text)
    said = _in_silence(Utterance(with_effort(spoken.waveform, random), spoken.phones), random)
    style = draw_style(random)
    shapes = face_of(said.waveform, said.phones, style, seed=int(random.integers(2**31)))
    return SpeechClip(
        waveform=_at_level(said.waveform, random),
        shapes=shapes,
        phones=said.phones,
        style=style,
        voice=str(voice),
        language=language,
    )


def face_of(
    waveform: npt.NDArray[np.float32],
    phones: tuple[Phone, ...],
    style: SpeechStyle | None = None,
    *,
    seed: int = 0,
) -> Blendshapes:
    """Mouth, brows and head of somebody who says some sounds.

    Args:
        waveform: (N,) at `SAMPLE_RATE_HZ`.
        phones: Its sounds.
        style: The person's manner.
        seed: Of how the head drifts.
    """
    sound = torch.from_numpy(waveform)
    loudness = loudness_db(sound)
    mouth = articulate(phones, len(loudness), style=style, emphasis=emphasis_of(phones, loudness))
    rest = accompany(sound, style, seed)
    return Blendshapes(
        weights=mouth.weights + rest.weights,
        head_deg=rest.head_deg,
        known=MOUTH_SHAPES | frozenset(BROWS),
        fps=SPEECH_FPS,
        producer="coarticulation, loudness and pitch",
    )


def draw_style(random: np.random.Generator) -> SpeechStyle:
    """A person's manner."""
    drawn = {
        name: median * float(np.exp(random.normal(0, spread)))
        for name, (median, spread) in STYLE_SPREADS.items()
    }
    return SpeechStyle(
        **{name: min(1.8, max(0.4, round(value, 3))) for name, value in drawn.items()}
    )


def _still_clip(random: np.random.Generator) -> SpeechClip:
    """Sound in which nobody speaks, and a face that does not move."""
    names = sorted(STILL_SOUNDS)
    name = names[int(random.integers(len(names)))]
    seconds = random.uniform(*STILL_S)
    waveform = STILL_SOUNDS[name](round(seconds * SAMPLE_RATE_HZ), random)
    frames = -(-len(waveform) * int(SPEECH_FPS) // SAMPLE_RATE_HZ)
    shapes = Blendshapes(
        weights=torch.zeros(frames, len(ARKIT_SHAPES)),
        head_deg=torch.zeros(frames, 3),
        known=MOUTH_SHAPES | frozenset(BROWS),
        fps=SPEECH_FPS,
        producer=name,
    )
    whole = Phone(viseme=SILENCE, start_s=0.0, end_s=len(waveform) / SAMPLE_RATE_HZ)
    return SpeechClip(
        waveform=waveform, shapes=shapes, phones=(whole,), style=draw_style(random), voice=name
    )


def _in_silence(said: Utterance, random: np.random.Generator) -> Utterance:
    """With some silence before and behind."""
    before, after = (round(random.uniform(*span) * SAMPLE_RATE_HZ) for span in (BEFORE_S, AFTER_S))
    later_s = before / SAMPLE_RATE_HZ
    waveform = np.pad(said.waveform, (before, after))
    phones = [
        Phone(viseme=phone.viseme, start_s=phone.start_s + later_s, end_s=phone.end_s + later_s)
        for phone in said.phones
    ]
    return Utterance(waveform, without_gaps(phones, len(waveform) / SAMPLE_RATE_HZ))


def with_effort(
    waveform: npt.NDArray[np.float32], random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Speech some words of which are louder than others.

    Args:
        waveform: (N,) at `SAMPLE_RATE_HZ`.
        random: Source of randomness.
    """
    seconds = len(waveform) / SAMPLE_RATE_HZ
    steps_s = random.uniform(*EFFORT_S, size=2 + int(seconds / EFFORT_S[0]))
    levels_db = random.normal(0, EFFORT_DB, len(steps_s))
    times_s = np.arange(len(waveform)) / SAMPLE_RATE_HZ
    gain_db = np.interp(times_s, np.cumsum(steps_s) - steps_s[0], levels_db)
    return (waveform * 10 ** (gain_db / 20)).astype(np.float32)


def _at_level(
    waveform: npt.NDArray[np.float32], random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """The sound at a drawn level, without clipping."""
    window = min(len(waveform), SAMPLE_RATE_HZ // 2)
    energy = _loudest(waveform, window)
    gain = 10 ** (random.uniform(*LEVEL_DB) / 20) / max(float(np.sqrt(energy)), 1e-5)
    gain = min(gain, PEAK / max(float(np.abs(waveform).max()), 1e-5))
    return (waveform * gain).astype(np.float32)


def _loudest(waveform: npt.NDArray[np.float32], window: int) -> float:
    """Mean power of the loudest part of some samples."""
    summed = np.concatenate(([0.0], np.cumsum(waveform.astype(np.float64) ** 2)))
    return float((summed[window:] - summed[:-window]).max() / window)
