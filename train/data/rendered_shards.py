"""Rendered identities in WebDataset shards, as `train.render --webdataset` writes them.

Beside each shard `NAME.tar` and its table lies `NAME.npz`: the small arrays of all its identities,
which are read at once. Frames and dense truth stay in the shard until they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import Pixels

from .clip_shards import ShardClip, shard_clips
from .folder import INDEX_NAME, RENDERED_KEY, DataFolder
from .shards import decode_arrays, read_spot
from .storage import Place, each, read_bytes

SMALL_ARRAYS: Final = ("keypoints", "canonical", "pose_deg")
"""Read at once; a few hundred bytes of each frame."""
DEPTH: Final = "depth"
"""Dense as well, of the renderer `DEPTH_SINCE` on."""
DEPTH_SINCE: Final = 8
DENSE_ARRAYS: Final = ("flow", "visible", "regions")
LABEL_SHRINK: Final = 2
"""They have half the picture's size."""
FRAMES: Final = 3
"""Of an identity."""
CACHE_BYTES: Final = 2**26
"""Of pictures that were read last, and about as much of dense truth: batches are asked for name by
name."""
MIN_CACHED: Final = 64


class StoredHeads:
    """The identities of a folder.

    Attributes:
        small: Arrays of SMALL_ARRAYS, a row for each identity.
        large: What gives a row of the other arrays when it is asked for `[identity, frame]`.
        far: Whether they are behind a URL.
    """

    def __init__(self, folder: DataFolder) -> None:
        """Read tables and small arrays; no frame is read yet.

        Raises:
            MediaError: It is damaged, or no folder of rendered heads.
        """
        folder.require_clips()
        if not folder.is_rendered:
            raise MediaError(
                f"{folder} holds curated clips, of which no exact truth is known; rendered heads "
                "are expected. Name it with clips=, or a folder of 'python -m train.render'."
            )
        self._clips = shard_clips(folder)
        if not self._clips:
            raise MediaError(f"{folder.place / INDEX_NAME} names no heads. Render the folder anew.")
        self.size_px = int(folder.index[RENDERED_KEY]["size_px"])
        shards = dict.fromkeys(clip.shard for clip in self._clips)
        self.far = folder.is_far
        parts = each(_small, [shard.with_suffix(".npz") for shard in shards], far=self.far)
        self.small = {name: np.concatenate([part[name] for part in parts]) for name in SMALL_ARRAYS}
        if len(self.small["keypoints"]) != len(self._clips):
            raise MediaError(f"The .npz files in {folder} are of another set. Copy them again.")
        cached = max(MIN_CACHED, CACHE_BYTES // (3 * self.size_px**2))
        self._picture = lru_cache(cached)(self._read_picture)
        self._truth = lru_cache(cached)(self._read_truth)
        about: dict[str, Any] = folder.index[RENDERED_KEY].get("producer", {})
        has_depth = about.get("renderer", 0) >= DEPTH_SINCE
        self._labels = (*DENSE_ARRAYS, DEPTH) if has_depth else DENSE_ARRAYS
        self.large: dict[str, StoredRows] = {
            name: StoredRows(self, name) for name in ("image", *self._labels)
        }

    def __len__(self) -> int:
        return len(self._clips)

    def row(self, name: str, identity: int, frame: int) -> NDArray[Any]:
        """An array of one frame.

        Raises:
            MediaError: It cannot be read.
        """
        if name == "image":
            return self._picture(int(identity), int(frame))
        return self._truth(int(identity))[name][frame]

    def _read_picture(self, identity: int, frame: int) -> Pixels:
        return self._clips[identity][frame]

    def _read_truth(self, identity: int) -> dict[str, NDArray[Any]]:
        stored: ShardClip = self._clips[identity]
        name = f"The labels of {stored.clip.key} in {stored.shard}"
        if stored.clip.truth is None:
            raise MediaError(f"{name} are missing. Render the folder anew.")
        arrays = decode_arrays(read_spot(stored.shard, stored.clip.truth), name)
        shape = self.large[DENSE_ARRAYS[0]].shape[1:]
        if any(label not in arrays or arrays[label].shape[:3] != shape for label in self._labels):
            raise MediaError(f"{name} are of another set. Copy shard and table again.")
        return {label: arrays[label] for label in self._labels}


@dataclass(frozen=True)
class StoredRows:
    """One of the large arrays, as far as it is asked for."""

    heads: StoredHeads
    name: str

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def shape(self) -> tuple[int, ...]:
        """Identities, frames and sides, as an array would have them."""
        side = self.heads.size_px // (1 if self.name == "image" else LABEL_SHRINK)
        return (len(self), FRAMES, side, side)

    def __getitem__(self, place: tuple[int, int]) -> NDArray[Any]:
        return self.heads.row(self.name, *place)


def _small(place: Place) -> dict[str, NDArray[Any]]:
    arrays = decode_arrays(read_bytes(place), f"The arrays of {place}")
    if any(name not in arrays for name in SMALL_ARRAYS):
        raise MediaError(f"{place} lacks arrays. Copy it again.")
    return arrays
