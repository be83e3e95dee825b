"""Print the most memory that an animation takes, by its length: python -m benchmarks.memory.

A video is moved by a shipped motion, from file to file, by the command and by the node in the
tests' stand-in for ComfyUI, each in a process of its own. Unless asked to (--draw), W and G draw
nothing and M, once the face is found, reads the first frames alone: what networks take does not
depend on the length.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from itertools import count, cycle, islice
from math import inf
from pathlib import Path
from types import ModuleType
from typing import Final

import av
import numpy as np
import torch

from liveportrait_core import VideoReader, VideoWriter
from liveportrait_core.imaging.tensors import resize_pixels

from .clips import CLIP, peak_mib

FPS: Final = Fraction(25)
ONCE: Final = 150
"""Frames that are encoded; a longer video repeats them."""
MOTION: Final = "nod"


def make_video(path: Path, num_frames: int, width: int, height: int) -> None:
    """The demo's clip in the middle of a larger picture, again and again."""
    once = path.with_name("once.mp4")
    if not once.exists():
        side = min(width, height) // 4 * 2
        across, down = (width - side) // 2, (height - side) // 2
        with VideoWriter(once, FPS) as writer:
            for frame in islice(cycle(list(VideoReader(CLIP))), ONCE):
                square = resize_pixels(frame, (side, side))
                edges = ((down, height - side - down), (across, width - side - across), (0, 0))
                writer.write(np.pad(square, edges, mode="edge"))
    with av.open(str(path), "w") as made:
        stream = None
        for part in count():
            with av.open(str(once)) as given:
                source = given.streams.video[0]
                stream = stream or made.add_stream_from_template(source)
                ticks = round(part * ONCE / (FPS * (source.time_base or 1)))
                for number, packet in enumerate(given.demux(source)):
                    if packet.dts is None or packet.pts is None:
                        continue
                    if part * ONCE + number >= num_frames:
                        return
                    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                    packet.stream = stream
                    made.mux(packet)


def by_command(video: Path, options: argparse.Namespace) -> None:
    """`liveportrait animate`."""
    import_module("liveportrait_core.pipeline")
    _prepare(options)
    main = import_module("liveportrait_core.cli.main").main
    made = video.with_name("made.mp4")
    words = ["animate", video, import_module("liveportrait_core").shipped_motions()[MOTION]]
    assert not main([*map(str, words), "-o", str(made), "--when-shorter", "loop"])


def by_node(video: Path, options: argparse.Namespace) -> None:
    """Animate Portrait (video file), outside a server."""
    active = import_module("tests.support.comfyui.stand_in").active
    with active(video.parent / "ComfyUI") as comfyui:
        comfyui.import_pack()
        assert comfyui.pack is not None
        import_module(f"{comfyui.pack.__name__}.liveportrait_core.pipeline")
        # the stand-in keeps all pictures that the server would send and drop
        vars(import_module(f"{comfyui.pack.__name__}.nodes.runtime"))["PREVIEW_EVERY_S"] = inf
        _prepare(options)

        def called(kind: str, **inputs: object) -> object:
            return comfyui.call(kind, inputs).check().outputs[0]

        with torch.inference_mode():
            called(
                "LPS_AnimateVideo",
                model=called("LPS_LoadModel"),
                source=comfyui.latest.InputImpl.VideoFromFile(str(video)),
                driving=called("LPS_LoadMotion", motion_file=f"{MOTION} (shipped)"),
                options=called("LPS_DrivingOptions", when_shorter="loop"),
            )


WAYS: Final = {"command": by_command, "node": by_node}


def _prepare(options: argparse.Namespace) -> None:
    """What was asked for, in the library as it is imported now."""
    if not options.draw:
        draw_nothing()
    for name, module in list(sys.modules.items()):
        if options.hold_nothing and name.endswith("media.streamed"):
            vars(module)["StreamedClip"].__init__.__defaults__ = (0,)


def draw_nothing() -> None:
    """W and G give one grey picture, and M what it gave first for as many crops."""
    grey = np.full((512, 512, 3), 128, np.uint8)
    for name, module in list(sys.modules.items()):
        if name.endswith("animation.render"):
            vars(module)["rendered_faces"] = lambda *args, **_: [grey] * len(args[2])
        if name.endswith("animation.crop_motion"):
            _read_once(module)


def _read_once(module: ModuleType) -> None:
    read: dict[int, object] = {}
    extract = vars(module)["extract_motion"]

    def first_of(model: object, faces: torch.Tensor) -> object:
        if len(faces) not in read:
            read[len(faces)] = extract(model, faces)
        return read[len(faces)]

    vars(module)["extract_motion"] = first_of


def measured(way: str, video: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds and peak MiB of this process."""
    start = time.monotonic()
    WAYS[way](video, options)
    return {"seconds": time.monotonic() - start, "mib": peak_mib()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every length both ways and compare it with the first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("lengths", type=int, nargs="*", default=[300, 6000], help="(300 6000)")
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080), metavar=("W", "H"))
    parser.add_argument("--ways", nargs="*", default=[*WAYS], help=f"({' '.join(WAYS)})")
    parser.add_argument("--draw", action="store_true", help="with W and G")
    parser.add_argument(
        "--hold-nothing", action="store_true", help="decode in each pass also what is short"
    )
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one is not None:
        way, video = options.one
        print(json.dumps(measured(way, Path(video), options)))
        return 0
    width, height = options.size
    print(f"{width} x {height} pixels\n{'':<10}{'frames':>8}{'seconds':>10}{'MiB':>8}{'ratio':>8}")
    for way in options.ways:
        first = 0.0
        for length in options.lengths:
            with tempfile.TemporaryDirectory() as folder:
                video = Path(folder, "video.mp4")
                make_video(video, length, width, height)
                words = [sys.executable, "-m", "benchmarks.memory", "--one", way, str(video)]
                words += ["--draw"] if options.draw else []
                words += ["--hold-nothing"] if options.hold_nothing else []
                done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
            found = json.loads(done.stdout.splitlines()[-1])
            first = first or found["mib"]
            row = f"{found['seconds']:>10.0f}{found['mib']:>8.0f}{found['mib'] / first:>8.3f}"
            print(f"{way:<10}{length:>8}{row}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
