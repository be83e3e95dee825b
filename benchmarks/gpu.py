"""What a frame takes on a GPU, and what share of its arithmetic is used: --only gpu."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from liveportrait_core.engines.compiled import compiled
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    source_parts,
    stitch,
    warp_decode,
)

from .cases import our_model
from .measure import finish

NAME: Final = "gpu"
"""Of `python -m benchmarks --only gpu`."""
MODELS: Final = ("paper", "default")
BATCHES: Final = (1, 8)
DTYPES: Final = (torch.float32, torch.float16)
MATMUL_SIDE: Final = {"cuda": 8192}
SMALL_SIDE: Final = 1024
"""Of matrices on other devices."""
WARMUPS: Final = 3
LEGEND: Final = """\
M, S, W and G of so many driving frames of one source, inputs on the device; median, ms a frame.
ready: seconds until the first result, compiling included. share: of the rate of a matrix product of
{side} x {side} in the same type, {rates} in this run."""
HEADER: Final = f"{'case':<38}{'ms':>9}{'ready':>8}{'TFLOP/s':>9}{'share':>7}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one case took."""

    name: str
    ms_a_frame: float
    ready_s: float
    flop_a_s: float

    def line(self, rate: float) -> str:
        """As printed, beside the rate of a matrix product."""
        return (
            f"{self.name:<38}{self.ms_a_frame:9.2f}{self.ready_s:8.1f}{self.flop_a_s / 1e12:9.2f}"
            f"{self.flop_a_s / rate:7.2f}"
        )


def main(device: torch.device, repeats: int) -> int:
    """Print the table; gives the exit code."""
    side = MATMUL_SIDE.get(device.type, SMALL_SIDE)
    rates = {dtype: matmul_rate(device, dtype, side, repeats) for dtype in DTYPES}
    said = ", ".join(f"{rate / 1e12:.1f} TFLOP/s in {_word(of)}" for of, rate in rates.items())
    print(f"{LEGEND.format(side=side, rates=said)}\n\n{HEADER}")
    for name in MODELS:
        for dtype, rate in rates.items():
            for row in rows(our_model(name).to(device, dtype), name, repeats):
                print(row.line(rate), flush=True)
    return 0


def rows(model: LivePortraitModel, name: str, repeats: int) -> Iterator[Row]:
    """Each batch, as it is and compiled."""
    for batch in BATCHES:
        for word, of in (("", model), (" compiled", compiled(model))):
            case = f"{name} {_word(model.dtype)} batch {batch}{word}"
            yield measured(of, batch, repeats, case)


@torch.inference_mode()
def measured(model: LivePortraitModel, batch: int, repeats: int, name: str = "") -> Row:
    """What a batch of frames takes."""
    run = frames(model, batch)
    start = time.perf_counter()
    _timed(run, model.device)
    ready_s = time.perf_counter() - start
    for _ in range(WARMUPS):
        run()
    seconds = median(_timed(run, model.device) for _ in range(max(1, repeats)))
    plain = frames(replace(model, engines={}), batch)
    # torch 2.4 counts nothing in inference mode
    with torch.inference_mode(False), torch.no_grad(), FlopCounterMode(display=False) as counter:
        plain()
    return Row(
        name=name,
        ms_a_frame=1000 * seconds / batch,
        ready_s=ready_s,
        flop_a_s=counter.get_total_flops() / seconds,
    )


def frames(model: LivePortraitModel, batch: int) -> Callable[[], Tensor]:
    """What draws a batch of driving frames of one source."""
    size = model.preset.face_size_px
    faces = torch.rand((batch, 3, size, size), device=model.device)
    volume = extract_appearance(model, faces[:1]).expand(batch, -1, -1, -1, -1)
    source = transform_keypoints(extract_motion(model, faces[:1])).expand(batch, -1, -1)
    parts = source_parts(model, volume[:1], source[:1])

    def run() -> Tensor:
        driving = transform_keypoints(extract_motion(model, faces))
        return warp_decode(model, volume, source, stitch(model, source, driving), parts=parts)

    return run


def matmul_rate(device: torch.device, dtype: torch.dtype, side: int, repeats: int) -> float:
    """FLOP a second of a matrix product."""
    left, right = torch.rand((2, side, side), device=device).to(dtype)
    seconds = median(_timed(lambda: left @ right, device) for _ in range(WARMUPS + repeats))
    return 2 * side**3 / seconds


def _timed(run: Callable[[], object], device: torch.device) -> float:
    """Seconds until a device is done."""
    finish(device)
    start = time.perf_counter()
    run()
    finish(device)
    return time.perf_counter() - start


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
