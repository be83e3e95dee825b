"""Folders to train on, opened once: what their index says decides what they are.

Three kinds are known by `index.json`: rendered heads in .npz shards (`train.render`), clips in
WebDataset shards (`train.curate`, and `train.render --webdataset`, whose clips carry the
renderer's truth besides), and everything else, which holds pictures and videos as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from liveportrait_core.errors import MediaError

from .storage import MissingError, Place, Remote, place_named, read_bytes

INDEX_NAME: Final = "index.json"
SETTINGS_NAME: Final = "settings.json"
"""Written first, so that a folder goes on with the settings that it was begun with."""
RENDERED_FORMAT: Final = "liveportrait-suite/rendered"
RENDERED_VERSION: Final = 1
CLIPS_FORMAT: Final = "liveportrait-suite/curated"
CLIPS_VERSION: Final = 1
RENDERED_KEY: Final = "rendered"
"""Entry of the index of clips that a renderer made: the settings of their rendering."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder and its index."""

    place: Place
    index: Mapping[str, Any]
    """Empty where there is none."""

    def __str__(self) -> str:
        return str(self.place)

    @property
    def is_far(self) -> bool:
        """Whether it lies behind a URL."""
        return isinstance(self.place, Remote)

    @property
    def has_clips(self) -> bool:
        """Whether it holds clips in shards, curated or rendered."""
        return self.index.get("format") == CLIPS_FORMAT

    @property
    def is_rendered(self) -> bool:
        """Whether it holds rendered heads, in either layout."""
        return self.index.get("format") == RENDERED_FORMAT or RENDERED_KEY in self.index

    @property
    def animal_fraction(self) -> float:
        """Of rendered heads, the share that was asked to be animals."""
        return float(self.index.get(RENDERED_KEY, self.index).get("creatures", 0.0))

    def require_clips(self) -> None:
        """Refuse a folder without clips in shards, or with those of a later version.

        Raises:
            MediaError: It is one.
        """
        if not self.index:
            raise MediaError(
                f"{self.place / INDEX_NAME} cannot be read: there is no such file. Check that the "
                "folder is there and that train.curate or train.render wrote it."
            )
        found = (self.index.get("format"), self.index.get("version", 0))
        if found[0] != CLIPS_FORMAT or found[1] > CLIPS_VERSION:
            raise MediaError(
                f"{self.place / INDEX_NAME} says {found[0]!r} version {self.index.get('version')!r}"
                f"; {CLIPS_FORMAT!r} up to version {CLIPS_VERSION} is expected. Update this "
                "program, or curate again."
            )


def open_folder(folder: Place | DataFolder | str) -> DataFolder:
    """A folder with its index; one that is opened already is given back.

    Raises:
        MediaError: The index is damaged, or a server cannot be asked.
    """
    if isinstance(folder, DataFolder):
        return folder
    place = place_named(folder) if isinstance(folder, str) else folder
    try:
        data = read_bytes(place / INDEX_NAME)
    except MissingError:
        return DataFolder(place, MappingProxyType({}))
    except MediaError:
        if isinstance(place, Remote) or place.is_dir():
            raise
        return DataFolder(place, MappingProxyType({}))  # a single picture or video
    return DataFolder(place, _object(data, place / INDEX_NAME))


def open_folders(text: str) -> list[DataFolder]:
    """The folders that an option names, separated by commas.

    Raises:
        MediaError: As for `open_folder`.
    """
    return [open_folder(place) for place in text.split(",")]


def read_json(path: Place) -> dict[str, Any]:
    """A JSON object.

    Raises:
        MediaError: It is missing or damaged.
    """
    try:
        data = read_bytes(path)
    except MissingError as error:
        raise damaged(path, error) from error
    return _object(data, path)


def damaged(path: Place, error: Exception) -> MediaError:
    """The error about a file beside shards that cannot be used."""
    return MediaError(f"{path} is missing or damaged ({error}). Copy it again, or curate again.")


def _object(data: bytes, path: Place) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise damaged(path, error) from error
    if not isinstance(found, dict):
        raise damaged(path, ValueError("it holds no object"))
    return found
