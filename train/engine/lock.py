"""One process at a time trains in a run's folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.atomic import make_folder, unwritable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = "run.lock"
"""In the folder of a run: host and id of the process that trains there."""


@contextmanager
def locked(run: Path) -> Generator[None]:
    """Hold a run's folder, which is made where it is missing.

    Convention:
        - the system gives it back when the process ends, however it ends
        - without fcntl (Windows) nothing is held

    Raises:
        CheckpointError: Another process holds it; the message names its host and id.
        MediaError: The folder cannot be written to.
    """
    make_folder(run)
    try:
        stream = (run / NAME).open("a+", encoding="utf-8")
    except OSError as error:
        raise unwritable(run / NAME, error) from error
    with stream:
        _hold(stream, run)
        yield


def _hold(stream: IO[str], run: Path) -> None:
    if fcntl is None:
        return
    try:
        # not flock: worker processes would inherit it and outlive a killed run
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.seek(0)
        raise CheckpointError(
            f"{run} is being trained in by {_owner(stream.read())}; one process at a time is "
            "expected. Wait for it or end it, or give another folder with run=FOLDER."
        ) from error
    stream.truncate(0)
    stream.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid()}))
    stream.flush()


def _owner(text: str) -> str:
    try:
        owner = json.loads(text)
        return f"process {owner['pid']} on {owner['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
