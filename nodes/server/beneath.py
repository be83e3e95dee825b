"""What lies beneath the keys of a timeline: of its last run, or of files that are connected."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from ...liveportrait_core.errors import MediaError, about
from .. import library, motion_files
from ..folder_files import file_named, state_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...liveportrait_core.media.audio import Waveform
    from ...liveportrait_core.motion.types import Motion
    from .asked import AskedBeneath

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
MOST_KEPT: Final = 16
PEAKS_A_SECOND: Final = 50
MOST_PEAKS: Final = 3000
DRAWN_HZ: Final = 8000
"""Samples a second of a file's sound that is only looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A sound as it is drawn."""

    length_s: float
    peaks: tuple[float, ...]
    """How loud it is, 0 to 1, in equal parts of its time."""
    peak_s: float
    """Seconds of each part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneath:
    """What is connected to a timeline."""

    motions: tuple[Motion, ...] | None = ()
    """None: there are some, but they are not known here."""
    sound: Sound | None = None

    @property
    def sound_s(self) -> float | None:
        """How long the sound is."""
        return None if self.sound is None else self.sound.length_s


class KeptBeneath:
    """What was connected to the last few timelines that ran, and the last few files."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._runs: OrderedDict[str, Beneath] = OrderedDict()
        self._motions: OrderedDict[Hashable, Motion] = OrderedDict()
        self._sounds: OrderedDict[Hashable, Sound] = OrderedDict()
        self._lock = Lock()

    def note(self, beneath: Beneath) -> str:
        """Keep what a run saw; gives the key of it."""
        key = uuid.uuid4().hex
        with self._lock:
            _kept(self._runs, key, beneath)
        return key

    def find(self, asked: AskedBeneath) -> Beneath:
        """What a request names; of what it does not name, what the run saw.

        Raises:
            MediaError: A file is missing or cannot be read.
            ValueError: A choice of Load Motion is none.
        """
        with self._lock:
            run = self._runs.get(asked.run) if asked.run is not None else None
            sound = None if run is None else run.sound
            motions = None if run is None else run.motions
            if asked.audio is not None:
                sound = self._sound(asked.audio)
            if asked.motions is not None:
                motions = tuple(self._motion(dict(chosen)) for chosen in asked.motions)
            return Beneath(motions=motions, sound=sound)

    def _sound(self, name: str) -> Sound:
        path = file_named(name)
        if path is None:
            with about("audio"):
                raise MediaError(
                    f"There is no file '{name}' in ComfyUI's folders. Choose the sound again."
                )
        key = state_of(path)
        sound = self._sounds.get(key)
        if sound is None:
            target = library.audio.AudioFormat(DRAWN_HZ, 1)
            sound = sound_of(library.audio.stream_audio(path, target), DRAWN_HZ)
        return _kept(self._sounds, key, sound)

    def _motion(self, chosen: dict[str, str]) -> Motion:
        """The motion that Load Motion gives with these widgets."""
        key = (tuple(sorted(chosen.items())), *map(state_of, motion_files.paths_of(chosen)))
        motion = self._motions.get(key)
        if motion is None:
            motion = motion_files.motion_of_choices(chosen)
        return _kept(self._motions, key, motion)


def beneath_of(motions: tuple[Motion, ...], sound: Waveform | None) -> Beneath:
    """What is connected, with the sound as it is drawn."""
    drawn = None if sound is None else sound_of([sound.samples], sound.sample_rate_hz)
    return Beneath(motions=motions, sound=drawn)


def sound_of(blocks: Iterable[NDArray[np.float32]], sample_rate_hz: int) -> Sound:
    """A sound as it is drawn.

    Args:
        blocks: Each (C, T) float32 in [-1, 1], one after another.
        sample_rate_hz: Samples a second.
    """
    step = max(1, sample_rate_hz // PEAKS_A_SECOND)
    parts: list[NDArray[np.float32]] = []
    rest = np.zeros(0, np.float32)
    num_samples = 0
    for block in blocks:
        num_samples += block.shape[1]
        loud = np.nan_to_num(np.abs(block).max(0, initial=0.0))
        loud = np.concatenate([rest, loud])
        whole = len(loud) // step * step
        parts.append(loud[:whole].reshape(-1, step).max(1, initial=0.0))
        rest = loud[whole:]
    if len(rest):
        parts.append(rest.max(keepdims=True))
    peaks = np.concatenate([np.zeros(0, np.float32), *parts])
    together = max(1, -(-len(peaks) // MOST_PEAKS))
    peaks = np.pad(peaks, (0, -len(peaks) % together)).reshape(-1, together).max(1, initial=0.0)
    return Sound(
        length_s=num_samples / sample_rate_hz,
        peaks=tuple(np.minimum(peaks, 1).tolist()),
        peak_s=step * together / sample_rate_hz,
    )


def _kept(entries: OrderedDict[Key, Value], key: Key, value: Value) -> Value:
    """A value, kept as the newest."""
    entries[key] = value
    entries.move_to_end(key)
    while len(entries) > MOST_KEPT:
        entries.popitem(last=False)
    return value


BENEATH: Final = KeptBeneath()
"""Of this server."""
