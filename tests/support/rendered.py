"""A small made-up folder in the format of train.render: smooth pictures, plausible numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from liveportrait_core.networks.compact.layers import FINE_SIZE

SIZE_PX = 128
NUM_KEYPOINTS = 21


def write_rendered(folder: Path, identities: int = 4, seed: int = 0) -> Path:
    """Write one shard and its index; gives the folder back."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (identities, 3)
    coarse = random.integers(0, 256, (*shape, 8, 8, 3), dtype=np.uint8)
    centres = (np.arange(FINE_SIZE) + 0.5) / FINE_SIZE * 2 - 1
    still = np.stack(np.meshgrid(centres, centres), -1)  # x, then y
    canonical = random.uniform(-0.5, 0.5, (identities, NUM_KEYPOINTS, 3))
    moved = canonical[:, None] + 0.05 * random.normal(size=(*shape, NUM_KEYPOINTS, 3))
    fine = (*shape, FINE_SIZE, FINE_SIZE)
    np.savez(
        folder / "shard-00000.npz",
        image=coarse.repeat(SIZE_PX // 8, 2).repeat(SIZE_PX // 8, 3),
        keypoints=moved.astype(np.float32),
        canonical=canonical.astype(np.float32),
        pose_deg=random.normal(0, 10, (*shape, 3)).astype(np.float32),
        flow=(still + 0.02 * random.normal(size=(*shape, 1, 1, 2))).astype(np.float16),
        visible=random.random(fine) > 0.2,
        regions=random.integers(0, 7, fine, dtype=np.uint8),
        depth=random.uniform(-1, 0.4, fine).astype(np.float16),
    )
    index = {
        "format": "liveportrait-suite/rendered",
        "version": 1,
        "shards": [{"file": "shard-00000.npz", "first": 0, "identities": identities}],
    }
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder
