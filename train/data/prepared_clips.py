"""Prepared clips as a source of unlabelled pairs; frames are left on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError

from .clip_sampler import Balance, people_of
from .clip_set import ClipSet
from .preparing import PreparedFile


class PreparedSet(ClipSet):
    """Clips of a cache."""

    def __init__(
        self,
        cache: Path,
        clips: Sequence[PreparedFile],
        *,
        size_px: int,
        image_fraction: float,
        balance: Balance = "clips",
    ) -> None:
        """Map the shards.

        Args:
            cache: Folder that `prepare` wrote.
            clips: Which of its clips.
            size_px: Side of the pictures it gives; stored ones are resized to it.
            image_fraction: Share of images among the drawn clips, where there are videos too.
            balance: What is drawn equally often.

        Raises:
            MediaError: A shard is missing or damaged.
        """
        shards = {name: _mapped(cache / name) for name in sorted({clip.shard for clip in clips})}
        frames = [shards[clip.shard][clip.first : clip.first + clip.frames] for clip in clips]
        if any(len(stored) < clip.frames for stored, clip in zip(frames, clips, strict=True)):
            raise _damaged(cache, "a shard is shorter than its index says")
        people = people_of([clip.name for clip in clips], balance)
        super().__init__(frames, size_px=size_px, image_fraction=image_fraction, people=people)


def _mapped(path: Path) -> NDArray[np.uint8]:
    """Frames of a shard, mapped: the system keeps in memory what fits, for all processes."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _damaged(path.parent, f"{path.name} cannot be read: {error}") from error


def _damaged(cache: Path, what: str) -> MediaError:
    return MediaError(f"{cache} is damaged ({what}). Delete the folder to prepare the clips anew.")
