"""Sound as speech models hear it: 16 kHz, one channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import MediaError
from ..media.audio import AudioFormat, Waveform, joined_blocks, stream_audio, stream_waveform
from ..networks.phonemes import SAMPLE_RATE_HZ

_FORMAT = AudioFormat(SAMPLE_RATE_HZ, 1)


@dataclass(frozen=True, slots=True)
class SpeechFile:
    """The sound of a file, or a part of it: decoded each time it is heard, and never held whole.

    `motion_of_speech(speech_file("speech.wav"), model.preset.space)`
    """

    path: Path
    num_samples: int
    """At 16 kHz."""
    first: int = 0
    """The sample of the file that it begins with."""

    def __len__(self) -> int:
        return self.num_samples

    def part(self, first: int, last: int) -> SpeechFile:
        """The samples from `first` up to `last`."""
        return replace(self, first=self.first + first, num_samples=last - first)

    def blocks(self, size: int) -> Iterator[Tensor]:
        """(size,) samples after samples; the last block may be shorter.

        Raises:
            MediaError: The file is no longer what it was when it was opened.
        """
        waiting: list[NDArray[np.float32]] = []
        count = 0
        for samples in self._samples():
            waiting.append(samples)
            count += len(samples)
            if count >= size:
                joined, last = np.concatenate(waiting), count - count % size
                waiting, count = [joined[last:].copy()], count - last
                for start in range(0, last, size):
                    yield torch.from_numpy(joined[start : start + size])
        if count:
            yield torch.from_numpy(np.concatenate(waiting))

    def whole(self) -> Tensor:
        """(N,) all of it at once, which an hour of takes 230 MB.

        Raises:
            MediaError: The file is no longer what it was when it was opened.
        """
        return torch.from_numpy(_joined(self._samples()))

    def _samples(self) -> Iterator[NDArray[np.float32]]:
        """What is decoded of the part, as it comes."""
        position, end = 0, self.first + self.num_samples
        for block in _decoded(self.path):
            yield block[max(0, self.first - position) : max(0, end - position)]
            position += len(block)
            if position >= end:
                return
        raise MediaError(
            f"{self.path} has changed since it was opened, and now ends before its sound is read. "
            "Try again once it is written."
        )


Sound: TypeAlias = "Tensor | SpeechFile"
"""(N,) samples at 16 kHz that are held, or a file of them."""


def speech_file(path: str | Path) -> SpeechFile:
    """The sound of a file, on the clock of its picture where it has one, read through once.

    Raises:
        MediaError: The file cannot be opened, has no sound, or none that can be decoded.
    """
    num_samples = sum(len(block) for block in _decoded(Path(path)))
    if not num_samples:
        raise _nothing(str(path))
    return SpeechFile(Path(path), num_samples)


def read_speech(path: str | Path) -> Tensor:
    """(N,) the sound of a file, on the clock of its picture where it has one.

    `motion_of_speech(read_speech("speech.wav"), model.preset.space)`

    Raises:
        MediaError: The file cannot be opened, has no sound, or none that can be decoded.
    """
    samples = _joined(_decoded(Path(path)))
    if not len(samples):
        raise _nothing(str(path))
    return torch.from_numpy(samples)


def blocks_of(sound: Sound, size: int) -> Iterator[Tensor]:
    """(size,) samples after samples of a sound; the last block may be shorter."""
    if isinstance(sound, SpeechFile):
        yield from sound.blocks(size)
    else:
        for start in range(0, len(sound), size):
            yield sound[start : start + size]


def held(sound: Sound) -> Tensor:
    """(N,) a sound whole, for models that hear it so."""
    return sound.whole() if isinstance(sound, SpeechFile) else sound


def speech_of(sound: Waveform, name: str = "the sound") -> Tensor:
    """(N,) a sound of any rate and up to six channels, resampled.

    Raises:
        MediaError: It is empty, or has samples that are no numbers.
    """
    if not np.isfinite(sound.samples).all():
        raise _not_finite(name)
    samples = joined_blocks(stream_waveform(sound, _FORMAT), _FORMAT.num_channels)[0]
    if not len(samples):
        raise _nothing(name)
    return torch.from_numpy(np.clip(samples, -1, 1, out=samples))


def _decoded(path: Path) -> Iterator[NDArray[np.float32]]:
    """(n,) checked blocks of a file's sound, in [-1, 1]."""
    for block in stream_audio(path, _FORMAT):
        if not np.isfinite(block).all():
            raise _not_finite(str(path))
        yield block[0].clip(-1, 1)


def _joined(blocks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(N,) blocks one after another, held once."""
    return joined_blocks((block[None] for block in blocks), _FORMAT.num_channels)[0]


def _nothing(name: str) -> MediaError:
    return MediaError(f"{name} has no samples; speech is expected. Choose another sound.")


def _not_finite(name: str) -> MediaError:
    return MediaError(
        f"{name} has samples that are not finite; numbers in [-1, 1] are expected. Repair it first."
    )
