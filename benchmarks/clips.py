"""Print what a clip costs by its length: python -m benchmarks.clips.

A video is edited by a driver, from file to file, in processes of their own: memory must not grow
with the clip, and time must grow in step with it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import torch

from liveportrait_core import (
    AnimateOptions,
    VideoReader,
    VideoWriter,
    load_model,
    load_motion,
    prepare,
    render,
    shipped_motions,
)
from liveportrait_core.imaging.tensors import resize_pixels

CLIP = Path(__file__).resolve().parent.parent / "docs" / "demo" / "driving.mp4"
SIZE = (720, 720)
FPS = Fraction(25)
KIB = 1 if sys.platform != "darwin" else 1024
"""ru_maxrss counts bytes on macOS, KiB elsewhere."""


def make_video(path: Path, num_frames: int) -> None:
    """The demo's clip, enlarged and repeated."""
    with VideoWriter(path, FPS) as writer:
        for frame in islice(cycle(list(VideoReader(CLIP))), num_frames):
            writer.write(resize_pixels(frame, SIZE))


def edit_video(path: Path) -> None:
    """Edit a video by a shipped motion that loops, then print seconds and peak MiB."""
    start = time.monotonic()
    with torch.inference_mode():
        model = load_model()
        animation = prepare(
            model,
            VideoReader(path),
            load_motion(shipped_motions()["nod"]),
            AnimateOptions(when_shorter="loop"),
        )
        with VideoWriter(path.with_name("made.mp4"), animation.fps) as writer:
            for frame in render(animation):
                writer.write(frame.picture)
    print(len(animation), time.monotonic() - start, peak_mib())


def peak_mib() -> float:
    """The most memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every length and compare it with the first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clips", description=__doc__)
    parser.add_argument("lengths", type=int, nargs="*", default=[100, 400], help="frames (100 400)")
    parser.add_argument("--video", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.video is not None:
        edit_video(options.video)
        return 0
    print(f"A video of {SIZE[1]}x{SIZE[0]} pixels edited by a motion, default model, file to file.")
    print(f"{'frames':>8} {'ms/frame':>10} {'ratio':>7} {'peak MiB':>10} {'ratio':>7}")
    first: tuple[float, float] | None = None
    for length in options.lengths:
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder, "video.mp4")
            make_video(video, length)
            command = [sys.executable, "-m", "benchmarks.clips", "--video", str(video)]
            printed = subprocess.run(  # noqa: S603 - ourselves
                command, check=True, capture_output=True, text=True
            ).stdout
        frames, seconds, peak = map(float, printed.split())
        each = 1000 * seconds / frames
        first = first or (each, peak)
        ratios = each / first[0], peak / first[1]
        print(f"{frames:8.0f} {each:10.1f} {ratios[0]:7.2f} {peak:10.0f} {ratios[1]:7.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
