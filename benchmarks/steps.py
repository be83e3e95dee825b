"""What options do to a step of training: python -m benchmarks.steps."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch

from liveportrait_core.config.fields import build
from train.engine import loop, precision
from train.engine.precision import convolution_s
from train.engine.task import Task
from train.tasks.compact import CompactConfig, compact_task
from train.tasks.cost import noise_sets
from train.tasks.paper import PaperConfig, paper_task

LEGEND = """\
A step on noise, of one thread, each row in a process of its own: seconds of the processor (other
work on the machine does not count), fastest of the steps after the first two; most memory of the
process, libraries included; both also over those of the first row, which is float32 and channels
last."""
HEADER = f"{'':>26} {'s a step':>9} {'ratio':>7} {'MiB':>7} {'ratio':>7}"
WARM: Final = 2
"""Steps that are not counted: compiling and first calls."""
VARIANTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "plain": {},
        "not channels last": {},
        "bfloat16": {},
        "fused": {"fused": True},
        "recompute": {"recompute": True},
        "compile": {"compile": True},
    }
)
"""Options of the loop; what is no option is changed where it is measured."""


def compact(options: Mapping[str, Any]) -> tuple[Task, Any]:
    """F, W and G of the compact networks, 4 pairs."""
    values = {**options, "data": "noise", "batch": 4, "motion_batch": 0, "init": "default"}
    config = build(CompactConfig, values)
    return compact_task(config, noise_sets(config.sets, 256)), config


def tiny(options: Mapping[str, Any]) -> tuple[Task, Any]:
    """Eq. 4 on the paper's architecture with a sixteenth of the channels, 2 pairs."""
    values = {**options, "data": "noise", "preset": "tiny", "batch": 2, "total_batch": 2}
    config = build(PaperConfig, values)
    return paper_task(config, noise_sets(config.training.sets, 256)), config


TASKS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[Task, Any]]]] = MappingProxyType(
    {"compact": compact, "tiny": tiny}
)


def measured(name: str, variant: str, steps: int) -> dict[str, float]:
    """CPU seconds of a step and the most memory of this process."""
    if variant == "not channels last":
        loop.CONVOLUTION_NDIM = -1
    if variant == "bfloat16":
        precision.chosen_precision = lambda *args, **named: torch.bfloat16
    ends: list[float] = []

    def watch(step: int, average: Any, *, due: bool) -> bool:
        del step, average, due
        ends.append(time.process_time())
        return False

    with tempfile.TemporaryDirectory() as folder:
        options = {
            **{"run": Path(folder), "steps": steps + WARM, "workers": 0, "device": "cpu"},
            **{"bfloat16": False, "grid_every": 0, "save_every": 10**6, **VARIANTS[variant]},
        }
        task, config = TASKS[name](options)
        task = Task(networks=task.networks, groups=task.groups, steps=task.steps, watch=watch)
        loop.run(task, config.loop)
    seconds = [after - before for before, after in pairwise(ends[WARM - 1 :])]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(seconds), "mib": memory}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every variant of every task."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__)
    parser.add_argument("tasks", nargs="*", default=[*TASKS], help=f"({' '.join(TASKS)})")
    parser.add_argument("--variants", nargs="*", default=[*VARIANTS], help="(all)")
    parser.add_argument("--steps", type=int, default=8, help="counted steps (8)")
    parser.add_argument("--one", action="store_true", help="measure here and print JSON")
    options = parser.parse_args(arguments)
    if unknown := {*options.tasks} - {*TASKS} | {*options.variants} - {*VARIANTS}:
        parser.error(f"{', '.join(sorted(unknown))} is not known; see --help.")
    if options.one:
        print(json.dumps(measured(options.tasks[0], options.variants[0], options.steps)))
        return 0
    print(LEGEND, end="\n\n")
    probed = [1000 * convolution_s(dtype) for dtype in (torch.bfloat16, torch.float32)]
    print(f"a convolution, forward and back: bfloat16 {probed[0]:.2f} ms, float32 {probed[1]:.2f}")
    print(HEADER)
    for name in options.tasks:
        first: dict[str, float] = {}
        for variant in options.variants:
            words = [sys.executable, "-m", "benchmarks.steps", name, "--one", "--variants", variant]
            words += ["--steps", str(options.steps)]
            done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
            found = json.loads(done.stdout.splitlines()[-1])
            first = first or found
            ratios = {key: found[key] / first[key] for key in found}
            print(
                f"{name + ' ' + variant:>26} {found['seconds']:9.2f} {ratios['seconds']:7.2f} "
                f"{found['mib']:7.0f} {ratios['mib']:7.2f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
