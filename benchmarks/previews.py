"""Print what a preview of the Expression Editor costs: python -m benchmarks.previews."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import torch

from liveportrait_core import load_model, read_image
from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.imaging.jpeg import jpeg_of
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.controls import motion_of_controls
from liveportrait_core.sessions.portrait import PortraitSession

PORTRAIT: Final = Path(__file__).resolve().parents[1] / "docs" / "demo" / "portrait.jpg"
SIDE_PX: Final = 512
NETWORKS: Final = "W and G"
LEGEND: Final = """\
Each change of a control is a new preview; the source was read before. Milliseconds of processor
time in the calling thread, median and 95 %; share: of all that a preview takes. What ComfyUI's
server and the browser add is not in it."""
Result = TypeVar("Result")


class Steps:
    """Times of steps that are done again and again."""

    def __init__(self) -> None:
        """None yet."""
        self.times: dict[str, list[float]] = {}

    def timed(self, name: str, run: Callable[[], Result]) -> Result:
        """The result of a step, whose time is kept under its name."""
        start = time.thread_time()
        result = run()
        self.times.setdefault(name, []).append((time.thread_time() - start) * 1000)
        return result

    def rows(self) -> list[str]:
        """A line for each step, and one for all of a preview."""
        whole = [sum(times) for times in zip(*self.times.values(), strict=True)]
        shown = {**self.times, "all": whole, "outside the networks": self._outside(whole)}
        total = sum(whole)
        return [
            f"{name:<22}{_at(times, 0.5):9.1f}{_at(times, 0.95):9.1f}{sum(times) / total:8.1%}"
            for name, times in shown.items()
        ]

    def _outside(self, whole: Sequence[float]) -> list[float]:
        inside = self.times[NETWORKS]
        return [one - other for one, other in zip(whole, inside, strict=True)]


def _at(times: Sequence[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, round(part * (len(times) - 1)))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.previews",
        description="What a preview of the Expression Editor costs, step by step.",
    )
    parser.add_argument("picture", nargs="?", type=Path, default=PORTRAIT, help="the source")
    parser.add_argument("--changes", type=int, default=50, help="previews (50)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    model = load_model()
    session = PortraitSession(model, read_image(options.picture).rgb)
    steps = Steps()
    space = model.preset.space
    with torch.inference_mode():
        for change in range(max(1, options.changes)):
            controls = Controls(jaw_open=change % 20 / 20)
            shape_map = steps.timed("map", lambda: shipped_blendshape_map(space))
            motion = steps.timed(
                "controls", lambda c=controls, m=shape_map: motion_of_controls(c, m)
            )
            keypoints = steps.timed("keypoints, S", lambda m=motion: session.keypoints(m))
            frame = steps.timed(NETWORKS, lambda k=keypoints: session.rendered(k, face_px=SIDE_PX))
            steps.timed("JPEG", lambda f=frame: jpeg_of(f.picture))
    print(f"{LEGEND}\n\n{'step':<22}{'median':>9}{'95 %':>9}{'share':>8}")
    print("\n".join(steps.rows()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
