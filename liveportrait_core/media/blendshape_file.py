"""Files of face capture: Live Link Face, iFacialMocap and MediaPipe."""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..errors import MediaError
from ..motion.blendshape_options import CaptureOptions
from ..motion.blendshape_tools import level_blendshapes, mirror_blendshapes
from ..motion.blendshapes import Blendshapes
from .atomic import check_readable, write_whole
from .capture_csv import csv_of, read_capture_csv
from .capture_json import read_capture_json
from .capture_text import read_capture_text

CAPTURE_SUFFIXES: Final = frozenset({".csv", ".txt", ".json"})
"""Endings that name a file of face capture."""
MAX_CAPTURE_BYTES: Final = 1 << 30


def is_capture(path: str | Path) -> bool:
    """Whether the name says that the file is one of face capture."""
    return Path(path).suffix.lower() in CAPTURE_SUFFIXES


def load_blendshapes(path: str | Path, options: CaptureOptions | None = None) -> Blendshapes:
    """Read a file of face capture, its form by its ending.

    `load_blendshapes("take_iPhone.csv")`

    Convention:
        - `.csv`: Live Link Face, a row for each frame; columns in any order and case, those that
          are not there are not `known`
        - `.txt`: messages of iFacialMocap, a line for each frame
        - `.json`: MediaPipe's categories by name, a list with an entry for each frame
        - rows that are missing by the time codes are filled in, linear between their neighbours

    Args:
        path: The file.
        options: What the file does not say of itself.

    Raises:
        MediaError: The file is missing, none of these, or holds what is no number.
    """
    options = options or CaptureOptions()
    suffix = Path(path).suffix.lower()
    if suffix not in CAPTURE_SUFFIXES:
        raise MediaError(
            f"{path} does not end like a file of face capture; .csv (Live Link Face), .txt "
            "(iFacialMocap) or .json (MediaPipe) is expected. Name one of these."
        )
    check_readable(path, "file of face capture")
    text = _text_of(Path(path))
    readers = {".csv": read_capture_csv, ".txt": read_capture_text, ".json": read_capture_json}
    read = readers[suffix](text, str(path), options)
    read = replace(read, producer=read.producer or Path(path).name)
    read = level_blendshapes(read) if options.level else read
    return mirror_blendshapes(read) if options.mirrored else read


def save_blendshapes(blendshapes: Blendshapes, path: str | Path) -> None:
    """Write blendshapes as a CSV of Live Link Face; whole or not at all.

    `save_blendshapes(blendshapes_of_motion(motion, shape_map), "take.csv")`

    Convention:
        - 52 shapes, head angles in radians as `arkit` turns them, zeros where they are not known,
          and angles of the eyes from the shapes of their gaze
        - time codes from 00:00:00:00.000 on, counted by the frame rate rounded to a whole number

    Raises:
        MediaError: The name does not end in .csv, there is no frame, or it cannot be written.
    """
    if Path(path).suffix.lower() != ".csv":
        raise MediaError(
            f"Blendshapes are to be written to {path}; a name that ends in .csv is expected. "
            "Choose such a name."
        )
    if not len(blendshapes):
        raise MediaError(
            f"Cannot write {path}: the blendshapes have 0 frames; 1 or more are expected. Choose "
            "others."
        )
    write_whole(path, csv_of(blendshapes).encode("ascii"))


def _text_of(path: Path) -> str:
    if path.stat().st_size > MAX_CAPTURE_BYTES:
        raise MediaError(
            f"{path} has {path.stat().st_size:,} bytes; up to {MAX_CAPTURE_BYTES:,} are expected. "
            "Cut it into parts."
        )
    try:
        content = path.read_bytes()
        of_16_bits = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if of_16_bits else "utf-8-sig")
    except UnicodeError as error:
        raise MediaError(
            f"{path} is no text; a text file of face capture is expected. Name another file."
        ) from error
