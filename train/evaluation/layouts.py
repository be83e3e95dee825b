"""Where videos and portraits lie: TalkingHead-1KH, VFHQ, FFHQ and plain folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import is_image
from liveportrait_core.media.kinds import VIDEO_SUFFIXES

LayoutName = Literal["talkinghead-1kh", "vfhq", "videos"]
MIN_IMAGES: Final = 2
"""Number of images from which a folder is a video, one image a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a set of videos lies on disk, and what the paper does with it (App. A)."""

    name: LayoutName
    title: str
    """Its name in the paper's tables; "" for a set that they do not have."""
    places: tuple[str, ...]
    """Folders within the set that may hold its videos; the first that exists counts."""
    name_pattern: str
    """Regular expression that names of its videos or folders match."""
    every: int
    """Every N-th frame is taken in cross-reenactment."""
    max_frames: int
    """Frames of a video at most in cross-reenactment."""
    real: int
    """Number of images of FFHQ, the last ones, that FID is measured against."""


TALKING_HEAD: Final = Layout(
    name="talkinghead-1kh",
    title="TalkingHead-1KH",
    places=("val/cropped_clips", "cropped_clips"),
    name_pattern=r"_S\d+_E\d+_L\d+_T\d+_R\d+_B\d+",
    every=10,
    max_frames=24,
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
    name_pattern=r"^Clip\+",
    every=5,
    max_frames=6,
    real=15000,
)
VIDEOS: Final = Layout(
    name="videos", title="", places=(), name_pattern=r"$^", every=10, max_frames=24, real=38400
)
LAYOUTS: Final[Mapping[LayoutName, Layout]] = {
    layout.name: layout for layout in (TALKING_HEAD, VFHQ, VIDEOS)
}
PORTRAIT_PLACES: Final = ("images1024x1024", "thumbnails128x128")
"""Folders of FFHQ that hold its aligned images."""


def layout_of(folder: Path) -> Layout:
    """The layout that a folder looks like; plain videos where it looks like none."""
    for layout in (TALKING_HEAD, VFHQ):
        if any((folder / place).is_dir() for place in layout.places):
            return layout
        names = [folder.name, *sorted(path.stem for path in folder.glob("*"))]
        if any(re.search(layout.name_pattern, name) for name in names):
            return layout
    return VIDEOS


def videos_of(folder: Path, layout: Layout) -> dict[str, Path]:
    """The videos of a set by their paths within it: files, and folders of images.

    Args:
        folder: The set, a folder within it, or one video.
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
            for path in _videos_below(root)
        }
    if not found:
        raise MediaError(
            f"{folder} holds no video; videos of faces, or folders with their frames as images, "
            "are expected. Name another folder."
        )
    return dict(sorted(found.items()))


def portraits_of(folder: Path) -> dict[str, Path]:
    """The images of a set by their paths within it, those of FFHQ in the order of their numbers.

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
            f"{folder} holds no image; portraits as those of FFHQ are expected. Name another "
            "folder."
        )
    return dict(sorted(names.items(), key=lambda item: _number(item[1]) or (1, 0, item[0])))


def _number(path: Path) -> tuple[int, int, str] | None:
    return (0, int(path.stem), "") if path.stem.isascii() and path.stem.isdigit() else None


def _videos_below(root: Path) -> Iterator[Path]:
    for directory, files in _walk(root):
        videos = [file for file in files if Path(file).suffix.lower() in VIDEO_SUFFIXES]
        yield from (directory / video for video in videos)
        if not videos and sum(is_image(file) for file in files) >= MIN_IMAGES:
            yield directory


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder and its files, without hidden ones."""
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(directory), sorted(name for name in files if not name.startswith("."))
