"""Sound: float32 waveforms on the picture's clock, streamed in blocks or read whole."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from ..errors import MediaError
from .containers import has_decoder, open_container, reason_of, start_of, video_stream

_LOG = logging.getLogger(__name__)
_STEREO: Final = 2
_MAX_CHANNELS: Final = 6
_GROWN_SAMPLES: Final = 2**20
# Timestamps jitter by a few milliseconds in many files; a longer hole is one that players show.
_MAX_JITTER_S: Final = Fraction(1, 20)


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Sample rate and number of channels, one or two; more are mixed down."""

    sample_rate_hz: int
    num_channels: int

    def __post_init__(self) -> None:
        if self.num_channels not in (1, 2):
            raise ValueError(
                f"The number of channels is {self.num_channels}; 1 or 2 is expected. Give 2; more "
                "channels are mixed down."
            )


@dataclass(frozen=True, slots=True)
class Waveform:
    """A sound held whole.

    `VideoWriter("out.mp4", fps, waveform=Waveform(samples, 44100))`
    """

    samples: NDArray[np.float32]
    """(C, T) in [-1, 1], of up to six channels."""
    sample_rate_hz: int

    def __post_init__(self) -> None:
        shape = self.samples.shape
        if len(shape) != 2 or not 1 <= shape[0] <= _MAX_CHANNELS:  # noqa: PLR2004 - (C, T)
            raise ValueError(
                f"The sound has shape {shape}; (C, T) of 1 to {_MAX_CHANNELS} channels is "
                "expected. Take one sound of a batch."
            )
        if self.samples.dtype != np.float32 or self.sample_rate_hz < 1:
            raise ValueError(
                f"The sound is {self.samples.dtype} at {self.sample_rate_hz} Hz; "
                "float32 in [-1, 1] at 1 Hz or more is expected. Convert it first."
            )

    @property
    def format(self) -> AudioFormat:
        """Its own rate and at most two channels."""
        return AudioFormat(self.sample_rate_hz, min(_STEREO, self.samples.shape[0]))


def has_audio(path: str | Path) -> bool:
    """Whether a video or sound file has a stream of sound.

    Raises:
        MediaError: The file cannot be opened.
    """
    with open_container(path, "sound") as container:
        return bool(container.streams.audio)


def decodable_track(path: str | Path) -> int | None:
    """The number, from 0, of a file's first track of sound that can be decoded; None without one.

    Raises:
        MediaError: The file cannot be opened.
    """
    with open_container(path, "sound") as container:
        num_tracks = len(container.streams.audio)
    for track in range(num_tracks):
        with open_container(path, "sound") as container:
            stream = container.streams.audio[track]
            if next(_decode(container, stream, path), None) is not None:
                return track
    return None


def probe_audio(path: str | Path) -> AudioFormat:
    """The format of a file's sound, found by decoding its beginning.

    Raises:
        MediaError: The file cannot be opened, has no sound, or sound that cannot be decoded.
    """
    track = _track_to_read(path)
    with open_container(path, "sound") as container:
        for frame in _decode(container, container.streams.audio[track], path):
            return AudioFormat(frame.sample_rate, min(_STEREO, len(frame.layout.channels)))
    raise _undecodable(path)


def stream_audio(
    path: str | Path, target: AudioFormat, start_s: Fraction = Fraction(0)
) -> Iterator[NDArray[np.float32]]:
    """A file's sound in consecutive blocks, resampled, on the clock of its own picture.

    Convention:
        - time 0 is the first picture of a video, or the first sample of a file without pictures
        - of several tracks it is the first that can be decoded
        - sound that starts late, and holes in it, are filled with silence, so that it stays in
          step; packets that cannot be decoded are such holes, and they are logged as warnings

    Args:
        path: A video or sound file.
        target: Format of the blocks.
        start_s: Where to begin, in seconds; below 0 gives silence first.

    Yields:
        (C, t) float32, in [-1, 1], never empty.

    Raises:
        MediaError: The file cannot be opened, has no sound, or sound that cannot be decoded.
    """
    track = _track_to_read(path)
    with open_container(path, "sound") as container:
        stream = container.streams.audio[track]
        origin = _origin(container, stream, path) + start_s
        frames = _decode(container, stream, path)
        first = next(frames, None)
        if first is None:
            raise _undecodable(path)
        lead = round((_time_of(first, origin) - origin) * target.sample_rate_hz)
        yield from _silence(lead, target)
        num_channels = len(first.layout.channels)
        blocks = _gapless(chain((first,), frames), num_channels, target, path)
        yield from _drop(blocks, -lead)


def stream_waveform(
    sound: Waveform, target: AudioFormat, start_s: Fraction = Fraction(0)
) -> Iterator[NDArray[np.float32]]:
    """A sound held whole as `stream_audio` gives that of a file; time 0 is its first sample.

    Args:
        sound: The sound; it is not written to.
        target: Format of the blocks.
        start_s: Where to begin, in seconds; below 0 gives silence first.

    Yields:
        (C, t) float32, in [-1, 1], never empty.
    """
    yield from _silence(round(-start_s * target.sample_rate_hz), target)
    frames = _frames_of(sound, max(0, round(start_s * sound.sample_rate_hz)))
    yield from _gapless(frames, sound.samples.shape[0], target, "the given waveform")


def read_audio(
    path: str | Path, *, sample_rate_hz: int | None = None, num_channels: int | None = None
) -> Waveform:
    """A file's sound, held whole; its own rate and at most two channels unless others are given.

    Raises:
        MediaError: The file cannot be opened, has no sound, or sound that cannot be decoded.
    """
    found = probe_audio(path)
    target = AudioFormat(sample_rate_hz or found.sample_rate_hz, num_channels or found.num_channels)
    samples = joined_blocks(stream_audio(path, target), target.num_channels)
    return Waveform(samples, target.sample_rate_hz)


def joined_blocks(blocks: Iterable[NDArray[np.float32]], num_channels: int) -> NDArray[np.float32]:
    """Blocks (C, t) as one array (C, T); none give T = 0, as sound that ends before the picture.

    Convention:
        - samples lie channel beside channel in memory, in one array that grows in its place: an
          hour of sound is held once, 230 MB for one channel at 16 kHz
    """
    held, count = np.empty((_GROWN_SAMPLES, num_channels), np.float32), 0
    for block in blocks:
        end = count + block.shape[1]
        if end > len(held):
            held.resize((max(end, len(held) + _GROWN_SAMPLES), num_channels), refcheck=False)
        held[count:end] = block.T
        count = end
    held.resize((count, num_channels), refcheck=False)
    return held.T


def _track_to_read(path: str | Path) -> int:
    track = decodable_track(path)
    if track is not None:
        return track
    if not has_audio(path):
        raise MediaError(
            f"{path} has no sound; a track of sound is expected. Choose another file, or no sound."
        )
    raise _undecodable(path)


def _decode(
    container: InputContainer, stream: AudioStream, path: str | Path
) -> Iterator[AudioFrame]:
    """Frames of sound; a packet that cannot be decoded leaves a hole."""
    if not has_decoder(stream):
        return
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            yield from frames
    except av.error.FFmpegError as error:
        _LOG.warning("%s: its sound breaks off (%s).", path, reason_of(error))


def _frames_of(sound: Waveform, first: int) -> Iterator[AudioFrame]:
    """The samples from `first` on, in frames of a second."""
    num_channels, num_samples = sound.samples.shape
    for start in range(first, num_samples, sound.sample_rate_hz):
        samples = sound.samples[:, start : start + sound.sample_rate_hz]
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=f"{num_channels}c"
        )
        frame.sample_rate = sound.sample_rate_hz
        frame.time_base = Fraction(1, sound.sample_rate_hz)
        frame.pts = start
        yield frame


def _origin(container: InputContainer, stream: AudioStream, path: str | Path) -> Fraction:
    """When the picture begins on the file's clock; the sound itself where there is no picture."""
    try:
        return start_of(video_stream(container, path))
    except MediaError:
        return start_of(stream)


def _gapless(
    frames: Iterator[AudioFrame], num_channels: int, target: AudioFormat, path: str | Path
) -> Iterator[NDArray[np.float32]]:
    """Resampled blocks (C, t), with silence where the timestamps leave a hole."""
    layout = "mono" if num_channels == 1 else "stereo"
    resampler = AudioResampler(format="fltp", layout=layout, rate=target.sample_rate_hz)
    due: Fraction | None = None
    try:
        for frame in frames:
            time = _time_of(frame, due)
            if due is not None and time - due > _MAX_JITTER_S:
                _LOG.warning("%s: %.2f s of its sound are missing, now silent.", path, time - due)
                yield from _silence(round((time - due) * target.sample_rate_hz), target)
                due = time
            due = (time if due is None else due) + Fraction(frame.samples, frame.sample_rate)
            for block in resampler.resample(frame):
                yield _mix(block, target.num_channels)
        for block in resampler.resample(None):
            yield _mix(block, target.num_channels)
    except ValueError as error:  # the format changes within the file
        raise _undecodable(path) from error


def _mix(block: AudioFrame, num_channels: int) -> NDArray[np.float32]:
    """One channel or two as the other, equally loud; FFmpeg would change it by 3 dB."""
    samples = block.to_ndarray().astype(np.float32, copy=False)
    if samples.shape[0] == num_channels:
        return samples.clip(-1, 1)  # more than two, mixed down by FFmpeg, may be louder than 1
    if num_channels == 1:
        return samples.mean(axis=0, keepdims=True)
    return np.repeat(samples, num_channels, axis=0)


def _time_of(frame: AudioFrame, due: Fraction | None) -> Fraction:
    if frame.pts is None or frame.time_base is None:
        return due or Fraction(0)
    return frame.pts * frame.time_base


def _silence(num_samples: int, target: AudioFormat) -> Iterator[NDArray[np.float32]]:
    """Silence in blocks of a second at most, so that a long one takes no memory."""
    while num_samples > 0:
        block = min(num_samples, target.sample_rate_hz)
        yield np.zeros((target.num_channels, block), np.float32)
        num_samples -= block


def _drop(blocks: Iterator[NDArray[np.float32]], num_samples: int) -> Iterator[NDArray[np.float32]]:
    """The blocks without their first samples; what is empty then is left out."""
    for block in blocks:
        dropped = max(0, min(num_samples, block.shape[1]))
        num_samples -= dropped
        if dropped < block.shape[1]:
            yield block[:, dropped:]


def _undecodable(path: str | Path) -> MediaError:
    return MediaError(
        f"The sound of {path} cannot be decoded; AAC or WAV is expected. Convert it, or go without "
        "sound."
    )
