"""Pictures without a face: drawn ones by seed, and those that a list names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import Pixels

from ..data.degradation import degrade_picture
from ..data.distractors import ADDITIONS, draw_distractors
from .ornaments import ORNAMENTS

DRAWN_PX: Final = 320
DRAWN_SEED: Final = 77000
"""Of the first drawn picture; those of training have other seeds."""
LIST_SUFFIX: Final = ".txt"


def drawn_pictures(count: int) -> Iterator[tuple[str, Pixels]]:
    """Names and pixels of places, patterns, shapes, hands and ornaments, without photographs.

    Picture k is the same whatever `count` is.
    """
    for number in range(count):
        random = np.random.default_rng((DRAWN_SEED, number))
        picture = degrade_picture(_drawn(random), random)
        yield f"drawn:{number}", picture


def _drawn(random: np.random.Generator) -> Pixels:
    return draw_distractors(random, (), DRAWN_PX, additions=(*ADDITIONS, *ORNAMENTS))


def listed_files(path: Path, root: Path | None) -> list[Path]:
    """The files that a list names, one a line; empty lines and those that begin with # are none.

    Args:
        path: The list.
        root: What its names begin at; None takes the list's own folder.

    Raises:
        MediaError: The list cannot be read, or names a file that is missing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise MediaError(
            f"{path} cannot be read as a list ({error}); a text file with one picture a line is "
            "expected. Name another file."
        ) from error
    names = [line.strip() for line in lines]
    files = [(root or path.parent) / name for name in names if name and not name.startswith("#")]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise MediaError(
            f"{path} names {missing[0]}, which is missing ({len(missing)} of {len(files)} are); "
            "files below the list's folder are expected. Name their folder by --root."
        )
    return files
