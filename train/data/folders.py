"""Prepared clips as a source of unlabelled pairs; frames are left on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.errors import MediaError
from liveportrait_core.networks.compact.layers import resize

from ..loop import Draw
from .preparing import PreparedFile
from .unlabelled import UnlabelledPairs


class FolderSet:
    """Clips of a cache, drawn each as often as the other, however many frames they have."""

    def __init__(
        self,
        cache: Path,
        clips: Sequence[PreparedFile],
        *,
        size_px: int,
        image_share: float,
    ) -> None:
        """Map the shards.

        Args:
            cache: Folder that `prepare` wrote.
            clips: Which of its clips.
            size_px: Side of the pictures it gives; stored ones are resized to it.
            image_share: Share of stills among the drawn clips, where there are films too.

        Raises:
            MediaError: A shard is missing or damaged.
        """
        shards = {name: _mapped(cache / name) for name in sorted({clip.shard for clip in clips})}
        self._frames = [shards[clip.shard][clip.first : clip.first + clip.frames] for clip in clips]
        lengths = np.array([clip.frames for clip in clips])
        if any(len(frames) < n for frames, n in zip(self._frames, lengths, strict=True)):
            raise _damaged(cache, "a shard is shorter than its index says")
        self._films, self._stills = np.flatnonzero(lengths > 1), np.flatnonzero(lengths == 1)
        self._size_px = size_px
        self._image_share = image_share if len(self._films) else 1.0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self._size_px

    @property
    def has_motion(self) -> bool:
        """Whether any clip has more than one frame."""
        return len(self._films) > 0

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> UnlabelledPairs:
        """Random pairs of different frames of a film, or of a still with itself.

        Raises:
            ValueError: `moving`, but there are no films.
        """
        clips = self._draw_clips(draw, count, 0.0 if moving else self._image_share)
        lengths = np.array([len(self._frames[clip]) for clip in clips], int)
        driving = draw.numpy.integers(0, lengths)
        source = (driving + draw.numpy.integers(1, np.maximum(lengths, 2))) % lengths
        return self._pairs(clips, source, driving)

    def draw_frames(self, draw: Draw, count: int) -> Tensor:
        """(count, 3, h, h) random frames."""
        clips = self._draw_clips(draw, count, self._image_share)
        frames = draw.numpy.integers(0, np.array([len(self._frames[clip]) for clip in clips], int))
        return self._tensor(clips, frames)

    def first_pairs(self, count: int) -> UnlabelledPairs:
        """Of the first clips the first frame as source, the middle one as driving; films first."""
        clips = np.concatenate((self._films, self._stills))[:count]
        middle = np.array([len(self._frames[clip]) // 2 for clip in clips], int)
        return self._pairs(clips, np.zeros_like(middle), middle)

    def _draw_clips(self, draw: Draw, count: int, image_share: float) -> NDArray[np.integer]:
        if image_share < 1 and not self.has_motion:
            raise ValueError("Moving pairs were asked for, but no clip has more than one frame.")
        still = draw.numpy.random(count) < (image_share if len(self._stills) else 0.0)
        places = draw.numpy.random(count)
        kinds = [self._stills if is_still else self._films for is_still in still]
        chosen = [kind[int(place * len(kind))] for kind, place in zip(kinds, places, strict=True)]
        return np.array(chosen, int)

    def _pairs(
        self,
        clips: NDArray[np.integer],
        source: NDArray[np.integer],
        driving: NDArray[np.integer],
    ) -> UnlabelledPairs:
        return UnlabelledPairs(
            source=self._tensor(clips, source), driving=self._tensor(clips, driving)
        )

    def _tensor(self, clips: NDArray[np.integer], frames: NDArray[np.integer]) -> Tensor:
        chosen = zip(clips.tolist(), frames.tolist(), strict=True)
        pixels = np.stack([self._frames[clip][frame] for clip, frame in chosen])
        image = resize(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255, self._size_px)
        return image.contiguous(memory_format=torch.channels_last)


def _mapped(path: Path) -> NDArray[np.uint8]:
    """Frames of a shard, mapped: the system keeps in memory what fits, for all processes."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _damaged(path.parent, f"{path.name} cannot be read: {error}") from error


def _damaged(cache: Path, what: str) -> MediaError:
    return MediaError(f"{cache} is damaged ({what}). Delete the folder to prepare the clips anew.")
