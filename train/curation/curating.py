"""Curation from end to end: files in, shards with an index out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from liveportrait_core.errors import counted

from ..data.preparing import media_files
from .jobs import FileJob
from .on_ray import run_on_ray
from .report import write_report
from .settings import CurationSettings
from .store import ShardStore
from .tools import ToolsFactory
from .workers import IN_THIS_PROCESS, WorkerOptions, run_here, run_in_processes

LOG_EVERY = 20
"""Files between two lines of progress."""


def curate(
    places: Sequence[Path],
    out: Path,
    settings: CurationSettings,
    *,
    factory: ToolsFactory,
    workers: WorkerOptions = IN_THIS_PROCESS,
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, Any]:
    """Curate folders of videos and images into WebDataset shards (Sec. 3.2).

    Convention:
        - clips are stored in the order of their files' names, whatever the number of workers and
          their speed: killed and run again, the index is the same
        - a packed file is not processed again; new files make new shards, and a file whose size
          changed counts as new

    Args:
        places: Folders, with all files below them, or single files.
        out: The folder of shards, index and report; made where it is missing.
        settings: Limits and sizes.
        factory: Makes the networks that find and measure faces.
        workers: Processes, or actors of Ray.
        log: Takes lines of progress.

    Returns:
        The index.

    Raises:
        MediaError: A place is missing or empty, or `out` has other settings, is damaged, or cannot
            be written.
        CheckpointError: A network cannot be loaded.
    """
    files = media_files(places)
    store = ShardStore(out, settings, factory)
    jobs = [
        FileJob(name=name, path=path, size_bytes=_size(path), parts=store.parts)
        for name, path in files.items()
        if out.resolve() not in path.parents
    ]
    waiting = [job for job in jobs if not store.is_packed(job)]
    left = [job for job in waiting if not job.record.exists()]
    log(f"{counted(len(jobs), 'file')}, {len(jobs) - len(left)} of them curated before")
    if workers.ray:
        running = run_on_ray(left, factory, settings, workers)
    elif workers.number:
        running = run_in_processes(left, factory, settings, workers)
    else:
        running = run_here(left, factory, settings)
    _pack(waiting, _logged(running, len(left), log), store)
    index = store.finish()
    write_report(store, index)
    return index


def _pack(waiting: Sequence[FileJob], running: Iterator[FileJob], store: ShardStore) -> None:
    """Pack the parts in the order of the jobs, each as soon as all before it are done."""
    ahead = iter(waiting)
    following = next(ahead, None)
    try:
        with closing(running) as done:  # pyright: ignore[reportArgumentType]
            while True:
                while following is not None and following.record.exists():
                    store.add(following)
                    following = next(ahead, None)
                if next(done, None) is None:
                    return
    finally:
        if following is not None:
            store.abandon()


def _logged(
    running: Iterator[FileJob], total: int, log: Callable[[str], None]
) -> Iterator[FileJob]:
    for number, job in enumerate(running, 1):
        if number % LOG_EVERY == 0 or number == total:
            log(f"curated {number} of {counted(total, 'file')}, the last {job.name}")
        yield job


def _size(path: Path) -> int:
    """Bytes of a file; 0 where it vanished or is a link to nothing."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
