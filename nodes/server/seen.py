"""Sources of previews: files of ComfyUI's folders, and what nodes saw when they ran."""

from __future__ import annotations

import hashlib
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from ...liveportrait_core.errors import MediaError
from ..folder_files import file_named, state_of
from ..load import loaded_model
from ..sockets import LoadedModel
from .asked import AskedSource
from .films import file_of

if TYPE_CHECKING:
    from ...liveportrait_core.imaging.tensors import Pixels
    from .films import Pictures

MOST_SEEN: Final = 8
MOST_FILES: Final = 4
MOST_BYTES: Final = 256 * 2**20
"""Of pictures that nodes saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source: its model, what tells its picture from others, and where that can be read."""

    loaded: LoadedModel
    key: tuple[object, ...]
    """Of all its frames."""
    pictures: Pictures
    index: int
    """Of the frame that is asked for."""

    def pixels(self) -> Pixels:
        """The frame, (H, W, 3) uint8.

        Raises:
            MediaError: It cannot be read.
        """
        return self.pictures.at(self.index)


class Seen:
    """What nodes saw when they ran last: the models are theirs, the pictures are few."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._entries: OrderedDict[str, tuple[weakref.ref[LoadedModel], Pictures]] = OrderedDict()
        self._files: OrderedDict[tuple[object, ...], Pictures] = OrderedDict()
        self._lock = Lock()

    def note(self, loaded: LoadedModel, pictures: Pictures) -> str:
        """Keep what a node saw; gives the key of it."""
        loaded = loaded.plain or loaded  # a preview does not wait for a compiler
        about = repr((id(loaded), pictures.fingerprint))
        key = hashlib.blake2b(about.encode(), digest_size=16).hexdigest()
        with self._lock:
            self._entries[key] = weakref.ref(loaded), pictures
            self._entries.move_to_end(key)
            while len(self._entries) > 1 and self._too_many():
                self._entries.popitem(last=False)
        return key

    def _too_many(self) -> bool:
        kept = sum(pictures.nbytes for _, pictures in self._entries.values())
        return len(self._entries) > MOST_SEEN or kept > MOST_BYTES

    def find(self, asked: AskedSource) -> Found:
        """The source that a request names.

        Raises:
            ValueError: A node has to run first.
            MediaError: There is no such file.
            CheckpointError: Files of the model are missing.
        """
        with self._lock:
            noted = self._entries.get(asked.seen) if asked.seen is not None else None
        loaded = loaded_model(*asked.model) if asked.model else noted and noted[0]()
        if loaded is None or (asked.file is None and noted is None):
            raise ValueError(
                "The source or the model is not known here yet, as other nodes make it. Run the "
                "graph once; then changes are shown at once."
            )
        if asked.file is None:
            assert noted is not None
            return _found(loaded, (asked.seen,), noted[1], asked)
        path = file_named(asked.file)
        if path is None:
            raise MediaError(
                f"There is no file '{asked.file}' in ComfyUI's folders. Choose the source again."
            )
        key = state_of(path)
        return _found(loaded, key, self._file(key, path), asked)

    def _file(self, key: tuple[object, ...], path: Path) -> Pictures:
        """A file of a picture or a film, kept open."""
        with self._lock:
            if key not in self._files:
                self._files[key] = file_of(path)
            self._files.move_to_end(key)
            while len(self._files) > MOST_FILES:
                self._files.popitem(last=False)
            return self._files[key]


def _found(
    loaded: LoadedModel, key: tuple[object, ...], pictures: Pictures, asked: AskedSource
) -> Found:
    index = min(pictures.num_frames - 1, round(asked.at_s * pictures.fps))
    return Found(loaded=loaded, key=key, pictures=pictures, index=index)


SEEN: Final = Seen()
"""Of this server."""
