"""Curated clips: their index, and the clips as a source of pairs that reads frames as needed.

A folder of `train.curate`, or of `train.render --webdataset`, holds `index.json`, which names the
shards, and beside each shard `NAME.tar` a table `NAME.json` of its clips and of where each frame
lies, so that two frames of a clip cost two reads and two pictures, wherever the folder is mounted.
Streams go without the tables: `shards.samples_in`, or the webdataset package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.landmark_layouts import COMPACT_21, LAYOUTS
from liveportrait_core.imaging.tensors import Pixels

from .clip_set import Annotation, ClipSet
from .shards import Spot, decode_arrays, decode_picture, read_spot
from .storage import UNKNOWN_SIZE, MissingError, Place, Remote, each, read_bytes, size_of

FORMAT: Final = "liveportrait-suite/curated"
VERSION: Final = 1
INDEX_NAME: Final = "index.json"
SETTINGS_NAME: Final = "settings.json"
"""Written first, so that a folder goes on with the settings that it was begun with."""
CACHED_ANNOTATIONS: Final = 1024
"""Clips whose landmarks stay in memory, those used last: some 60 KB of a clip of 30 s."""
PIXELS: Final = (".jpg", ".png")
ANNOTATIONS: Final = "npz"
TRUTH: Final = "truth.npz"
"""What a renderer knows besides; other clips have none."""
RENDERED: Final = "rendered"
"""Entry of an index whose clips have it: what they were rendered with."""


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A clip in a shard."""

    key: str
    about: dict[str, Any]
    """`source`, `from_s`, `seconds`, `fps`, `frames`, `size_px`, `layout`, `quality`."""
    annotations: Spot
    frames: tuple[Spot, ...]
    truth: Spot | None = None

    @classmethod
    def of(cls, key: str, about: dict[str, Any], spots: dict[str, Spot]) -> StoredClip:
        """A clip by where the files of its sample lie."""
        frames = tuple(spots[name] for name in sorted(spots) if name.endswith(PIXELS))
        return cls(key, about, spots[ANNOTATIONS], frames, spots.get(TRUTH))

    def row(self) -> dict[str, Any]:
        """As the table has it."""
        truth = {} if self.truth is None else {"truth": [self.truth.at, self.truth.size]}
        return {
            "key": self.key,
            **self.about,
            "annotations": [self.annotations.at, self.annotations.size],
            **truth,
            "at": [spot.at for spot in self.frames],
            "bytes": [spot.size for spot in self.frames],
        }

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> StoredClip:
        """Back from the table.

        Raises:
            KeyError, TypeError, ValueError: It is no such row.
        """
        own = ("key", "annotations", "truth", "at", "bytes")
        frames = tuple(Spot(at, size) for at, size in zip(row["at"], row["bytes"], strict=True))
        about = {name: value for name, value in row.items() if name not in own}
        if len(frames) != about["frames"]:
            raise ValueError(f"clip {row['key']} lacks frames")
        truth = Spot(*row["truth"]) if "truth" in row else None
        return cls(row["key"], about, Spot(*row["annotations"]), frames, truth)


def is_curated(folder: Place) -> bool:
    """Whether a folder holds the index of train.curate, or of train.render --webdataset.

    Raises:
        MediaError: A server cannot be asked.
    """
    path = folder / INDEX_NAME
    try:
        return json.loads(read_bytes(path)).get("format") == FORMAT
    except (MissingError, ValueError, AttributeError):
        return False


def read_index(folder: Place) -> dict[str, Any]:
    """The index of a curated folder.

    Raises:
        MediaError: There is none, it is damaged, or of a later version.
    """
    path = folder / INDEX_NAME
    index = read_json(path)
    if index.get("format") != FORMAT or index.get("version", 0) > VERSION:
        raise MediaError(
            f"{path} says {index.get('format')!r} version {index.get('version')!r}; {FORMAT!r} "
            f"up to version {VERSION} was wanted. Update this program, or curate again."
        )
    return index


def read_table(path: Place) -> list[StoredClip]:
    """The clips of a shard.

    Args:
        path: The table beside it.

    Raises:
        MediaError: It is missing or damaged.
    """
    try:
        return [StoredClip.of_row(row) for row in read_json(path)["clips"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def read_json(path: Place) -> dict[str, Any]:
    """A JSON object.

    Raises:
        MediaError: It is missing or damaged.
    """
    try:
        found = json.loads(read_bytes(path))
    except (MissingError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(found, dict):
        raise _damaged(path, ValueError("it holds no object"))
    return found


@dataclass(frozen=True, slots=True)
class ShardClip:
    """Frames of a clip, read when they are asked for."""

    shard: Place
    clip: StoredClip

    def __len__(self) -> int:
        return len(self.clip.frames)

    def __getitem__(self, number: int) -> Pixels:
        """One frame, (h, h, 3).

        Raises:
            MediaError: It cannot be read.
        """
        data = read_spot(self.shard, self.clip.frames[number])
        picture = decode_picture(data, f"Frame {number} of {self.clip.key} in {self.shard}")
        side = self.clip.about["size_px"]
        if picture.shape[:2] != (side, side):
            raise MediaError(
                f"Frame {number} of {self.clip.key} in {self.shard} has "
                f"{picture.shape[1]}x{picture.shape[0]} pixels, and {side}x{side} were wanted: "
                "shard and table are of two sets. Copy both again."
            )
        return picture

    def annotations(self) -> dict[str, NDArray[np.float32]]:
        """Landmarks and more, as `train.curation.clip_extraction.CuratedClip` has them.

        Raises:
            MediaError: They cannot be read, or are of another clip.
        """
        data = read_spot(self.shard, self.clip.annotations)
        arrays = decode_arrays(data, f"The annotations of {self.clip.key} in {self.shard}")
        points = arrays["landmarks"].shape if "landmarks" in arrays else ()
        poses = len(arrays["pose_deg"]) if "pose_deg" in arrays else 0
        layout = str(self.clip.about["layout"])
        known = LAYOUTS.get(layout)
        fit = known is not None and points[:2] == (len(self), known.num_points)
        if not fit or poses != len(self):
            raise MediaError(
                f"The landmarks of {self.clip.key} in {self.shard} have shape {points}, and there "
                f"are {poses} poses; layout {layout} and {len(self)} frames were wanted: they are "
                "of another set. Copy shard and table again."
            )
        return arrays


def shard_clips(folder: Place) -> list[ShardClip]:
    """All clips of a curated folder.

    Convention:
        - a shard that is missing or shorter than the index says is refused now, not at hour nine

    Raises:
        MediaError: The folder is no curated one, or damaged.
    """

    def opened(entry: dict[str, Any]) -> list[ShardClip]:
        shard = folder / entry["file"]
        size = size_of(shard)
        if size not in (entry["bytes"], UNKNOWN_SIZE):
            raise MediaError(
                f"The shard {shard} has {size} bytes, and {entry['bytes']} were wanted. Copy it "
                "again, or curate into another folder."
            )
        return [ShardClip(shard, clip) for clip in read_table(shard.with_suffix(".json"))]

    shards = each(opened, read_index(folder)["shards"], far=isinstance(folder, Remote))
    return [clip for clips in shards for clip in clips]


class CuratedSet(ClipSet):
    """Clips of curated folders."""

    def __init__(
        self,
        folders: Sequence[Place],
        *,
        size_px: int,
        image_share: float,
        annotated: bool = False,
    ) -> None:
        """Read the tables; no frame is read yet.

        Args:
            folders: What `train.curate` or `train.render --webdataset` wrote.
            size_px: Side of the pictures it gives; stored ones are resized to it.
            image_share: Share of stills among the drawn clips, where there are films too.
            annotated: Whether pairs carry the stored landmarks and pose. A clip whose landmarks
                are damaged or of another set counts as one that cannot be read.

        Raises:
            MediaError: A folder is none of these or damaged, has no clips, or the folders store
                clips of several sizes.
        """
        clips = [clip for folder in folders for clip in shard_clips(folder)]
        sizes = sorted({int(clip.clip.about["size_px"]) for clip in clips})
        if len(sizes) != 1:
            raise MediaError(
                f"{', '.join(map(str, folders))} hold clips of {sizes or 'no'} pixels a side; one "
                "size was wanted. Curate all with one --size-px."
            )
        self.stored_px = sizes[0]
        """Side of the stored pictures."""
        far = any(isinstance(folder, Remote) for folder in folders)
        super().__init__(clips, size_px=size_px, image_share=image_share, far=far)
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


def totals(shards: Iterable[tuple[Path, Sequence[StoredClip]]]) -> dict[str, Any]:
    """What an index says of its shards and all their clips."""
    rows: list[dict[str, Any]] = []
    stored: list[StoredClip] = []
    for shard, clips in shards:
        frames, size = sum(len(clip.frames) for clip in clips), shard.stat().st_size
        rows.append({"file": shard.name, "clips": len(clips), "frames": frames, "bytes": size})
        stored += clips
    return {
        "shards": rows,
        "films": sum(len(clip.frames) > 1 for clip in stored),
        "stills": sum(len(clip.frames) == 1 for clip in stored),
        "frames": sum(len(clip.frames) for clip in stored),
        "seconds": round(sum(clip.about["seconds"] for clip in stored), 3),
    }


def table_of(clips: Sequence[StoredClip]) -> dict[str, Any]:
    """What is written beside a shard."""
    return {
        "format": f"{FORMAT}-table",
        "version": VERSION,
        "clips": [clip.row() for clip in clips],
    }


def _damaged(path: Place, error: Exception) -> MediaError:
    return MediaError(f"{path} is missing or damaged ({error}). Copy it again, or curate again.")
