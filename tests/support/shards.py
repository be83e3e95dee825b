"""Small hand-made folders of train.curate and train.render --webdataset, with known numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.support.rendered import write_rendered
from train.data.clip_shards import StoredClip, table_of, totals
from train.data.folder import CLIPS_FORMAT, CLIPS_VERSION
from train.data.shards import Sample, ShardWriter, encode_arrays, encode_png
from train.rendering.export import webdataset

NUM_LANDMARKS = 21


def made_up_clip(frames: int, size_px: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Blocks of colour, and random numbers for what is annotated."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (frames, 8, 8, 3), dtype=np.uint8)
    return {
        "image": blocks.repeat(size_px // 8, 1).repeat(size_px // 8, 2),
        "landmarks": random.uniform(-0.6, 0.6, (frames, NUM_LANDMARKS, 2)).astype(np.float32),
        "openness": random.uniform(0, 0.6, (frames, 3)).astype(np.float32),
        "pose_deg": random.normal(0, 10, (frames, 3)).astype(np.float32),
        "time_s": np.arange(frames, dtype=np.float32) / 25,
        "crop": np.eye(3, dtype=np.float32),
    }


def write_clips(
    folder: Path, clips: Sequence[Mapping[str, np.ndarray]], layout: str = "compact-21"
) -> Path:
    """One shard of such clips with its table and index."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = []
    with (folder / "clips-000000.tar").open("wb") as stream:
        writer = ShardWriter(stream)
        for number, clip in enumerate(clips):
            pictures = clip["image"]
            about = {"source": f"film-{number}.mp4", "from_s": 0.0, "seconds": len(pictures) / 25}
            about |= {"fps": "25", "frames": len(pictures), "size_px": pictures.shape[1]}
            about |= {"layout": layout, "quality": {}}
            arrays = {name: array for name, array in clip.items() if name != "image"}
            files = {"json": json.dumps(about).encode(), "npz": encode_arrays(arrays)}
            files |= {f"{k:04d}.png": encode_png(picture) for k, picture in enumerate(pictures)}
            spots = writer.add(Sample(f"clip-{number:04d}", files))
            stored.append(StoredClip.of(f"clip-{number:04d}", about, spots))
        writer.close()
    shard = folder / "clips-000000.tar"
    (folder / "clips-000000.json").write_text(json.dumps(table_of(stored)), encoding="utf-8")
    index = {"format": CLIPS_FORMAT, "version": CLIPS_VERSION, **totals([(shard, stored)])}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def write_heads(folder: Path, identities: int = 4) -> Path:
    """The heads of `write_rendered` in two WebDataset shards."""
    plain = write_rendered(folder / "npz", identities)
    with np.load(plain / "shard-00000.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["eyes_open"] = np.full((identities, 3, 2), 0.3, np.float32)
    arrays["lip_open"] = np.full((identities, 3, 1), 0.1, np.float32)
    rows = [{name: array[k] for name, array in arrays.items()} for k in range(identities)]
    place, half = folder / "tar", identities // 2
    settings = {"size_px": rows[0]["image"].shape[1], "creatures": 0.0}
    webdataset.claim(place, settings)
    names = [webdataset.shard_name(k) for k in range(2)]
    webdataset.write_shard(place / names[0], 0, 0, rows[:half])
    webdataset.write_shard(place / names[1], 0, half, rows[half:])
    webdataset.write_index(place, settings, names)
    return place
