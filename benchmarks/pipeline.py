"""Print what stages of an animation take alone, and all of it from file to file.

python -m benchmarks.pipeline --against FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

import numpy as np
import torch

from liveportrait_core import (
    FaceOptions,
    Frames,
    Motion,
    VideoReader,
    VideoWriter,
    load_model,
    prepare,
    read_image,
    render,
    write_image,
)
from liveportrait_core.imaging.tensors import Pixels, resize_pixels

ROOT: Final = Path(__file__).resolve().parents[1]
DEMO: Final = ROOT / "docs" / "demo"
FPS: Final = Fraction(25)
WHOLE: Final = "file to file"
FROM_MOTION: Final = "file to file, from its motion"
NETWORKS: Final = ("finding", "M", "W, G")
ORDER: Final = ("decoding", *NETWORKS, "pasting", "encoding")
LEGEND: Final = """\
A photo driven by a video, default model; each run in a process of its own, in turns. Medians of
milliseconds a frame, by the clock and of the processor. Stages alone work on what lies in memory.
The first pass (decoding, finding; M) ends before the second (W, G; pasting; encoding) begins, so
no overlap takes less than finding, M and W, G one after another: share is that over the whole. From
its motion, which was read before, the second pass is all there is; its slowest stage is W, G."""
Result = TypeVar("Result")
Times = dict[str, tuple[float, float]]


class Clock:
    """Seconds of named parts of a run, by the clock and of the processor."""

    def __init__(self) -> None:
        """None yet."""
        self.seconds: dict[str, list[float]] = {}

    def timed(self, name: str, run: Callable[[], Result]) -> Result:
        """The result of a part."""
        start = time.perf_counter(), time.process_time()
        result = run()
        took = [time.perf_counter() - start[0], time.process_time() - start[1]]
        self.seconds[name] = took
        return result


def make_media(folder: Path, num_frames: int, driver: Sequence[int], photo: Sequence[int]) -> None:
    """The demo's clip and portrait, enlarged and with edges continued, as files."""
    with VideoWriter(folder / "driver.mp4", FPS) as writer:
        for frame in islice(cycle(list(VideoReader(DEMO / "driving.mp4"))), num_frames):
            writer.write(_filled(frame, *driver))
    write_image(folder / "photo.png", _filled(read_image(DEMO / "portrait.jpg").rgb, *photo))


def _filled(picture: Pixels, width: int, height: int) -> Pixels:
    side = min(width, height)
    square = resize_pixels(picture, (side, side))
    across, down = width - side, height - side
    return np.pad(
        square,
        ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0)),
        mode="edge",
    )


def file_to_file(folder: Path, clock: Clock) -> None:
    """All of it, twice: from the driver's file, and from its motion."""
    model = load_model()
    driver, photo = folder / "driver.mp4", folder / "photo.png"
    _warm(model, photo)

    def whole(driving: VideoReader | Motion) -> Motion:
        animation = prepare(model, read_image(photo).rgb, driving)
        with (
            closing(render(animation)) as frames,  # pyright: ignore[reportArgumentType] - of old trees
            VideoWriter(folder / "made.mp4", animation.fps) as writer,
        ):
            for frame in frames:
                part = getattr(frame, "changed", None)
                writer.write(frame.picture, *([] if part is None else [part]))
        return animation.driving

    motion = clock.timed(WHOLE, lambda: whole(VideoReader(driver)))
    clock.timed(FROM_MOTION, lambda: whole(motion))


def stages_alone(folder: Path, clock: Clock) -> None:
    """Each stage, with what it needs in memory."""
    from liveportrait_core.animation.face_trackers import FaceTrackers  # noqa: PLC0415
    from liveportrait_core.animation.read import read_clip  # noqa: PLC0415
    from liveportrait_core.animation.render import rendered_faces  # noqa: PLC0415
    from liveportrait_core.imaging.composite import PasteGround, paste_mask  # noqa: PLC0415
    from liveportrait_core.options import Framing  # noqa: PLC0415

    model = load_model()
    photo = read_image(folder / "photo.png").rgb
    _warm(model, folder / "photo.png")
    frames = clock.timed("decoding", lambda: list(VideoReader(folder / "driver.mp4")))
    clip = Frames(frames, FPS)
    tracker = FaceTrackers(model).tracker("driver", FaceOptions())
    assert tracker is not None
    track = clock.timed("finding", lambda: tracker(clip))
    read = clock.timed("M", lambda: read_clip(model, clip, track, Framing(), "driver"))
    animation = prepare(model, photo, read.motion)
    face = next(iter(render(animation)))
    volume = _volume(model, face.source, face.transform)
    keypoints = animation.keypoints

    def faces() -> list[Pixels]:
        made: list[Pixels] = []
        for start in range(0, len(keypoints), 2):
            some = keypoints[start : start + 2]
            made += rendered_faces(model, volume.expand(len(some), *volume.shape[1:]), some)
        return made

    drawn = clock.timed("W, G", faces)
    mask = paste_mask(model.preset.output_size_px).numpy()
    ground = PasteGround(photo, len(mask), face.transform, mask)
    pasted = clock.timed("pasting", lambda: [ground.with_face(one) for one in drawn])

    def encode() -> None:
        with VideoWriter(folder / "made.mp4", FPS) as writer:
            writer.write_chunk(pasted)

    clock.timed("encoding", encode)


def _volume(model: object, frame: Pixels, transform: object) -> torch.Tensor:
    from liveportrait_core.animation.crop_motion import face_tensor  # noqa: PLC0415
    from liveportrait_core.animation.crops import crop_of  # noqa: PLC0415
    from liveportrait_core.stages import extract_appearance  # noqa: PLC0415

    crop = crop_of(frame, transform)  # pyright: ignore[reportArgumentType]
    return extract_appearance(model, face_tensor(model, [crop]))  # pyright: ignore[reportArgumentType]


def _warm(model: object, photo: Path) -> None:
    """What is done on first use is no part of a frame."""
    picture = read_image(photo).rgb
    next(iter(render(prepare(model, picture, picture))))  # pyright: ignore[reportArgumentType]


RUNS: Final = {"whole": file_to_file, "stages": stages_alone}


def _measured(what: str, folder: Path, tree: Path, threads: int, num_frames: int) -> Times:
    """One run in a process of its own, with the library of a tree: ms a frame."""
    words = [sys.executable, __file__, "--run", what, str(folder), "--threads", str(threads)]
    # As the command has it: threads that wait sleep, and what overlaps gets their time.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(  # noqa: S603 - ourselves
        words, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=tree
    )
    seconds = json.loads(done.stdout.splitlines()[-1])
    return {
        name: (1000 * a / num_frames, 1000 * b / num_frames) for name, (a, b) in seconds.items()
    }


def _medians(runs: Sequence[Times]) -> Times:
    return {
        name: (median(run[name][0] for run in runs), median(run[name][1] for run in runs))
        for name in runs[0]
    }


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout before a change")
    parser.add_argument("--frames", type=int, default=100, help="of the driver (100)")
    parser.add_argument("--driver", type=_size, default=(1280, 720), help="WxH (1280x720)")
    parser.add_argument("--photo", type=_size, default=(720, 1280), help="WxH (720x1280)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of torch")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    if options.run is not None:
        torch.set_num_threads(options.threads)
        clock = Clock()
        with torch.inference_mode():
            RUNS[options.run[0]](Path(options.run[1]), clock)
        print(json.dumps(clock.seconds))
        return 0
    trees = {"now": ROOT, **({"before": options.against.resolve()} if options.against else {})}
    found: dict[str, list[Times]] = {name: [] for name in ("stages", *trees)}
    with tempfile.TemporaryDirectory() as folder:
        make_media(Path(folder), options.frames, options.driver, options.photo)
        common = options.threads, options.frames
        for _ in range(options.repeats):
            for name, tree in trees.items():
                found[name].append(_measured("whole", Path(folder), tree, *common))
            found["stages"].append(_measured("stages", Path(folder), ROOT, *common))
    _print({name: _medians(runs) for name, runs in found.items()})
    return 0


def _print(found: dict[str, Times]) -> None:
    print(f"{LEGEND}\n\n{'':<38}{'ms':>8}{'cpu ms':>8}{'share':>8}")
    stages = found.pop("stages")
    for name in ORDER:
        print(f"{name + ' alone':<38}{stages[name][0]:8.1f}{stages[name][1]:8.1f}")
    least = {
        WHOLE: sum(stages[name][0] for name in NETWORKS),
        FROM_MOTION: stages["W, G"][0],
    }
    for tree, times in found.items():
        for name, (by_clock, of_cpu) in times.items():
            label = f"{name}, {tree}"
            print(f"{label:<38}{by_clock:8.1f}{of_cpu:8.1f}{least[name] / by_clock:8.0%}")


if __name__ == "__main__":
    sys.exit(main())
