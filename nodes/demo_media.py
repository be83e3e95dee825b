"""The pictures, clips and sound that our workflows open with, in ComfyUI's input folder."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Final

import folder_paths

from ..liveportrait_core.errors import MediaError
from ..liveportrait_core.media.atomic import replacing, write_whole

_LOG = logging.getLogger(__name__)
FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "demo"
NAMES: Final = ("portrait.jpg", "driving.mp4", "person.mp4", "group.jpg", "cat.jpg", "speech.mp3")
PREFIX: Final = "lps_"
GIVEN: Final = ".lps_given"
"""In the input folder: the names that were copied once, so that a file that the user deletes does
not come back."""


def give_demo_media() -> None:
    """Copy the files that this input folder never had; what lies there stays as it is.

    ComfyUI starts all the same where that is not possible; the log says why.
    """
    folder = Path(folder_paths.get_input_directory())
    try:
        note = folder / GIVEN
        given = set(note.read_text("utf-8").split()) if note.exists() else set()
        fresh = [name for name in NAMES if name not in given]
        for name in fresh:
            place = folder / (PREFIX + name)
            if not place.exists():
                with replacing(place) as part:
                    shutil.copyfile(FOLDER / name, part)
        if fresh:
            write_whole(note, "\n".join(sorted(given | set(fresh))).encode())
    except (MediaError, OSError) as error:
        _LOG.warning(
            "LivePortrait Suite: the demo files of its workflows are not in the input folder. %s",
            error,
        )
