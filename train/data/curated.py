"""Curated clips as a source of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.landmark_layouts import COMPACT_21

from .clip_sampler import Balance, people_of
from .clip_set import Annotation, ClipSet
from .clip_shards import shard_clips
from .folder import DataFolder, open_folder
from .storage import Place

CACHED_ANNOTATIONS: Final = 1024
"""Clips whose landmarks stay in memory, those used last: some 60 KB of a clip of 30 s."""


class CuratedSet(ClipSet):
    """Clips of curated folders."""

    def __init__(
        self,
        folders: Sequence[Place | DataFolder],
        *,
        size_px: int,
        image_fraction: float,
        annotated: bool = False,
        balance: Balance = "clips",
    ) -> None:
        """Read the tables; no frame is read yet.

        Args:
            folders: What `train.curate` or `train.render --webdataset` wrote.
            size_px: Side of the pictures it gives; stored ones are resized to it.
            image_fraction: Share of images among the drawn clips, where there are videos too.
            annotated: Whether pairs carry the stored landmarks and pose. A clip whose landmarks
                are damaged or of another set counts as one that cannot be read.
            balance: What is drawn equally often.

        Raises:
            MediaError: A folder is none of these or damaged, has no clips, or the folders store
                clips of several sizes.
        """
        opened = [open_folder(folder) for folder in folders]
        clips = [clip for folder in opened for clip in shard_clips(folder)]
        sizes = sorted({int(clip.clip.about["size_px"]) for clip in clips})
        if len(sizes) != 1:
            raise MediaError(
                f"{', '.join(map(str, folders))} hold clips of {sizes or 'no'} pixels a side; one "
                "size is expected. Curate all with one --size-px."
            )
        self.stored_px = sizes[0]
        """Side of the stored pictures."""
        far = any(folder.is_far for folder in opened)
        people = people_of([str(clip.clip.about["source"]) for clip in clips], balance)
        super().__init__(
            clips, size_px=size_px, image_fraction=image_fraction, far=far, people=people
        )
        self._clips, self._annotated = clips, annotated
        self._arrays = lru_cache(CACHED_ANNOTATIONS)(lambda clip: self._clips[clip].annotations())

    @property
    def is_labelled(self) -> bool:
        """Whether the pairs carry keypoints and pose, of every clip."""
        return self._annotated and all(
            clip.clip.about["layout"] == COMPACT_21.name for clip in self._clips
        )

    def _annotation(self, clip: int, number: int) -> Annotation | None:
        if not self._annotated or self._clips[clip].clip.about["layout"] != COMPACT_21.name:
            return None
        arrays = self._arrays(clip)
        return arrays["landmarks"][number], arrays["pose_deg"][number]
