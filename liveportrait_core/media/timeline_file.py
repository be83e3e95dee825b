"""Text files of timelines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..assets.timeline_words import read_timeline
from ..errors import MediaError
from ..motion.timeline import Timeline
from ..motion.timeline_text import begins_timeline
from .atomic import check_readable

TIMELINE_SUFFIX: Final = ".txt"
MAX_TIMELINE_BYTES: Final = 1 << 20


def is_timeline(path: str | Path) -> bool:
    """Whether a file is a text whose first line is one of a timeline; a capture's is none."""
    path = Path(path)
    if path.suffix.lower() != TIMELINE_SUFFIX or not path.is_file():
        return False
    with path.open("rb") as stream:
        start = stream.read(MAX_TIMELINE_BYTES)
    return begins_timeline(start.decode("utf-8-sig", errors="replace"))


def load_timeline(path: str | Path) -> Timeline:
    """Read a timeline.

    `load_timeline("greeting.txt")`

    Raises:
        MediaError: The file is missing, too long, no text, or a line of it cannot be read.
    """
    check_readable(path, "text of a timeline")
    content = Path(path).read_bytes()
    if len(content) > MAX_TIMELINE_BYTES:
        raise MediaError(
            f"{path} has {len(content):,} bytes; up to {MAX_TIMELINE_BYTES:,} are expected of a "
            "timeline. Name another file."
        )
    try:
        return read_timeline(content.decode("utf-8-sig"))
    except UnicodeError as error:
        raise MediaError(
            f"{path} is no text; a text in UTF-8 is expected. Name another file."
        ) from error
    except ValueError as error:
        raise MediaError(f"{path}: {error}") from error
