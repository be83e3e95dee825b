"""Compare what computes the networks: python -m benchmarks.engines."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, Final

import torch

from liveportrait_core.engines.compiled import compiled
from liveportrait_core.engines.onnx_export import trial_inputs
from liveportrait_core.engines.onnx_networks import with_onnx
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.stages import source_parts

from .cases import MODELS, our_model

MAKERS: Final[Mapping[str, Callable[[LivePortraitModel], LivePortraitModel]]] = {
    "onnx": with_onnx,
    "compile": compiled,
}
NETWORKS: Final = ("appearance", "motion", "warping", "decoder")
STEP: Final = 0.02
LEGEND: Final = """\
Batch 1, float32, in turns in one process; medians of the processor's time in all threads, ms, and
over torch's: below 1 is quicker. ready: seconds until the first result, compiling included. As in a
clip torch has a folded M, and what depends on the source alone is made before, also for compiled
networks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines",
        description="F, M, W and G by torch, ONNX Runtime and torch.compile.",
    )
    parser.add_argument("--model", choices=MODELS[:-1], default=MODELS[0])
    parser.add_argument("--engine", choices=tuple(MAKERS), action="append", help="(all)")
    parser.add_argument("--network", choices=NETWORKS, action="append", help="(all)")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each (5)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    model = our_model(options.model)
    engines = {"torch": model.reading()}
    print(f"{LEGEND}\n")
    for name in options.engine or MAKERS:
        start = time.perf_counter()
        engines[name] = MAKERS[name](model)
        print(f"{name} was made in {time.perf_counter() - start:.1f} s", flush=True)
    print(f"{'network':<12}{'engine':<10}{'ms':>9}{'ratio':>8}{'ready':>8}")
    for network in options.network or NETWORKS:
        for line in _compared(engines, network, options.repeats):
            print(line, flush=True)
    return 0


def _compared(engines: Mapping[str, LivePortraitModel], network: str, repeats: int) -> list[str]:
    """A line for each engine."""
    model = engines["torch"]
    inputs: tuple[Any, ...] = trial_inputs(model, STEP)[network]
    ready: dict[str, float] = {}
    spent: dict[str, list[float]] = {name: [] for name in engines}
    with torch.inference_mode():
        if network == "warping":
            inputs = (*inputs, source_parts(model, *inputs[:2]))
        if inputs[-1] is None:
            inputs = inputs[:-1]
        for name, of in engines.items():
            start = time.perf_counter()
            of.compute(network, *inputs)
            ready[name] = time.perf_counter() - start
        for _ in range(repeats):
            for name, of in engines.items():
                start = time.process_time()
                of.compute(network, *inputs)
                spent[name].append(1000 * (time.process_time() - start))
    plain = median(spent["torch"])
    return [
        f"{network:<12}{name:<10}{median(times):9.1f}{median(times) / plain:8.2f}{ready[name]:8.1f}"
        for name, times in spent.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
