"""Where films and portraits lie: TalkingHead-1KH, VFHQ, FFHQ and plain folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import is_image
from liveportrait_core.media.video import VIDEO_SUFFIXES

LEAST_PICTURES: Final = 2
"""A folder with so many pictures in it is a film, one picture a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a set of films lies on disk, and what the paper does with it (App. A)."""

    name: str
    title: str
    """As the paper's tables have it; "" for a set that they do not know."""
    places: tuple[str, ...]
    """Folders within the set that its films may lie in; the first that is there holds them."""
    marks: str
    """What names of its films or folders look like."""
    every: int
    """In cross-reenactment one frame of so many is taken."""
    most: int
    """And so many frames of a film at most."""
    real: int
    """FID is measured against so many pictures of FFHQ, the last ones."""


TALKING_HEAD: Final = Layout(
    name="talkinghead-1kh",
    title="TalkingHead-1KH",
    places=("val/cropped_clips", "cropped_clips"),
    marks=r"_S\d+_E\d+_L\d+_T\d+_R\d+_B\d+",
    every=10,
    most=24,
    real=38400,
)
VFHQ: Final = Layout(
    name="vfhq",
    title="VFHQ",
    places=(
        "VFHQ-Test/GT/Interval1_512x512_LANCZOS4",
        "GT/Interval1_512x512_LANCZOS4",
        "Interval1_512x512_LANCZOS4",
    ),
    marks=r"^Clip\+",
    every=5,
    most=6,
    real=15000,
)
FILMS: Final = Layout(name="films", title="", places=(), marks=r"$^", every=10, most=24, real=38400)
LAYOUTS: Final[Mapping[str, Layout]] = {
    layout.name: layout for layout in (TALKING_HEAD, VFHQ, FILMS)
}
PORTRAIT_PLACES: Final = ("images1024x1024", "thumbnails128x128")
"""Folders of FFHQ that hold its aligned pictures."""


def layout_of(folder: Path) -> Layout:
    """The layout that a folder looks like; plain films where it looks like none."""
    for layout in (TALKING_HEAD, VFHQ):
        if any((folder / place).is_dir() for place in layout.places):
            return layout
        names = [folder.name, *sorted(path.stem for path in folder.glob("*"))]
        if any(re.search(layout.marks, name) for name in names):
            return layout
    return FILMS


def films_of(folder: Path, layout: Layout) -> dict[str, Path]:
    """The films of a set, by the way to them: files, and folders of pictures.

    Args:
        folder: The set, a folder within it, or one film.
        layout: How it lies.

    Raises:
        MediaError: There is none.
    """
    if folder.is_file():
        found = {folder.name: folder} if folder.suffix.lower() in VIDEO_SUFFIXES else {}
    else:
        places = [folder / place for place in layout.places]
        root = next((place for place in places if place.is_dir()), folder)
        found = {
            (path.relative_to(root).as_posix() if path != root else root.name): path
            for path in _films_below(root)
        }
    if not found:
        raise MediaError(
            f"{folder} holds no film; films of faces, or folders with their frames as pictures, "
            "were wanted. Name another folder."
        )
    return dict(sorted(found.items()))


def portraits_of(folder: Path) -> dict[str, Path]:
    """The pictures of a set by the way to them, FFHQ's by their numbers.

    Raises:
        MediaError: There is none.
    """
    places = [folder / place for place in PORTRAIT_PLACES]
    root = next((place for place in places if place.is_dir()), folder)
    names = {
        path.relative_to(root).as_posix(): path
        for directory, files in _walk(root)
        for file in files
        if is_image(path := directory / file)
    }
    if not names:
        raise MediaError(
            f"{folder} holds no picture; portraits as those of FFHQ were wanted. Name another "
            "folder."
        )
    return dict(sorted(names.items(), key=lambda item: _number(item[1]) or (1, 0, item[0])))


def _number(path: Path) -> tuple[int, int, str] | None:
    return (0, int(path.stem), "") if path.stem.isascii() and path.stem.isdigit() else None


def _films_below(root: Path) -> Iterator[Path]:
    for directory, files in _walk(root):
        films = [file for file in files if Path(file).suffix.lower() in VIDEO_SUFFIXES]
        yield from (directory / film for film in films)
        if not films and sum(is_image(file) for file in files) >= LEAST_PICTURES:
            yield directory


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder and its files, without what is hidden."""
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(directory), sorted(name for name in files if not name.startswith("."))
