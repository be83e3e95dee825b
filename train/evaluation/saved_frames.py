"""Compared pictures on disk, for an independent face mesh; a few at a time in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveportrait_core.imaging.tensors import Pixels, resize_pixels

from .mesh_measures import ClipSeen, mesh_measures, read_mesh
from .results import short_digest


@dataclass(slots=True)
class KeptPictures:
    """A folder of `.npz` files for `train/evaluation/face_mesh.py`, a part of a film in each."""

    folder: Path
    size_px: int
    _clips: list[list[str]]
    """Names of the files of each film that counts."""
    _new: dict[str, list[str]]
    """Those that were added and do not count yet, by the film's name."""

    def __init__(self, folder: Path, size_px: int) -> None:
        """Keep pictures in a folder, which is made.

        Args:
            folder: Where to.
            size_px: Side of the pictures that are kept.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.size_px = folder, size_px
        self._clips, self._new = [], {}

    def add(
        self, name: str, source: Pixels, driving: Sequence[Pixels], output: Sequence[Pixels]
    ) -> None:
        """Some frames of a film; `name` says of which one."""
        stems = self._new.setdefault(name, [])
        stem = f"clip-{short_digest(name)}-{len(stems):04d}"
        np.savez(
            self.folder / f"{stem}.npz",
            source=self._made_small([source]),
            driving=self._made_small(driving),
            output=self._made_small(output),
        )
        stems.append(stem)

    def take(self) -> dict[str, list[str]]:
        """The files that were added since it was last asked, by the films' names."""
        new, self._new = self._new, {}
        return new

    def count(self, clips: Mapping[str, list[str]]) -> None:
        """Films that are to be measured, as `take` gave them, now or in an earlier run."""
        self._clips += clips.values()

    def measures(self, python: Path) -> dict[str, float]:
        """What the mesh says about them (`mesh_measures`).

        Raises:
            LivePortraitError: The interpreter cannot run it.
        """
        seen = read_mesh(python, self.folder)
        return mesh_measures([_joined([seen[stem] for stem in stems]) for stems in self._clips])

    def _made_small(self, pictures: Sequence[Pixels]) -> Pixels:
        size = (self.size_px, self.size_px)
        return np.stack([resize_pixels(picture, size) for picture in pictures])


def _joined(parts: Sequence[ClipSeen]) -> ClipSeen:
    """A film's parts in order; their source is the same."""
    return {
        "source": parts[0]["source"],
        **{side: [one for part in parts for one in part[side]] for side in ("driving", "output")},
    }
