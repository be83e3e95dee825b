"""Curation from end to end: files in, shards with an index out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from liveportrait_core.errors import MediaError

from ..data.preparing import media_files
from .jobs import Task
from .on_ray import run_on_ray
from .report import write_report
from .settings import CurationSettings
from .store import Store
from .tools import Recipe
from .workers import run_here, run_in_processes

SAY_EVERY = 20
"""Files between two lines of progress."""
MOST_WAIT_S = 600.0
"""A frame takes a fraction of a second, a scorer of the user's perhaps minutes."""


def curate(
    places: Sequence[Path],
    out: Path,
    settings: CurationSettings,
    *,
    recipe: Recipe,
    workers: int = 0,
    ray: bool = False,
    most_wait_s: float = MOST_WAIT_S,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, Any]:
    """Curate folders of films and pictures into WebDataset shards (Sec. 3.2).

    Convention:
        - clips lie in the shards in the order of their files' names, however many workers there
          are and whichever is first: killed and run again, the index is the same
        - a file that is packed is not looked at again; new files make new shards, and a file
          whose size changed counts as new

    Args:
        places: Folders, gone through with all in them, or single files.
        out: The folder of shards, index and report; made where it is missing.
        settings: Limits and sizes.
        recipe: What looks at clips.
        workers: Processes; 0 works in this one.
        ray: Run on Ray instead, with so many actors.
        most_wait_s: A file of which no frame comes for so long is given up, where there are
            processes; 0 waits for ever.
        say: Told lines of progress.

    Returns:
        The index.

    Raises:
        MediaError: A place is missing or empty, or `out` is of other settings, damaged, or cannot
            be written.
        CheckpointError: A network cannot be loaded.
    """
    if most_wait_s < 0:
        raise MediaError(f"most_wait_s must be 0 or more, got {most_wait_s:g}; 0 waits for ever.")
    files = media_files(places)
    store = Store(out, settings, recipe)
    tasks = [
        Task(name=name, path=path, size_bytes=_size(path), parts=store.parts)
        for name, path in files.items()
        if out.resolve() not in path.parents
    ]
    waiting = [task for task in tasks if not store.is_packed(task)]
    left = [task for task in waiting if not task.record.exists()]
    say(f"{len(tasks)} files, {len(tasks) - len(left)} of them curated before")
    if ray:
        running = run_on_ray(left, recipe, settings, max(1, workers), most_wait_s)
    elif workers:
        running = run_in_processes(left, recipe, settings, workers, most_wait_s)
    else:
        running = run_here(left, recipe, settings)
    _pack(waiting, _noted(running, len(left), say), store)
    index = store.finish()
    write_report(store, index)
    return index


def _pack(waiting: Sequence[Task], running: Iterator[Task], store: Store) -> None:
    """Pack the parts in the order of the tasks, each as soon as all before it are there."""
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
            store.leave()


def _noted(running: Iterator[Task], total: int, say: Callable[[str], None]) -> Iterator[Task]:
    for number, task in enumerate(running, 1):
        if number % SAY_EVERY == 0 or number == total:
            say(f"curated {number} of {total} files, the last {task.name}")
        yield task


def _size(path: Path) -> int:
    """Bytes of a file; 0 where it vanished or is a link to nothing."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
