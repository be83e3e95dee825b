"""Folders of speech as a source of clips: what `train.speech` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from liveportrait_core.errors import MediaError

from .folder import INDEX_NAME, DataFolder, damaged, open_folder, read_json
from .speech_clip import SpeechClip
from .speech_shards import StoredSpeech, read_clip
from .storage import UNKNOWN_SIZE, Place, size_of

SPEECH_FORMAT: Final = "liveportrait-suite/speech-set"
SPEECH_VERSION: Final = 1


class SpeechSet(Sequence[SpeechClip]):
    """Clips of speech, read when they are asked for.

    `SpeechSet(["sets/speech"])[0].waveform`
    """

    def __init__(self, folders: Sequence[Place | DataFolder | str]) -> None:
        """Read the tables; no sound is read yet.

        Args:
            folders: What `train.speech` wrote.

        Raises:
            MediaError: A folder is something else, unfinished or damaged.
        """
        parts = [_clips_of(open_folder(folder)) for folder in folders]
        self._clips = [clip for part in parts for clip in part]
        self.keys = tuple(tuple(stored.key for _, stored in part) for part in parts)
        """Of the clips of each folder, in order."""

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, number: int) -> SpeechClip:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One clip.

        Raises:
            MediaError: It cannot be read.
        """
        shard, stored = self._clips[number]
        return read_clip(shard, stored)

    def about(self, number: int) -> dict[str, Any]:
        """What the table says of a clip (`StoredSpeech.about`), without reading it."""
        return self._clips[number][1].about

    @property
    def seconds(self) -> float:
        """Of all clips."""
        return sum(stored.about["seconds"] for _, stored in self._clips)


def _clips_of(folder: DataFolder) -> list[tuple[Place, StoredSpeech]]:
    found = (folder.index.get("format"), folder.index.get("version", 0))
    if found[0] != SPEECH_FORMAT or found[1] > SPEECH_VERSION:
        raise MediaError(
            f"{folder.place / INDEX_NAME} says {found[0]!r} version {found[1]}; {SPEECH_FORMAT!r} "
            f"up to version {SPEECH_VERSION} is expected. Name a folder of train.speech whose "
            "command has ended."
        )
    clips: list[tuple[Place, StoredSpeech]] = []
    for entry in folder.index["shards"]:
        shard = folder.place / entry["file"]
        if size_of(shard) not in (entry["bytes"], UNKNOWN_SIZE):
            raise MediaError(
                f"The shard {shard} is missing or not of {entry['bytes']} bytes, as the index "
                "says. Copy it again."
            )
        clips += [(shard, stored) for stored in read_table(shard.with_suffix(".json"))]
    return clips


def read_table(path: Place) -> list[StoredSpeech]:
    """The clips of a shard, by the table beside it.

    Raises:
        MediaError: It is missing or damaged.
    """
    try:
        return [StoredSpeech.of_row(row) for row in read_json(path)["clips"]]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, error) from error
