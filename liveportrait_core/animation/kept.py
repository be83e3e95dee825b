"""What pass 1 found out, kept from one run to the next: faces, crops, motion, features."""

from __future__ import annotations

import dataclasses
import hashlib
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final, TypeVar, cast

from ..face.faces import FaceTrack
from ..media.clips import Clip
from ..model import LivePortraitModel
from ..warned import HeardWarnings

Value = TypeVar("Value")
Key = tuple[Hashable, ...]

MAX_BYTES: Final = 256 * 2**20
"""Kept at most, unless said otherwise. A still's features take 4 MB (8 MB published), a frame of a
clip two kilobytes."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """A result, its size, and what was warned of while it was made."""

    value: object
    num_bytes: int
    heard: HeardWarnings


class Kept:
    """A memory of results, the least recently used given up first.

    `kept = Kept()`, then `prepare(model, source, driving, options, kept=kept)` again and again:
    only what depends on a changed option is done again.

    Convention:
        - a result is found by the content of the clip that it is of, the model and
          the options that matter for it; the first part of its key says what it is
        - a result larger than `max_bytes` is not kept
        - pictures are never kept
        - what was warned of while it was made is warned of again when it is taken from here
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """An empty memory.

        Args:
            max_bytes: Of tensors and arrays, at most.
        """
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    @property
    def num_bytes(self) -> int:
        """What is kept now."""
        return sum(entry.num_bytes for entry in self._entries.values())

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def get(self, key: Key | None, make: Callable[[], Value]) -> Value:
        """The result of a key; it is made where it is not known.

        Args:
            key: Where it is found; None keeps nothing.
            make: Makes it.
        """
        if key is not None and key in self._entries:
            self._entries.move_to_end(key)
            entry = self._entries[key]
            entry.heard.repeat()
            return cast("Value", entry.value)
        with HeardWarnings() as heard:
            value = make()
        if key is not None:
            self._entries[key] = _Entry(value, sum(_sizes(value)), heard)
            while self._entries and self.num_bytes > self._max_bytes:
                self._entries.popitem(last=False)
        return value

    def forget(self, kind: str | None = None) -> None:
        """Give up all results, or those of a kind: faces, motion, features."""
        for key in [key for key in self._entries if kind in (None, key[0])]:
            del self._entries[key]


class Same:
    """A key of one object: equal to that of the same object while it lives, and to no other."""

    __slots__ = ("_hash", "_object")

    def __init__(self, value: object) -> None:
        """A key; it does not keep the object alive."""
        self._object = weakref.ref(value)
        self._hash = id(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        value = self._object()
        return value is not None and isinstance(other, Same) and other._object() is value


def clip_key(kind: str, model: LivePortraitModel, clip: Clip, *about: Hashable) -> Key | None:
    """The key of what a model finds in a clip; None where its content has no fingerprint.

    Args:
        kind: What is found.
        model: The model; its networks are compared as objects, and are not kept alive.
        clip: One with an attribute `fingerprint`, as `Frames` and `VideoReader` have.
        *about: What else matters.
    """
    fingerprint = getattr(clip, "fingerprint", None)
    if not isinstance(fingerprint, str):
        return None
    networks = tuple(Same(network) for network in (model.motion, model.appearance))
    return (kind, networks, model.dtype, model.device, fingerprint, *about)


def track_digest(track: FaceTrack) -> str:
    """What identifies a face track."""
    parts: list[object] = [track.shots]
    for face in track.faces:
        parts += [face.state, face.score, face.landmarks.layout, face.landmarks.points.tobytes()]
        if face.openness_landmarks is not None:
            parts += [face.openness_landmarks.layout, face.openness_landmarks.points.tobytes()]
    return hashlib.blake2b(repr(parts).encode()).hexdigest()


def _sizes(value: object) -> Iterator[int]:
    """Bytes of the tensors and arrays in dataclasses, mappings and sequences."""
    size = getattr(value, "nbytes", None)
    if isinstance(size, int):
        yield size
    elif isinstance(value, Mapping):
        for part in cast("Mapping[object, object]", value).values():
            yield from _sizes(part)
    elif isinstance(value, list | tuple):
        for part in cast("list[object]", value):
            yield from _sizes(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for entry in dataclasses.fields(value):
            yield from _sizes(getattr(value, entry.name))
