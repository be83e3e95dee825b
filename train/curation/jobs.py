"""Jobs, one file each: a worker writes its clips as a part, which is packed into shards later."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from liveportrait_core.media.atomic import replacing, unwritable, write_whole

from ..data.clip_shards import ANNOTATIONS
from ..data.shards import Sample, ShardWriter, encode_arrays
from ..data.speech_shards import SOUND
from .clip_extraction import ClipOrRejection, CuratedClip, Rejected, curate_file
from .settings import CurationSettings
from .tools import Tools

PARTS: Final = "parts"
"""Folder of what is curated and not yet in a shard."""
NAME_CHARACTERS: Final = 40
"""Characters of a file's name in its key."""
DIGEST_CHARACTERS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FileJob:
    """A file to be curated."""

    name: str
    """In the index: its folder's name and the way from there."""
    path: Path
    size_bytes: int
    parts: Path
    """Folder of its part."""

    @property
    def key(self) -> str:
        """First half of its clips' keys: words of its name, and a digest of all of it."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", Path(self.name).stem).strip("-")[:NAME_CHARACTERS]
        content = f"{self.name}:{self.size_bytes}".encode()
        return f"{words}-{hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]}".lstrip("-")

    @property
    def record(self) -> Path:
        """What was found in it; this file exists once the part is whole."""
        return self.parts / f"{self.key}.json"

    @property
    def clips(self) -> Path:
        """Its clips as a tar; missing where there are none."""
        return self.parts / f"{self.key}.tar"


def run_job(
    job: FileJob,
    tools: Tools,
    settings: CurationSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> None:
    """Curate a file and write its part.

    Convention:
        - every problem of the file becomes a rejection; only a part that cannot be written, as on
          a full disk, ends the run

    Args:
        job: The file.
        tools: The networks.
        settings: Limits and sizes.
        heartbeat: Called with each frame that is read.

    Raises:
        MediaError: The part cannot be written.
    """
    rejections: list[Rejected] = []
    num_clips = 0
    with replacing(job.clips) as part:
        try:
            stream = part.open("wb")
        except OSError as error:
            raise unwritable(job.clips, error) from error
        with stream:
            writer = ShardWriter(stream)
            found = curate_file(job.path, tools, settings, heartbeat)
            while (clip := _next(found, rejections)) is not None:
                sample = _sample(clip, job, num_clips, settings)
                try:
                    writer.add(sample)
                except OSError as error:
                    raise unwritable(job.clips, error) from error
                num_clips += 1
            writer.close()
    write_record(job, num_clips, rejections)


def write_record(job: FileJob, num_clips: int, rejections: list[Rejected]) -> None:
    """Write the record of a job, which is done then.

    Raises:
        MediaError: It cannot be written.
    """
    record = {
        "name": job.name,
        "size_bytes": job.size_bytes,
        "clips": num_clips,
        "rejected": [_written(rejected) for rejected in rejections],
    }
    write_whole(job.record, (json.dumps(record) + "\n").encode())


def _next(found: Iterator[ClipOrRejection], rejections: list[Rejected]) -> CuratedClip | None:
    """The next clip; rejections before it are added to the list."""
    try:
        for entry in found:
            if not isinstance(entry, Rejected):
                return entry
            rejections.append(entry)
    except Exception as error:  # noqa: BLE001 - no run dies because of one file
        note = f"{type(error).__name__}: {error}"
        rejections.append(Rejected(reason="program error", note=note))
    return None


def _written(rejected: Rejected) -> dict[str, Any]:
    values = {name: value for name, value in asdict(rejected).items() if value}
    if rejected.picture:
        values["picture"] = base64.b64encode(rejected.picture).decode()
    return values


def _sample(clip: CuratedClip, job: FileJob, number: int, settings: CurationSettings) -> Sample:
    about = {
        "source": job.name,
        "from_s": round(clip.from_s, 3),
        "seconds": round(clip.seconds, 3),
        "fps": clip.fps,
        "frames": len(clip.frames),
        "size_px": settings.size_px,
        "layout": clip.layout,
        "quality": clip.quality,
        **({"sync": clip.sync} if clip.sync else {}),
    }
    files = {"json": (json.dumps(about) + "\n").encode(), ANNOTATIONS: encode_arrays(clip.arrays)}
    if clip.sound:
        files[SOUND] = clip.sound
    files |= {f"{place:04d}.jpg": jpeg for place, jpeg in enumerate(clip.frames)}
    return Sample(f"{job.key}-{number:04d}", files)
