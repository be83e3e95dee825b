"""Compared images on disk, for an independent face mesh; a few at a time in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveportrait_core.imaging.tensors import Pixels, resize_pixels
from liveportrait_core.media.atomic import make_folder

from .mesh_measures import ClipMesh, mesh_measures, read_mesh
from .results import short_digest


@dataclass(slots=True)
class SavedFrames:
    """A folder of `.npz` files for `train/evaluation/face_mesh.py`, a part of a video in each."""

    folder: Path
    size_px: int
    _clips: list[list[str]]
    """Names of the files of each video that is measured."""
    _new: dict[str, list[str]]
    """Those that were added since `pop_new`, by the video's name."""

    def __init__(self, folder: Path, size_px: int) -> None:
        """Save images in a folder, which is created.

        Args:
            folder: The folder.
            size_px: Side of the saved images.
        """
        make_folder(folder)
        self.folder, self.size_px = folder, size_px
        self._clips, self._new = [], {}

    def add(
        self, name: str, source: Pixels, driving: Sequence[Pixels], output: Sequence[Pixels]
    ) -> None:
        """Some frames of a video; `name` says of which one."""
        stems = self._new.setdefault(name, [])
        stem = f"clip-{short_digest(name)}-{len(stems):04d}"
        np.savez(
            self.folder / f"{stem}.npz",
            source=self._resized([source]),
            driving=self._resized(driving),
            output=self._resized(output),
        )
        stems.append(stem)

    def pop_new(self) -> dict[str, list[str]]:
        """The files that were added since the last call, by the videos' names."""
        new, self._new = self._new, {}
        return new

    def add_videos(self, clips: Mapping[str, list[str]]) -> None:
        """Add videos to those that are measured, as `pop_new` gave them, in this run or before."""
        self._clips += clips.values()

    def measures(self, python: Path) -> dict[str, float]:
        """Measures of the face mesh of all videos (`mesh_measures`).

        Raises:
            LivePortraitError: The interpreter cannot run it.
        """
        seen = read_mesh(python, self.folder)
        return mesh_measures([_joined([seen[stem] for stem in stems]) for stems in self._clips])

    def _resized(self, pictures: Sequence[Pixels]) -> Pixels:
        size = (self.size_px, self.size_px)
        return np.stack([resize_pixels(picture, size) for picture in pictures])


def _joined(parts: Sequence[ClipMesh]) -> ClipMesh:
    """A video's parts in order; their source is the same."""
    return {
        "source": parts[0]["source"],
        **{side: [one for part in parts for one in part[side]] for side in ("driving", "output")},
    }
