"""Frames written as a series of numbered PNG files."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..background import Behind
from ..imaging.tensors import Part
from .atomic import unwritable
from .images import write_image

_NUMBER: Final = re.compile(r"%(0?\d*)d")


def is_pattern(path: Path) -> bool:
    """Whether a name stands for a series: a PNG with one number such as %d or %04d."""
    return path.suffix.lower() == ".png" and len(_NUMBER.findall(path.name)) == 1


QUEUED_FRAMES: Final = 8
"""That wait to be written at most."""


class FrameWriter:
    """Writes frames one by one, in another thread; `frame_writer` makes it."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.num_written = 0
        self._folder = folder
        self._pattern = pattern
        self.writing = Behind(self._write, QUEUED_FRAMES)

    def write(self, frame: NDArray[np.uint8], changed: Part | None = None) -> None:
        """Write the next frame.

        Args:
            frame: (H, W, 3) RGB, or (H, W, 4) with alpha. It is copied.
            changed: As `VideoWriter.write` takes it; a PNG is written whole.

        Raises:
            MediaError: A file cannot be written; an error of a frame may come with a later one, or
                at the end of the block.
        """
        del changed
        self.writing.put(frame.copy())

    def _write(self, frame: NDArray[np.uint8]) -> None:
        name = _NUMBER.sub(
            lambda number: f"{self.num_written:{number.group(1)}d}", self._pattern, count=1
        )
        alpha = frame[:, :, 3] if frame.shape[2] > 3 else None  # noqa: PLR2004 - RGB
        write_image(self._folder / name, frame[:, :, :3], alpha)
        self.num_written += 1


@contextmanager
def frame_writer(pattern: str | Path) -> Generator[FrameWriter]:
    """A writer of numbered PNG files, which appear together when the block ends well.

    `with frame_writer("frames/%04d.png") as writer: writer.write(picture)`

    Convention:
        - numbers begin at 0; files of the same names are replaced, others stay
        - a missing folder is made, but not the one that it is in

    Raises:
        MediaError: The folder cannot be written to.
    """
    pattern = Path(pattern)
    folder = pattern.parent
    try:
        is_new = not folder.is_dir()
        place = folder.parent if is_new else folder
        part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=place))
    except OSError as error:
        raise unwritable(pattern, error) from error
    try:
        writer = FrameWriter(part, pattern.name)
        try:
            yield writer
            writer.writing.finish()
        finally:
            writer.writing.stop()
        try:
            folder.mkdir(exist_ok=True)
            for file in sorted(part.iterdir()):
                file.replace(folder / file.name)
        except OSError as error:
            raise unwritable(pattern, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
