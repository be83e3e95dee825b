"""The output folder: parts are packed into shards in the order of their files' names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO, Final

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import make_folder, replacing, unwritable, write_whole

from ..data.clip_shards import StoredClip, read_table, table_of, totals
from ..data.folder import CLIPS_FORMAT, CLIPS_VERSION, INDEX_NAME, SETTINGS_NAME, read_json
from ..data.shards import Sample, ShardWriter, samples_in
from .jobs import PARTS, FileJob
from .settings import CurationSettings, with_present_names
from .tools import ToolsFactory

LEDGER_NAME: Final = "files.jsonl"
SHARD_BYTES: Final = 256 * 2**20
"""Size at which a shard is closed: large enough to stream, small enough to shuffle."""
MAX_THUMBNAILS: Final = 8
"""Thumbnails that are stored for each reason."""


@dataclass(slots=True)
class _Shard:
    """A shard that is being written."""

    path: Path
    stream: BinaryIO
    writer: ShardWriter
    lifetime: ExitStack
    clips: list[StoredClip] = field(default_factory=list)


class ShardStore:
    """Packs parts into shards.

    Convention:
        - a shard is closed when it is full; then its table is written, then the rows of its
          files, then their parts are deleted. Killed between any two of these and run again, it
          ends with the same bytes
        - one process at a time packs a folder
    """

    def __init__(self, folder: Path, settings: CurationSettings, factory: ToolsFactory) -> None:
        """Open or begin a folder.

        Args:
            folder: Created where it is missing.
            settings: Of all its clips.
            factory: Of the tools that find and measure faces.

        Raises:
            MediaError: It holds clips of other settings or something else, is damaged, or cannot
                be written.
        """
        self.folder, self.parts = folder, folder / PARTS
        self._settings: dict[str, Any] = {
            "format": CLIPS_FORMAT,
            "version": CLIPS_VERSION,
            "settings": asdict(settings),
            "tools": factory.describe(),
        }
        self._shard: _Shard | None = None
        self._packed: list[tuple[FileJob, dict[str, Any]]] = []
        self._require_own_folder()
        make_folder(self.parts)
        self._check_settings()
        for left in (*folder.glob(".*.part*"), *self.parts.glob(".*.part*")):
            with suppress(OSError):  # of a run that was killed; Windows keeps what is open
                left.unlink()
        self.rows = self._read_ledger()
        """What was found in each file that is packed."""
        self._tables = {table: read_table(table) for table in self._table_paths()}
        self._keys = {clip.key for clips in self._tables.values() for clip in clips}
        self._pictures = Counter(
            rejected["reason"]
            for row in self.rows
            for rejected in row["rejected"]
            if "picture" in rejected
        )

    def is_packed(self, job: FileJob) -> bool:
        """Whether a file of this name and size is in the shards, or was rejected."""
        return (job.name, job.size_bytes) in self._known

    def add(self, job: FileJob) -> None:
        """Pack the part of a job.

        Raises:
            MediaError: It cannot be read or a shard cannot be written.
        """
        record = read_json(job.record)
        if record["clips"]:
            with job.clips.open("rb") as stream:
                for sample in samples_in(stream):
                    if sample.key not in self._keys:
                        self._add(sample)
        self._packed.append((job, record))

    def finish(self) -> dict[str, Any]:
        """Close the last shard and write the index.

        Returns:
            The index.
        """
        self._close_shard()
        self._settle()
        index = {**self._settings, **self._summary()}
        write_whole(self.folder / INDEX_NAME, (json.dumps(index, indent=1) + "\n").encode())
        return index

    def abandon(self) -> None:
        """Delete the unfinished shard; its parts stay."""
        if self._shard is not None:
            shard, self._shard = self._shard, None
            shard.stream.close()
            shard.lifetime.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    def clips(self) -> list[tuple[Path, StoredClip]]:
        """All packed clips with their shards, in order."""
        return [
            (table.with_suffix(".tar"), clip)
            for table, clips in sorted(self._tables.items())
            for clip in clips
        ]

    def _add(self, sample: Sample) -> None:
        shard = self._shard = self._shard or self._new_shard()
        try:
            spots = shard.writer.add(sample)
        except OSError as error:
            raise unwritable(shard.path, error) from error
        about = json.loads(sample.files["json"])
        shard.clips.append(StoredClip.of(sample.key, about, spots))
        if shard.writer.size >= SHARD_BYTES:
            self._close_shard()

    def _new_shard(self) -> _Shard:
        path = self.folder / f"clips-{len(self._tables):06d}.tar"
        lifetime = ExitStack()
        part = lifetime.enter_context(replacing(path))
        try:
            stream = part.open("wb")
        except OSError as error:
            raise unwritable(path, error) from error
        return _Shard(path, stream, ShardWriter(stream), lifetime)

    def _close_shard(self) -> None:
        """End the shard, if any; then settle what is packed whole."""
        shard, self._shard = self._shard, None
        if shard is None:
            return
        with shard.lifetime:
            try:
                shard.writer.close()
                shard.stream.close()
            except OSError as error:
                raise unwritable(shard.path, error) from error
        table = shard.path.with_suffix(".json")
        write_whole(table, (json.dumps(table_of(shard.clips)) + "\n").encode())
        self._tables[table] = shard.clips
        self._keys |= {clip.key for clip in shard.clips}
        self._settle()

    def _settle(self) -> None:
        """Write rows of files that are packed, and delete their parts."""
        rows = [self._with_few_thumbnails(record) for _, record in self._packed]
        self.rows += rows
        ledger = self.folder / LEDGER_NAME
        try:
            with ledger.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row) + "\n" for row in rows)
        except OSError as error:
            raise unwritable(ledger, error) from error
        for job, _ in self._packed:
            self._known.add((job.name, job.size_bytes))
            job.record.unlink(missing_ok=True)
            job.clips.unlink(missing_ok=True)
        self._packed.clear()

    def _with_few_thumbnails(self, record: dict[str, Any]) -> dict[str, Any]:
        for rejected in record["rejected"]:
            if "picture" in rejected:
                if self._pictures[rejected["reason"]] >= MAX_THUMBNAILS:
                    del rejected["picture"]
                else:
                    self._pictures[rejected["reason"]] += 1
        return record

    def _summary(self) -> dict[str, Any]:
        tables = sorted(self._tables.items())
        return {
            **totals((table.with_suffix(".tar"), clips) for table, clips in tables),
            "sound": sound_summary([clip for _, clips in tables for clip in clips]),
            "files": len(self.rows),
            "rejected": rejections(self.rows),
        }

    def _require_own_folder(self) -> None:
        """Refuse a folder whose index is of something else: it would be replaced.

        Raises:
            MediaError: It is.
        """
        if (self.folder / INDEX_NAME).exists() and not (self.folder / SETTINGS_NAME).exists():
            raise MediaError(
                f"{self.folder} holds an {INDEX_NAME} of something else; a new folder, or one of "
                "train.curate, is expected. Name another folder."
            )

    def _check_settings(self) -> None:
        path = self.folder / SETTINGS_NAME
        if not path.exists():
            write_whole(path, (json.dumps(self._settings, indent=1) + "\n").encode())
        found = read_json(path)
        found["settings"] = with_present_names(found.get("settings", {}))
        if found != self._settings:
            differing = [
                f"{name} {old!r} there, {new!r} now"
                for part in ("settings", "tools")
                for name, new in self._settings[part].items()
                if (old := found.get(part, {}).get(name)) != new
            ]
            raise MediaError(
                f"{self.folder} has other settings ({'; '.join(differing) or 'format'}); the same "
                "ones are expected. Give them again, or name another folder."
            )

    def _read_ledger(self) -> list[dict[str, Any]]:
        """Rows of packed files; one that was cut by a kill is dropped from the file, too."""
        path = self.folder / LEDGER_NAME
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith(b"\n")]
        if len(whole) < len(lines):
            write_whole(path, b"".join(whole))
        try:
            rows: list[dict[str, Any]] = [json.loads(line) for line in whole]
        except ValueError as error:
            raise MediaError(f"{path} is damaged ({error}). Curate into another folder.") from error
        self._known = {(row["name"], row["size_bytes"]) for row in rows}
        return rows

    def _table_paths(self) -> list[Path]:
        return sorted(self.folder.glob("clips-*.json"))


def sound_summary(clips: Sequence[StoredClip]) -> dict[str, float]:
    """How many clips have sound, for how long, and how lips and sound go together at the median."""
    heard = [clip for clip in clips if clip.sound is not None]
    told = [clip.about["sync"] for clip in heard if "sync" in clip.about]
    medians = {
        name: round(median(sync[name] for sync in told), 3) for name in ("score", "lag_ms") if told
    }
    seconds = round(sum(clip.about["seconds"] for clip in heard), 3)
    return {"clips": len(heard), "seconds": seconds, **medians}


def rejections(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """How often each reason occurred, and how many seconds of video it cost; most often first."""
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for row in rows:
        for rejected in row["rejected"]:
            counts[rejected["reason"]] += 1
            seconds[rejected["reason"]] += rejected.get("seconds", 0.0)
    return {
        reason: {"times": number, "seconds": round(seconds[reason], 3)}
        for reason, number in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    }
