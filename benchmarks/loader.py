"""How fast training pairs are read and augmented: python -m benchmarks.loader."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch

from train.data.augment import augment_pairs, moved_frames
from train.data.batch import PairBatch
from train.data.clip_shards import StoredClip, table_of, totals
from train.data.curated import CuratedSet
from train.data.drawn import DrawnSet
from train.data.folder import CLIPS_FORMAT, CLIPS_VERSION, INDEX_NAME
from train.data.pixels import resized_pixels
from train.data.shards import Sample, ShardWriter, encode_arrays, encode_jpeg
from train.engine.draw import Draw
from train.engine.loader import Batches, Parts
from train.engine.task import Task
from train.rendering.camera.backgrounds import bundled_photos
from train.rendering.export.options import HeadOptions, PeopleOptions

LEGEND = """\
Curated clips as JPEG of quality 95, pairs with landmarks. Of one core (other work on the machine
does not count), medians, ms a pair: reading and decoding two frames; colours, tones and mirroring
of both; the frame of L_E at 256 px. pairs/s of a core are what comes of them. With workers: pairs/s
on the clock, and how that compares with none. Of drawn heads: ms of one that is rendered, and of a
pair of heads that are in memory."""
HEADER = f"{'px':>5} {'read':>8} {'colours':>8} {'L_E':>8} {'pairs/s a core':>16}"
WORKERS_HEADER = f"{'px':>5} {'workers':>8} {'pairs/s':>10} {'ratio':>7}"
HEADS_HEADER = f"{'px':>5} {'a new head':>11} {'a pair of kept heads':>21}"
FACE_PX = 256
CLIPS, FRAMES = 4, 8


def make_clips(folder: Path, size_px: int) -> Path:
    """Curated clips of moving details of photographs."""
    photos, random = bundled_photos(), np.random.default_rng(0)
    folder.mkdir(parents=True)
    shard, stored = folder / "clips-000000.tar", list[StoredClip]()
    with shard.open("wb") as stream:
        writer = ShardWriter(stream)
        for number in range(CLIPS):
            photo = photos[number % len(photos)]
            about: dict[str, Any] = {"source": "photo", "from_s": 0.0, "seconds": 1.0, "fps": "8"}
            about |= {"frames": FRAMES, "size_px": size_px, "layout": "compact-21", "quality": {}}
            arrays = {
                "landmarks": random.uniform(-0.5, 0.5, (FRAMES, 21, 2)).astype(np.float32),
                "pose_deg": random.normal(0, 10, (FRAMES, 3)).astype(np.float32),
            }
            files = {"json": json.dumps(about).encode(), "npz": encode_arrays(arrays)}
            for frame in range(FRAMES):
                whole = cv2.resize(photo, (size_px + FRAMES, size_px + FRAMES))
                picture = np.asarray(whole[frame : frame + size_px, :size_px], np.uint8)
                files[f"{frame:04d}.jpg"] = encode_jpeg(picture, 95)
            key = f"clip-{number:04d}"
            stored.append(StoredClip.of(key, about, writer.add(Sample(key, files))))
        writer.close()
    shard.with_suffix(".json").write_text(json.dumps(table_of(stored)), encoding="utf-8")
    index = {"format": CLIPS_FORMAT, "version": CLIPS_VERSION, **totals([(shard, stored)])}
    (folder / INDEX_NAME).write_text(json.dumps(index), encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True)
class PairDrawing:
    """What the step of Eq. 4 draws of clips."""

    clips: CuratedSet
    batch_size: int

    def read(self, draw: Draw) -> PairBatch:
        """Read and decode."""
        return self.clips.draw_pairs(draw, self.batch_size)

    def batch(self, draw: Draw) -> object:
        """All of it."""
        pairs = augment_pairs(self.read(draw), draw)
        return pairs, moved_frames(resized_pixels(pairs.driving.pixels, FACE_PX), draw)

    def losses(self, networks: Any, average: Any, batch: Any) -> Any:
        """Is not asked for: nothing is trained."""
        raise NotImplementedError


def core_row(drawing: PairDrawing, rounds: int) -> str:
    """Ms of each part, and pairs/s of a core."""
    seconds: list[tuple[float, float, float]] = []
    for step in range(rounds + 1):
        draw = Draw.of(0, 0, step)
        read_s, pairs = _timed(lambda draw=draw: drawing.read(draw))
        colours_s, pairs = _timed(lambda draw=draw, pairs=pairs: augment_pairs(pairs, draw))
        driving = pairs.driving.pixels
        moved_s, _ = _timed(
            lambda draw=draw, x=driving: moved_frames(resized_pixels(x, FACE_PX), draw)
        )
        seconds.append((read_s, colours_s, moved_s))
    parts = [median(column) / drawing.batch_size for column in zip(*seconds[1:], strict=True)]
    shown = " ".join(f"{1000 * part:8.2f}" for part in parts)
    return f"{drawing.clips.size_px:5d} {shown} {1 / sum(parts):16.1f}"


def pairs_per_s(drawing: PairDrawing, rounds: int, workers: int) -> float:
    """On the clock, once the first batch is there."""
    task = Task(networks={}, groups=(), steps=(drawing,))
    parts = Parts(seed=0, accumulate=1, process=0, processes=1)
    batches = Batches(task, parts, range(rounds + 1), workers=workers, pin=False)
    batches.next()
    start_s = time.perf_counter()
    for _ in range(rounds):
        batches.next()
    return rounds * drawing.batch_size / (time.perf_counter() - start_s)


def heads_row(people: PeopleOptions, rounds: int) -> str:
    """Ms of a head that is rendered, and of a pair of those that are kept."""
    count = people.identities
    heads = DrawnSet(people)  # which renders the first one
    new = [_timed(lambda k=k: heads.canonical(np.array([k])))[0] for k in range(1, count)]
    kept = [_timed(lambda k=k: heads.draw_pairs(Draw.of(0, 0, k), count))[0] for k in range(rounds)]
    a_head, a_pair = 1000 * median(new), 1000 * median(kept) / count
    return f"{heads.size_px:5d} {a_head:11.1f} {a_pair:21.2f}"


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start_s = time.process_time()
    result = work()
    return time.process_time() - start_s, result


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loader", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[256, 512], help="pixels (256 512)")
    parser.add_argument("--batch", type=int, default=13, help="pairs at a time (13)")
    parser.add_argument("--rounds", type=int, default=10, help="timed batches (10)")
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2], help="(0 1 2)")
    parser.add_argument("--heads", type=int, default=12, help="drawn heads, 2 or more (12)")
    parser.add_argument("--face-model", type=Path, help="of the heads (procedural)")
    options = parser.parse_args(arguments)
    if (
        min(*options.sizes, options.batch, options.rounds, options.heads - 1) < 1
        or not bundled_photos()
    ):
        print(
            "error: numbers from 1 up (heads from 2 up) are expected, and scikit-image installed.",
            file=sys.stderr,
        )
        return 2
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        drawings: list[PairDrawing] = []
        for size_px in options.sizes:
            place = make_clips(Path(folder) / str(size_px), size_px)
            clips = CuratedSet([place], size_px=size_px, image_fraction=0.0, annotated=True)
            drawings.append(PairDrawing(clips, options.batch))
        print(LEGEND, end="\n\n")
        print(HEADER)
        for drawing in drawings:
            print(core_row(drawing, options.rounds), flush=True)
        print(f"\n{WORKERS_HEADER}")
        for drawing in drawings:
            rates = {n: pairs_per_s(drawing, options.rounds, n) for n in options.workers}
            first = next(iter(rates.values()), 1.0)
            for workers, rate in rates.items():
                ratio = rate / first
                print(f"{drawing.clips.size_px:5d} {workers:8d} {rate:10.1f} {ratio:7.2f}")
    print(f"\n{HEADS_HEADER}")
    for size_px in options.sizes:
        drawn = HeadOptions(face_model=options.face_model, size_px=size_px)
        people = PeopleOptions(heads=drawn, identities=options.heads, animals=0.0)
        print(heads_row(people, options.rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
