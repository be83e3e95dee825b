"""Sources of previews: files of ComfyUI's folders, and what nodes saw when they ran."""

from __future__ import annotations

import hashlib
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

from ...liveportrait_core.errors import MediaError
from .. import library
from ..folder_files import file_named
from ..load import loaded_model
from ..sockets import LoadedModel
from .asked import AskedSource

if TYPE_CHECKING:
    from ...liveportrait_core.imaging.tensors import Pixels

MOST_SEEN: Final = 8
MOST_BYTES: Final = 256 * 2**20
"""Of pictures that nodes saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source: its model, what tells its picture from others, and where that can be read."""

    loaded: LoadedModel
    key: tuple[object, ...]
    picture: Pixels | Path

    def pixels(self) -> Pixels:
        """The picture, or the first frame of a film, (H, W, 3) uint8.

        Raises:
            MediaError: The file cannot be read.
        """
        if not isinstance(self.picture, Path):
            return self.picture
        if library.images.is_image(self.picture):
            return library.images.read_image(self.picture).rgb
        return next(iter(library.video.VideoReader(self.picture)))


class Seen:
    """What nodes saw when they ran last: the models are theirs, the pictures are few."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._entries: OrderedDict[str, tuple[weakref.ref[LoadedModel], Pixels]] = OrderedDict()
        self._lock = Lock()

    def note(self, loaded: LoadedModel, picture: Pixels) -> str:
        """Keep what a node saw; gives the key of it."""
        digest = hashlib.blake2b(repr((id(loaded), picture.shape)).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(picture).data)
        key = digest.hexdigest()
        with self._lock:
            self._entries[key] = weakref.ref(loaded), picture
            self._entries.move_to_end(key)
            while len(self._entries) > 1 and self._too_many():
                self._entries.popitem(last=False)
        return key

    def _too_many(self) -> bool:
        kept = sum(picture.nbytes for _, picture in self._entries.values())
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
            return Found(loaded=loaded, key=(asked.seen,), picture=noted[1])
        path = file_named(asked.file)
        if path is None:
            raise MediaError(
                f"There is no file '{asked.file}' in ComfyUI's folders. Choose the source again."
            )
        state = path.stat()
        return Found(loaded=loaded, key=(path, state.st_mtime_ns, state.st_size), picture=path)


SEEN: Final = Seen()
"""Of this server."""
