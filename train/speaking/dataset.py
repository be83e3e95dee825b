"""Write a folder of synthetic speech: settings, shards with tables, and an index at the end.

Convention:
    - a clip comes from the seed and its number alone: neither workers nor the size of a shard
      change its bits
    - a shard is there when its tar is; killed and run again, the missing ones are made
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import make_folder, replacing, unwritable, write_whole
from liveportrait_core.model import load_model

from ..data.folder import INDEX_NAME, SETTINGS_NAME, read_json
from ..data.shards import ShardWriter
from ..data.speech_clip import SpeechClip
from ..data.speech_set import SPEECH_FORMAT, SPEECH_VERSION, read_table
from ..data.speech_shards import ABOUT, CURVES, SOUND, StoredSpeech, sample_of
from ..engine.command import deaf_to_interrupts
from .clips import make_clip
from .options import SpeechConfig
from .recorded import RecordedSpeech
from .synthesizers import check_synthesizers

GENERATOR: Final = 3
"""Counts changes to sounds and curves: a folder is finished by the generator that began it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of some clips."""

    name: str
    first: int
    count: int


def write_speech(
    config: SpeechConfig, progress: Callable[[int, int], None] | None = None
) -> tuple[int, int]:
    """Make what is missing of a folder; run again to resume.

    Args:
        config: What to make and where.
        progress: Called with the clips that are there and their total.

    Returns:
        How many clips were made now, and how many there are.

    Raises:
        SynthesizerError: A synthesizer is missing or fails.
        MediaError: The folder has other settings, holds something else, or cannot be written.
    """
    make: Callable[[int], SpeechClip] = partial(make_clip, config)
    if config.recorded:
        recorded = RecordedSpeech(config.recorded, load_model(config.model))
        make = recorded.clip
        config = replace(config, clips=len(recorded), workers=1)
    else:
        _check_synthesizers(config)
    settings = _settings(config)
    _claim(config.folder, settings)
    shards = [
        Shard(f"speech-{k:05d}.tar", first, min(config.shard_size, config.clips - first))
        for k, first in enumerate(range(0, config.clips, config.shard_size))
    ]
    missing = [shard for shard in shards if not (config.folder / shard.name).is_file()]
    made = 0
    present = config.clips - sum(shard.count for shard in missing)
    for count in _made(config, missing, make):
        made += count
        if progress is not None:
            progress(present + made, config.clips)
    _write_index(config.folder, settings, shards)
    return made, config.clips


def _check_synthesizers(config: SpeechConfig) -> None:
    uses_flite = config.synthesizer == "flite" or (
        config.synthesizer == "both" and "en" in config.tags
    )
    check_synthesizers(espeak=config.synthesizer != "flite", flite=uses_flite)


def _settings(config: SpeechConfig) -> dict[str, Any]:
    """All that decides what is in a folder."""
    return {
        "format": SPEECH_FORMAT,
        "version": SPEECH_VERSION,
        "generator": GENERATOR,
        "clips": config.clips,
        "languages": list(config.tags),
        "voices": config.voices,
        "synthesizer": config.synthesizer,
        "still": config.still,
        "seed": config.seed,
        "shard_size": config.shard_size,
        **({"recorded": config.recorded} if config.recorded else {}),
        **({"model": config.model} if config.recorded and config.model != "default" else {}),
    }


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a new folder, or check those of an old one."""
    path = folder / SETTINGS_NAME
    if not path.exists():
        if (folder / INDEX_NAME).exists():
            raise MediaError(
                f"{folder} holds an {INDEX_NAME} of something else; a new folder, or one of "
                "train.speech, is expected. Name another folder."
            )
        make_folder(folder)
        write_whole(path, (json.dumps(settings, indent=1) + "\n").encode())
    found = read_json(path)
    differing = [name for name in settings if found.get(name) != settings[name]]
    if differing:
        name = differing[0]
        raise MediaError(
            f"{folder} has {name} {found.get(name)!r}, and this command asks for "
            f"{settings[name]!r}. Use the settings of the set, or name another folder."
        )
    for left in folder.glob(".*.part*"):  # of a run that was killed
        left.unlink()


def _made(
    config: SpeechConfig, shards: list[Shard], make: Callable[[int], SpeechClip]
) -> Iterator[int]:
    """Make shards, in this process or in workers; yields the clips of each one done."""
    work = partial(_write_shard, config.folder, make)
    if config.workers == 1 or len(shards) <= 1:
        yield from map(work, shards)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers inherit it: one thread each
    context = multiprocessing.get_context("spawn")
    with deaf_to_interrupts():
        pool = context.Pool(min(config.workers, len(shards)))
    with closing(pool):
        yield from pool.imap_unordered(work, shards)


def _write_shard(folder: Path, make: Callable[[int], SpeechClip], shard: Shard) -> int:
    path = folder / shard.name
    rows: list[dict[str, Any]] = []
    with replacing(path) as part:
        try:
            with part.open("wb") as stream:
                writer = ShardWriter(stream)
                for number in range(shard.first, shard.first + shard.count):
                    sample = sample_of(make(number), f"speech-{number:06d}")
                    spots = writer.add(sample)
                    about = json.loads(sample.files[ABOUT])
                    rows.append(StoredSpeech(sample.key, about, spots[SOUND], spots[CURVES]).row())
                writer.close()
        except OSError as error:
            raise unwritable(path, error) from error
        write_whole(path.with_suffix(".json"), (json.dumps({"clips": rows}) + "\n").encode())
    return shard.count


def _write_index(folder: Path, settings: dict[str, Any], shards: list[Shard]) -> None:
    paths = [folder / shard.name for shard in shards]
    clips = [clip for path in paths for clip in read_table(path.with_suffix(".json"))]
    index = {
        **settings,
        "seconds": round(sum(clip.about["seconds"] for clip in clips), 3),
        "shards": [{"file": path.name, "bytes": path.stat().st_size} for path in paths],
    }
    write_whole(folder / INDEX_NAME, (json.dumps(index, indent=1) + "\n").encode())
