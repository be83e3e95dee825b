"""The sound of a clip, cut in time to the sample, and whether lips and sound go together."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import AudioFormat, decodable_track, stream_audio
from liveportrait_core.motion.gaussian import gaussian_average
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.articulation import SPEECH_FPS
from liveportrait_core.speech.prosody import loudness_db

_LOG = logging.getLogger(__name__)
MONO: Final = AudioFormat(SAMPLE_RATE_HZ, 1)
MAX_LAG_S: Final = 0.4
"""Sound that is further off is not found."""
LEVEL_RANGE_DB: Final = 40.0
"""Sound this far below the loudest counts as none."""
SMOOTH_S: Final = 0.05
LEAST_FRAMES: Final = 12
"""Of a clip whose lips can be compared with its sound."""
LEAST_SPREAD: Final = 1e-4


class SoundTrack:
    """The sound of a film at 16 kHz, mono, read forwards once."""

    def __init__(self, path: Path) -> None:
        """Open a film; one without sound, or whose sound cannot be decoded, has none to cut.

        Args:
            path: An image or video.
        """
        self._blocks: Iterator[NDArray[np.float32]] = iter(())
        try:
            self.is_there = decodable_track(path) is not None
        except MediaError:
            self.is_there = False
        if self.is_there:
            self._blocks = stream_audio(path, MONO)
        self._held: NDArray[np.float32] = np.zeros(0, np.float32)
        self._first = 0

    def cut(self, start_s: Fraction, end_s: Fraction) -> NDArray[np.float32] | None:
        """The samples from one time of the picture to another, silent where the sound has ended.

        Args:
            start_s: Not before that of the cut before.
            end_s: Behind the last sample.

        Returns:
            (round(end_s * 16000) - round(start_s * 16000),), or None without sound.
        """
        if not self.is_there:
            return None
        start, end = round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ)
        parts = [self._held]
        held_to = self._first + len(self._held)
        try:
            while held_to < end and (block := next(self._blocks, None)) is not None:
                parts.append(block[0])
                held_to += len(block[0])
                if held_to <= start:  # what lies before the cut is not kept
                    parts, self._first = [], held_to
        except MediaError as error:
            _LOG.warning("Its sound is left out from here on: %s", error)
            self.is_there = False
            return None
        held = np.concatenate([np.zeros(0, np.float32), *parts])
        self._held = held[max(0, start - self._first) :]
        self._first = max(self._first, start)
        return np.pad(self._held[: end - start], (0, max(0, end - start - len(self._held))))


@dataclass(frozen=True, slots=True)
class Sync:
    """How well lips and sound of a clip go together."""

    score: float
    """Correlation of the opening of the lips with loudness, at the lag where it is highest."""
    lag_ms: float
    """By how much the sound is late behind the lips; below 0 it is early."""


def lips_and_sound(
    lip_open: NDArray[np.float32], times_s: NDArray[np.float32], waveform: NDArray[np.float32]
) -> Sync | None:
    """Whether lips open when it is loud.

    Args:
        lip_open: (N,) of each frame.
        times_s: (N,) of each frame, from the first sample on.
        waveform: (T,) at 16 kHz.

    Returns:
        None where nothing can be compared: a clip too short, still lips, a steady sound.
    """
    loudness = loudness_db(torch.from_numpy(waveform))
    if len(lip_open) < LEAST_FRAMES or not len(loudness):
        return None
    heard = loudness.clamp(min=float(loudness.max()) - LEVEL_RANGE_DB)
    heard = gaussian_average(heard[:, None], SMOOTH_S * float(SPEECH_FPS))[:, 0].numpy()
    at_s = np.arange(len(heard)) / float(SPEECH_FPS)
    most = int(MAX_LAG_S * SPEECH_FPS)
    lags_s = np.arange(-most, most + 1) / float(SPEECH_FPS)
    scores = [_correlation(lip_open, np.interp(times_s + lag_s, at_s, heard)) for lag_s in lags_s]
    best = int(np.argmax(scores))
    if lip_open.std() < LEAST_SPREAD or heard.std() < LEAST_SPREAD:
        return None
    return Sync(round(float(scores[best]), 3), round(1000 * float(lags_s[best]), 1))


def _correlation(one: NDArray[np.float32], other: NDArray[np.float64]) -> float:
    spread = float(one.std() * other.std())
    if spread < LEAST_SPREAD**2:
        return 0.0
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread)
