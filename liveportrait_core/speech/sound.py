"""Sound as speech models hear it: 16 kHz, one channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import MediaError
from ..media.audio import AudioFormat, Waveform, joined_blocks, read_audio, stream_waveform
from ..networks.phonemes import SAMPLE_RATE_HZ

_FORMAT = AudioFormat(SAMPLE_RATE_HZ, 1)


def read_speech(path: str | Path) -> Tensor:
    """(N,) the sound of a file, on the clock of its picture where it has one.

    `motion_of_speech(read_speech("speech.wav"), model.preset.space)`

    Raises:
        MediaError: The file cannot be opened, has no sound, or none that can be decoded.
    """
    sound = read_audio(path, sample_rate_hz=SAMPLE_RATE_HZ, num_channels=1)
    return _checked(sound.samples[0], str(path))


def speech_of(sound: Waveform, name: str = "the sound") -> Tensor:
    """(N,) a sound of any rate and up to six channels, resampled.

    Raises:
        MediaError: It is empty, or has samples that are no numbers.
    """
    if not np.isfinite(sound.samples).all():
        raise MediaError(
            f"{name} has samples that are not finite; numbers in [-1, 1] are expected. Repair it "
            "first."
        )
    return _checked(joined_blocks(stream_waveform(sound, _FORMAT), _FORMAT.num_channels)[0], name)


def _checked(samples: np.ndarray[tuple[int], np.dtype[np.float32]], name: str) -> Tensor:
    if not len(samples):
        raise MediaError(f"{name} has no samples; speech is expected. Choose another sound.")
    if not np.isfinite((samples.min(), samples.max())).all():  # without an array as long
        raise MediaError(
            f"{name} has samples that are not finite; numbers in [-1, 1] are expected. Repair it "
            "first."
        )
    return torch.from_numpy(np.clip(samples, -1, 1, out=samples))
