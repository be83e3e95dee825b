"""Print what each network costs: python -m benchmarks."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from . import gpu
from .cases import MODELS, WHAT, Case, cases
from .measure import Measurement, Settings, measure_apart

HEADER = ("case", "params M", "GFLOP", "ms", "fastest", "MiB", "ms ratio")
WIDTHS = (28, 9, 10, 10, 10, 8, 9)
LEGEND = """\
Batch 1, float32, no gradients, random inputs; each case in a process of its own.
ms: median of the repeats. MiB: how far the first run raised the process's resident memory (the
GPU's allocated memory), weights and inputs excluded; "-" where the system does not tell.
frame: all that one driving frame needs (M, S, W, G), without files, face finding and pasting.
ms ratio: published code over ours of the same size; above 1 ours is faster."""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Milliseconds, memory and FLOPs of each network and of a whole frame.",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (cpu)")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each case (5)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help=f"cases with this in their name, as {MODELS[0]}, {WHAT[1]} or {MODELS[1]}.{WHAT[3]}; "
        f"may be repeated; {gpu.NAME}: what a frame takes on a GPU, by itself",
    )
    parser.add_argument(
        "--published-code",
        type=Path,
        metavar="FOLDER",
        help="a clone of the published LivePortrait code, measured beside ours",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    if options.repeats < 1 or options.threads < 1:
        print("error: --repeats and --threads must be 1 or more.", file=sys.stderr)
        return 2
    if options.only == [gpu.NAME]:
        torch.set_num_threads(options.threads)
        return gpu.main(torch.device(options.device), options.repeats)
    settings = Settings(device=options.device, repeats=options.repeats, threads=options.threads)
    chosen = [
        case
        for case in cases(options.published_code)
        if not options.only or any(part in case.name for part in options.only)
    ]
    if not chosen:
        print(f"error: no case is named {', '.join(options.only)}.", file=sys.stderr)
        return 2
    print(LEGEND, end="\n\n")
    print(_line(HEADER))
    results: dict[str, Measurement] = {}
    for case in chosen:
        try:
            results[case.name] = measure_apart(case, settings)
        except RuntimeError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        print(_row(case, results), flush=True)
    return 0


def _row(case: Case, results: dict[str, Measurement]) -> str:
    found = results[case.name]
    ours = results.get(f"{MODELS[1]}.{case.what}")
    compares = case.model == MODELS[-1] and ours is not None
    return _line(
        (
            case.name,
            f"{found.num_parameters / 1e6:.3f}",
            f"{found.gigaflops:.3f}",
            f"{found.median_ms:.2f}",
            f"{found.fastest_ms:.2f}",
            "-" if found.working_mib is None else f"{found.working_mib:.0f}",
            f"{found.median_ms / ours.median_ms:.2f}" if compares and ours else "",
        )
    )


def _line(cells: Sequence[str]) -> str:
    name, *rest = (
        f"{cell:{'<' if k == 0 else '>'}{width}}"
        for k, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return " ".join((name, *rest)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
