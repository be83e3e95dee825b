"""Print what a live portrait costs, step by step: python -m benchmarks.live.

The demo's portrait follows the demo's driver, both at 480 pixels. First frame by frame, as fast as
it goes: what each step takes. Then in real time: pictures a second, frames left out, and how late
a picture is. Nothing here needs a camera.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch

from liveportrait_core import LiveSession, PortraitSession, VideoReader, load_model, read_image
from liveportrait_core.imaging import jpeg
from liveportrait_core.imaging.tensors import Pixels, resize_pixels
from liveportrait_core.media.clips import Frames
from liveportrait_core.media.feeds import film_feed
from liveportrait_core.sessions import face_reader, portrait
from liveportrait_core.sessions.loop import LiveLoop

DEMO: Final = Path(__file__).resolve().parent.parent / "docs" / "demo"
SIDE_PX: Final = 480
STEPS: Final = (
    ("follow and read the driver (M)", face_reader.FaceReader, "read"),
    ("of it finding a face", face_reader.FaceReader, "_searched"),
    ("drive and stitch", portrait.PortraitSession, "keypoints"),
    ("draw the face (W, G)", portrait, "rendered_faces"),
    ("paste it", portrait.PortraitSession, "_pasted"),
    ("JPEG", jpeg, "jpeg_of"),
)
"""What is printed of each, and the function that does it."""
DRAWING: Final = "draw the face (W, G)"
MS: Final = 1000


@dataclass(slots=True)
class Spent:
    """Time of one step."""

    wall_ms: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])


@contextmanager
def timed(owner: Any, name: str, spent: Spent) -> Generator[None]:
    """Note what each call of a function takes."""
    function: Callable[..., Any] = getattr(owner, name)

    def timing(*args: Any, **more: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        made = function(*args, **more)
        spent.wall_ms.append(MS * (time.perf_counter() - wall))
        spent.cpu_ms.append(MS * (time.process_time() - cpu))
        return made

    setattr(owner, name, timing)
    try:
        yield
    finally:
        setattr(owner, name, function)


def opened(num_frames: int, every: int) -> tuple[LiveSession, list[Pixels]]:
    """A session that has drawn its first picture, and the driver's frames."""
    source = read_image(DEMO / "portrait.jpg").rgb
    size = (SIDE_PX, round(SIDE_PX * source.shape[1] / source.shape[0]))
    driver = VideoReader(DEMO / "person.mp4")
    frames = [
        resize_pixels(frame, (SIDE_PX, SIDE_PX))
        for frame in islice(driver, 0, num_frames * every, every)
    ]
    session = LiveSession(PortraitSession(load_model(), resize_pixels(source, size)))
    session.frame(frames[0], 0.0)
    return session, frames


def step_by_step(num_frames: int, every: int) -> None:
    """Print what each step of a picture takes."""
    session, frames = opened(num_frames, every)
    spent = {name: Spent() for name, *_ in STEPS}
    whole = Spent()
    with ExitStack() as timing:
        for name, owner, function in STEPS:
            timing.enter_context(timed(owner, function, spent[name]))
        frame = timed(LiveSession, "frame", whole)
        timing.enter_context(frame)
        for number, picture in enumerate(frames, 1):
            jpeg.jpeg_of(session.frame(picture, number * every / 25).picture)
    drawing = sum(spent[DRAWING].cpu_ms)
    print(f"{'':<32} {'ms':>8} {'fastest':>8} {'CPU ms':>8} {'times W, G':>11} {'calls':>6}")
    for name, one in (*spent.items(), ("a picture, without JPEG", whole)):
        if not one.wall_ms:
            continue
        cells = median(one.wall_ms), min(one.wall_ms), median(one.cpu_ms)
        ratio = sum(one.cpu_ms) / drawing
        print(
            f"{name:<32} {cells[0]:8.1f} {cells[1]:8.1f} {cells[2]:8.1f} {ratio:11.2f} "
            f"{len(one.wall_ms):6d}",
            flush=True,
        )


def in_real_time(seconds: float) -> None:
    """Print how live it is."""
    session, frames = opened(75, 1)
    loop = LiveLoop(session, film_feed(Frames(frames), loops=True))
    end_s = time.monotonic() + seconds
    for made, _ in loop:
        jpeg.jpeg_of(made.picture)
        if time.monotonic() > end_s:
            loop.stop.set()
    rate = loop.rate
    print(
        f"in real time, {seconds:g} s of 25 frames a second: {rate.fps:.1f} pictures a second, "
        f"{rate.num_dropped} frames left out; from frame to picture {rate.p50_ms:.0f} ms, "
        f"95 of 100 within {rate.p95_ms:.0f} ms"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and say how busy the machine was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (2)")
    parser.add_argument("--frames", type=int, default=25, help="for the steps (25)")
    parser.add_argument("--every", type=int, default=3, help="take each of so many frames (3)")
    parser.add_argument("--seconds", type=float, default=20.0, help="in real time; 0: none (20)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    step_by_step(options.frames, options.every)
    if options.seconds > 0:
        in_real_time(options.seconds)
    busy = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(
        f"{options.threads} threads; the machine's load was {busy} on {os.cpu_count()} processors"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
