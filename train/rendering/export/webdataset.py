"""Rendered heads as curated clips have them: WebDataset shards with tables and an index.

Convention:
    - an identity is a clip of FRAMES frames of no video: its frame rate is empty, its times are 0
    - frames are PNG: the labels are exact to the pixel, and a set must not depend on its layout
    - what `train.curate` stores of a clip is stored here, too, and is exact; `KEY.truth.npz` holds
      every array of `HeadRenderer.render_identity` but the pictures
    - beside `NAME.tar` and its table lies `NAME.npz`: the small arrays of its identities, one row
      each, so that a set opens without a walk through all shards
    - a shard is there when its tar is; the index is written when all of them are
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from liveportrait_core.imaging.landmark_layouts import COMPACT_21
from liveportrait_core.media.atomic import make_folder, replacing, unwritable, write_whole

from ...data.clip_shards import ANNOTATIONS, TRUTH, StoredClip, read_table, table_of, totals
from ...data.folder import CLIPS_FORMAT, CLIPS_VERSION, INDEX_NAME, RENDERED_KEY, SETTINGS_NAME
from ...data.rendered_shards import DENSE_ARRAYS, DEPTH
from ...data.shards import Sample, ShardWriter, encode_arrays, encode_png

Arrays = Mapping[str, npt.NDArray[Any]]
PICTURES: Final = "image"


def shard_name(number: int) -> str:
    """Of the shard with this number."""
    return f"clips-{number:06d}.tar"


def sample_of(arrays: Arrays, seed: int, number: int) -> Sample:
    """One identity as a sample.

    Args:
        arrays: Of `HeadRenderer.render_identity`.
        seed: Of the set.
        number: Of the identity.
    """
    pictures = arrays[PICTURES]
    about = {
        "source": f"seed-{seed}/head-{number:06d}",
        "from_s": 0.0,
        "seconds": 0.0,
        "fps": "",
        "frames": len(pictures),
        "size_px": pictures.shape[1],
        "layout": COMPACT_21.name,
        "quality": {},
    }
    truth = {name: array for name, array in arrays.items() if name != PICTURES}
    files = {
        "json": (json.dumps(about) + "\n").encode(),
        ANNOTATIONS: encode_arrays(_annotations(arrays)),
        TRUTH: encode_arrays(truth, compressed=True),
    }
    files |= {f"{place:04d}.png": encode_png(picture) for place, picture in enumerate(pictures)}
    return Sample(f"head-{seed}-{number:06d}", files)


def _annotations(arrays: Arrays) -> dict[str, npt.NDArray[np.float32]]:
    """As `train.curation.clip_extraction.CuratedClip` has them; the picture is the crop."""
    return {
        "landmarks": np.ascontiguousarray(arrays["keypoints"][..., :2]),
        "openness": np.concatenate((arrays["eyes_open"], arrays["lip_open"]), -1),
        "pose_deg": arrays["pose_deg"],
        "time_s": np.zeros(len(arrays["pose_deg"]), np.float32),
        "crop": np.eye(3, dtype=np.float32),
    }


def write_shard(path: Path, seed: int, first: int, rows: Sequence[Arrays]) -> None:
    """Write a shard, its table and its small arrays; the shard itself comes last.

    Args:
        path: Of the tar.
        seed: Of the set.
        first: Number of the first identity.
        rows: Arrays of each identity.

    Raises:
        MediaError: They cannot be written.
    """
    clips: list[StoredClip] = []
    with replacing(path) as part:
        try:
            with part.open("wb") as stream:
                writer = ShardWriter(stream)
                for number, arrays in enumerate(rows, first):
                    sample = sample_of(arrays, seed, number)
                    spots = writer.add(sample)
                    about = json.loads(sample.files["json"])
                    clips.append(StoredClip.of(sample.key, about, spots))
                writer.close()
        except OSError as error:
            raise unwritable(path, error) from error
        large = (PICTURES, *DENSE_ARRAYS, DEPTH)
        small = [name for name in rows[0] if name not in large]
        stacked = {name: np.stack([row[name] for row in rows]) for name in small}
        write_whole(path.with_suffix(".npz"), encode_arrays(stacked))
        write_whole(path.with_suffix(".json"), (json.dumps(table_of(clips)) + "\n").encode())


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a new folder.

    Raises:
        MediaError: They cannot be written.
    """
    make_folder(folder)
    whole = {"format": CLIPS_FORMAT, "version": CLIPS_VERSION, RENDERED_KEY: settings}
    write_whole(folder / SETTINGS_NAME, (json.dumps(whole, indent=1) + "\n").encode())


def clear(folder: Path) -> None:
    """Delete what a run that was killed has left of a file."""
    for left in folder.glob(".*.part*"):
        left.unlink()


def write_index(folder: Path, settings: Mapping[str, Any], names: Sequence[str]) -> None:
    """Write the index of a folder whose shards are all there.

    Raises:
        MediaError: A table is damaged, or the index cannot be written.
    """
    shards = ((folder / name, read_table((folder / name).with_suffix(".json"))) for name in names)
    index = {
        "format": CLIPS_FORMAT,
        "version": CLIPS_VERSION,
        RENDERED_KEY: settings,
        **totals(shards),
        "files": 0,
        "rejected": {},
    }
    write_whole(folder / INDEX_NAME, (json.dumps(index, indent=1) + "\n").encode())
