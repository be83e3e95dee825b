"""Preparing clips: crops of all files of some folders, in shards with an index.

Each file is a clip. A folder that was prepared before is not read again.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveportrait_core.animation.face_trackers import LandmarkTracker
from liveportrait_core.errors import MediaError, counted
from liveportrait_core.media.atomic import replacing, unwritable, write_whole
from liveportrait_core.media.images import is_image
from liveportrait_core.media.kinds import VIDEO_SUFFIXES

from .face_crops import CropSettings, SkippedError, default_faces, face_crops

FORMAT, VERSION = "liveportrait-suite/clips", 1
INDEX_NAME = "index.json"
STORED_NAMES: Mapping[str, str] = MappingProxyType({"max_frames": "most_frames"})
"""Names of settings in an index, where they differ from those of the options."""
SHARD_FRAMES = 512
"""Frames after which a shard is written: 100 MB at 256 px, and no more work is lost by a kill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedFile:
    """A file that was read: where its crops are, or why it has none."""

    name: str
    """Its folder's name and the way from there."""
    size_bytes: int
    reason: str = ""
    """Why it was skipped."""
    shard: str = ""
    first: int = 0
    """Its first frame in the shard."""
    frames: int = 0


def prepare(
    places: Sequence[Path],
    cache: Path,
    settings: CropSettings,
    *,
    faces: LandmarkTracker | None = None,
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> list[PreparedFile]:
    """Crops of all clips of some folders, those that are not in the cache yet made now.

    Convention:
        - a video is a clip; of one with scene cuts the longest scene. One upright crop holds for
          all its frames, so that its motion stays in them. A picture is a clip of one frame,
          and turned upright.
        - the index is written after each shard, both whole: killed and run again, it goes on
        - one process at a time prepares a cache
        - a file counts as known as long as its name and size stay; files that are gone, or in
          folders that are no longer named, are left out of what is given

    Args:
        places: Folders, searched with all in them, or single files.
        cache: Where shards and their index go; made where it is missing.
        settings: How clips are stored.
        faces: Finds and follows faces; None takes the default finder.
        log: Takes lines: what was skipped, and a summary.

    Returns:
        The usable clips by name, whatever the order in which they were prepared.

    Raises:
        MediaError: A folder is missing or holds no usable clip, the cache is of other settings
            or damaged, or it cannot be written.
    """
    files = media_files(places)
    known = read_index(cache, settings)
    new = [name for name in files if not _is_known(files[name], known.get(name))]
    if new:
        cache.mkdir(parents=True, exist_ok=True)
        faces = faces or default_faces()
        _prepare_files({name: files[name] for name in new}, known, cache, settings, faces, log)
    chosen = [known[name] for name in files]
    log(_summary(chosen, len(new)))
    usable = [clip for clip in chosen if clip.frames]
    if not usable:
        raise MediaError(
            f"None of {counted(len(chosen), 'file')} in {', '.join(map(str, places))} is usable "
            "for training; pictures or videos of one person's face are expected. The reasons are "
            "above."
        )
    return usable


def media_files(places: Sequence[Path]) -> dict[str, Path]:
    """Every picture and video, by its name in the index, sorted.

    The name is its folder's name and the way from there, so that a cache may be carried elsewhere;
    where two folders agree in both, the second one's files go by their whole paths.

    Raises:
        MediaError: A place does not exist, or there is nothing in any of them.
    """
    files: dict[str, Path] = {}
    for place in places:
        if not place.exists():
            raise MediaError(
                f"There is no {place}; a folder of pictures and videos is expected. Check its name."
            )
        root = place.resolve()
        inside = [root] if root.is_file() else root.rglob("*")
        for path in inside:
            if is_image(path) or path.suffix.lower() in VIDEO_SUFFIXES:
                name = path.relative_to(root.parent).as_posix()
                files[path.as_posix() if name in files else name] = path
    if not files:
        raise MediaError(
            f"{', '.join(map(str, places))} holds neither pictures nor videos by their endings; "
            "at least one is expected. Name another folder."
        )
    return dict(sorted(files.items()))


def read_index(cache: Path, settings: CropSettings) -> dict[str, PreparedFile]:
    """What was prepared, by name; empty for a new cache.

    Raises:
        MediaError: The index is damaged or of other settings.
    """
    path = cache / INDEX_NAME
    if not path.is_file():
        return {}
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        entries = [PreparedFile(**entry) for entry in index["files"]]
        found = (index["format"], index["version"], index["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise MediaError(
            f"{path} is no index of prepared clips ({error}). Delete the folder to prepare anew."
        ) from error
    expected = (FORMAT, VERSION, _stored(settings))
    if found != expected:
        raise MediaError(
            f"{path} says {found}; {expected} is expected. Delete the "
            "folder, or name another with cache=FOLDER."
        )
    return {entry.name: entry for entry in entries}


def is_prepared(places: Sequence[Path], cache: Path, settings: CropSettings) -> bool:
    """Whether `prepare` has nothing left to do."""
    known = read_index(cache, settings)
    return all(_is_known(path, known.get(name)) for name, path in media_files(places).items())


def _is_known(path: Path, entry: PreparedFile | None) -> bool:
    return entry is not None and entry.size_bytes == path.stat().st_size


def _prepare_files(
    files: Mapping[str, Path],
    known: dict[str, PreparedFile],
    cache: Path,
    settings: CropSettings,
    faces: LandmarkTracker,
    log: Callable[[str], None],
) -> None:
    """Add the files to what is known, shard by shard."""
    waiting: list[tuple[PreparedFile, NDArray[np.uint8]]] = []
    for done, (name, path) in enumerate(files.items(), 1):
        entry = PreparedFile(name=name, size_bytes=path.stat().st_size)
        try:
            waiting.append((entry, face_crops(path, faces, settings)))
        except SkippedError as skipped:
            log(f"skipped {name}: {skipped}")
            known[name] = replace(entry, reason=str(skipped))
        if sum(len(frames) for _, frames in waiting) >= SHARD_FRAMES or done == len(files):
            known |= _write_shard(cache, waiting)
            _write_index(cache, settings, known)
            waiting.clear()
            log(f"prepared {done} of {counted(len(files), 'file')}")


def _write_shard(
    cache: Path, clips: Sequence[tuple[PreparedFile, NDArray[np.uint8]]]
) -> dict[str, PreparedFile]:
    """One file of all frames; its name is a hash of its content, so that no other shard has it."""
    if not clips:
        return {}
    content = json.dumps([(entry.name, entry.size_bytes) for entry, _ in clips])
    shard = f"frames-{hashlib.sha256(content.encode()).hexdigest()[:12]}.npy"
    with replacing(cache / shard) as part:
        try:
            np.save(part, np.concatenate([frames for _, frames in clips]), allow_pickle=False)
        except OSError as error:
            raise unwritable(cache / shard, error) from error
    written: dict[str, PreparedFile] = {}
    first = 0
    for entry, frames in clips:
        written[entry.name] = replace(entry, shard=shard, first=first, frames=len(frames))
        first += len(frames)
    return written


def _write_index(cache: Path, settings: CropSettings, known: Mapping[str, PreparedFile]) -> None:
    index = {
        "format": FORMAT,
        "version": VERSION,
        "settings": _stored(settings),
        "files": [asdict(known[name]) for name in sorted(known)],
    }
    write_whole(cache / INDEX_NAME, (json.dumps(index, indent=1) + "\n").encode())


def _stored(settings: CropSettings) -> dict[str, Any]:
    """The settings as an index has them, whose names stay when those of options change."""
    values = asdict(settings)
    return {STORED_NAMES.get(name, name): value for name, value in values.items()}


def _summary(files: Sequence[PreparedFile], new: int) -> str:
    videos = sum(entry.frames > 1 for entry in files)
    images = sum(entry.frames == 1 for entry in files)
    frames = counted(sum(entry.frames for entry in files), "frame")
    line = f"clips: {counted(videos, 'video')} and {counted(images, 'image')}, {frames}"
    line += f"; {counted(new, 'file')} prepared now"
    reasons = Counter(entry.reason for entry in files if entry.reason)
    skipped = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
    return f"{line}; skipped {skipped}" if skipped else line
