"""Clips in WebDataset shards: the tables beside them, and frames read as they are needed.

A folder of `train.curate`, or of `train.render --webdataset`, holds `index.json`, which names the
shards, and beside each shard `NAME.tar` a table `NAME.json` of its clips and of where each frame
lies, so that two frames of a clip cost two reads and two pictures, wherever the folder is mounted.
Streams go without the tables: `shards.samples_in`, or the webdataset package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError, counted
from liveportrait_core.imaging.landmark_layouts import LAYOUTS
from liveportrait_core.imaging.tensors import Pixels

from .folder import CLIPS_FORMAT, CLIPS_VERSION, DataFolder, damaged, open_folder, read_json
from .shards import Spot, decode_arrays, decode_picture, read_spot
from .speech_shards import SOUND, decode_wave
from .storage import UNKNOWN_SIZE, Place, each, size_of

PIXELS: Final = (".jpg", ".png")
ANNOTATIONS: Final = "npz"
TRUTH: Final = "truth.npz"
"""What a renderer knows besides; other clips have none."""


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A clip in a shard."""

    key: str
    about: dict[str, Any]
    """`source`, `from_s`, `seconds`, `fps`, `frames`, `size_px`, `layout`, `quality`, and `sync`
    where there is sound."""
    annotations: Spot
    frames: tuple[Spot, ...]
    truth: Spot | None = None
    sound: Spot | None = None
    """A WAV file of 16 kHz, mono, that begins with the first frame."""

    @classmethod
    def of(cls, key: str, about: dict[str, Any], spots: dict[str, Spot]) -> StoredClip:
        """A clip by where the files of its sample lie."""
        frames = tuple(spots[name] for name in sorted(spots) if name.endswith(PIXELS))
        return cls(key, about, spots[ANNOTATIONS], frames, spots.get(TRUTH), spots.get(SOUND))

    def row(self) -> dict[str, Any]:
        """As the table has it."""
        more = {"truth": self.truth, "sound": self.sound}
        return {
            "key": self.key,
            **self.about,
            "annotations": [self.annotations.at, self.annotations.size],
            **{name: [spot.at, spot.size] for name, spot in more.items() if spot is not None},
            "at": [spot.at for spot in self.frames],
            "bytes": [spot.size for spot in self.frames],
        }

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> StoredClip:
        """Back from the table.

        Raises:
            KeyError, TypeError, ValueError: It is no such row.
        """
        own = ("key", "annotations", "truth", "sound", "at", "bytes")
        frames = tuple(Spot(at, size) for at, size in zip(row["at"], row["bytes"], strict=True))
        about = {name: value for name, value in row.items() if name not in own}
        if len(frames) != about["frames"]:
            raise ValueError(f"clip {row['key']} lacks frames")
        truth = Spot(*row["truth"]) if "truth" in row else None
        sound = Spot(*row["sound"]) if "sound" in row else None
        return cls(row["key"], about, Spot(*row["annotations"]), frames, truth, sound)


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
        raise damaged(path, error) from error


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
                f"{picture.shape[1]}x{picture.shape[0]} pixels; {side}x{side} are expected: "
                "shard and table are of two sets. Copy both again."
            )
        return picture

    def sound(self) -> NDArray[np.float32] | None:
        """(T,) samples at 16 kHz from the beginning of the first frame on; None without sound.

        Raises:
            MediaError: It cannot be read.
        """
        if self.clip.sound is None:
            return None
        data = read_spot(self.shard, self.clip.sound)
        return decode_wave(data, f"The sound of {self.clip.key} in {self.shard}")

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
                f"are {poses} poses; layout {layout} and {counted(len(self), 'frame')} are "
                "expected: they are of another set. Copy shard and table again."
            )
        return arrays


def shard_clips(folder: Place | DataFolder) -> list[ShardClip]:
    """All clips of a folder.

    Convention:
        - a shard that is missing or shorter than the index says is refused at once, and not in
          the middle of a run

    Raises:
        MediaError: The folder holds no clips in shards, or is damaged.
    """
    folder = open_folder(folder)
    folder.require_clips()
    place = folder.place

    def opened(entry: dict[str, Any]) -> list[ShardClip]:
        shard = place / entry["file"]
        size = size_of(shard)
        if size not in (entry["bytes"], UNKNOWN_SIZE):
            raise MediaError(
                f"The shard {shard} has {size} bytes; {entry['bytes']} are expected. Copy it "
                "again, or curate into another folder."
            )
        return [ShardClip(shard, clip) for clip in read_table(shard.with_suffix(".json"))]

    shards = each(opened, folder.index["shards"], far=folder.is_far)
    return [clip for clips in shards for clip in clips]


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
        "format": f"{CLIPS_FORMAT}-table",
        "version": CLIPS_VERSION,
        "clips": [clip.row() for clip in clips],
    }
