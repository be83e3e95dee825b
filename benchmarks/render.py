"""How fast heads are rendered, by numba and by warp: python -m benchmarks.render."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from train.rendering.camera.backgrounds import bundled_photos
from train.rendering.export.dataset import FRAMES
from train.rendering.frames.labels import dense_labels
from train.rendering.frames.scene import Scene
from train.rendering.head.head_model import HeadModel
from train.rendering.head.load import load_head
from train.rendering.motion_sampler import HeadMotion, MotionSampler
from train.rendering.people.identity import Identity, make_identity
from train.rendering.raster.device import kernels_on
from train.rendering.raster.kernels import NUMBA, Kernels
from train.rendering.skin.face_chart import chart_face

LEGEND = f"""\
One process, one thread. ms of a core where the CPU draws (other work on the machine does not
count), ms on the clock for a GPU; medians. person: making a new one, always on the CPU. frame:
drawing it with all its labels. frames/s: {FRAMES} frames of each person, the making included."""
HEADER = f"{'px':>5} {'drawn by':<12} {'person ms':>10} {'frame ms':>10} {'frames/s':>10}"

Draw = Callable[[Identity, list[HeadMotion]], object]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to draw."""

    name: str
    make: Callable[[HeadModel, int], Draw]
    clock: Clock


def drawn_by(kernels: Kernels) -> Callable[[HeadModel, int], Draw]:
    """How some kernels draw all frames of a person, with their labels."""

    def make(head: HeadModel, size_px: int) -> Draw:
        scene = Scene(head, size_px, kernels)

        def draw(identity: Identity, motions: list[HeadMotion]) -> object:
            frames = [scene.draw(identity, motion) for motion in motions]
            pairs = zip(frames, [*frames[1:], frames[0]], strict=True)
            return [dense_labels(identity, *pair, kernels) for pair in pairs]

        return draw

    return make


def ways(gpu: str | None) -> list[Way]:
    """Numba, warp on the CPU and, where one is named, warp on a GPU."""
    found = [
        Way("numba", drawn_by(NUMBA), time.process_time),
        Way("warp cpu", drawn_by(kernels_on("cpu")), time.process_time),
    ]
    if gpu is not None:
        found.append(Way(f"warp {gpu}", drawn_by(kernels_on(gpu)), time.perf_counter))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every way at every size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.render", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[128, 256], help="pixels (128 256)")
    parser.add_argument("--face-model", type=Path, help="as for train.render")
    parser.add_argument("--people", type=int, default=8, help="how many are drawn (8)")
    parser.add_argument("--gpu", metavar="DEVICE", help="also draw there, as cuda or cuda:1")
    options = parser.parse_args(arguments)
    if options.people < 1:
        print("error: --people must be 1 or more.", file=sys.stderr)
        return 2
    cv2.setNumThreads(1)
    try:
        head, chosen = load_head(options.face_model), ways(options.gpu)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    people, person_s = _make_people(head, options.people)
    print(LEGEND, end="\n\n")
    print(HEADER)
    for size_px in options.sizes:
        for way in chosen:
            frame_s = _time_frames(way, head, size_px, people)
            rate = FRAMES / (person_s + FRAMES * frame_s)
            times = f"{1000 * person_s:10.1f} {1000 * frame_s:10.1f} {rate:10.1f}"
            print(f"{size_px:5d} {way.name:<12} {times}", flush=True)
    return 0


def _make_people(head: HeadModel, count: int) -> tuple[list[Identity], float]:
    """People to draw, and the seconds that one of them took; the first is for warming up."""
    chart, photos = chart_face(head), bundled_photos()
    people: list[Identity] = []
    seconds: list[float] = []
    for number in range(count + 1):
        start = time.process_time()
        people.append(make_identity(head, chart, photos, np.random.default_rng([0, number])))
        seconds.append(time.process_time() - start)
    return people, median(seconds[1:])


def _time_frames(way: Way, head: HeadModel, size_px: int, people: list[Identity]) -> float:
    """Seconds a frame; the first person is for warming up."""
    draw, sampler = way.make(head, size_px), MotionSampler(head.expression_names)
    random = np.random.default_rng(0)
    seconds: list[float] = []
    for identity in people:
        motions = [sampler.draw(random) for _ in range(FRAMES)]
        start = way.clock()
        draw(identity, motions)
        seconds.append((way.clock() - start) / FRAMES)
    return median(seconds[1:])


if __name__ == "__main__":
    sys.exit(main())
