"""What keeps a frame from less, by operator: python -m benchmarks.operators."""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from .cases import FRAME, MODELS, WHAT, Case, prepare

LEGEND = """\
One run after a first one that is not counted; batch 1, float32, one thread, CPU time, so that other
work on the machine counts little. peak: the operator's rate over that of a float32 matrix product
of {side} x {side}, {rate:.0f} GFLOP/s here, of the same minute."""
HEADER = (
    f"{'operator':<28} {'calls':>6} {'ms':>8} {'share':>6} {'GFLOP':>8} {'GFLOP/s':>8} {'peak':>5}"
)
PEAK_SIDE = 1024
PEAK_REPEATS = 5
SMALLEST_SHARE = 0.005
"""Of the time; operators below are summed up as the rest."""


@dataclass(slots=True)
class Cost:
    """What an operator took in all its calls."""

    calls: int = 0
    seconds: float = 0.0
    flop: float = 0.0


class OperatorTimes(TorchDispatchMode):
    """CPU time and FLOPs (two for each multiply-add) of each operator that is called within."""

    def __init__(self) -> None:
        super().__init__()
        self.costs: dict[str, Cost] = defaultdict(Cost)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        start = time.process_time()
        given = func(*args, **options)
        cost = self.costs[str(func.overloadpacket).removeprefix("aten.")]
        cost.seconds += time.process_time() - start
        cost.calls += 1
        count: Callable[..., int] | None = flop_registry.get(func.overloadpacket)
        if count is not None:
            cost.flop += count(*args, **options, out_val=given)
        return given


def matrix_rate() -> float:
    """FLOPs a second of a large float32 matrix product: the peak that the table is against."""
    square = torch.rand((PEAK_SIDE, PEAK_SIDE))
    torch.mm(square, square)
    start = time.process_time()
    for _ in range(PEAK_REPEATS):
        torch.mm(square, square)
    return 2 * PEAK_SIDE**3 * PEAK_REPEATS / (time.process_time() - start)


def table(costs: Mapping[str, Cost], peak: float) -> list[str]:
    """Lines for print, the dearest operator first."""
    total = sum(cost.seconds for cost in costs.values())
    rest = Cost()
    lines = [HEADER]
    for name, cost in sorted(costs.items(), key=lambda item: -item[1].seconds):
        if cost.seconds < SMALLEST_SHARE * total:
            rest.calls += cost.calls
            rest.seconds += cost.seconds
            rest.flop += cost.flop
        else:
            lines.append(_line(name, cost, total, peak))
    everything = Cost(
        sum(cost.calls for cost in costs.values()),
        total,
        sum(cost.flop for cost in costs.values()),
    )
    return [*lines, _line("rest", rest, total, peak), _line("all", everything, total, peak)]


def _line(name: str, cost: Cost, total: float, peak: float) -> str:
    rate = cost.flop / cost.seconds if cost.seconds else 0.0
    work = f"{cost.flop / 1e9:8.1f} {rate / 1e9:8.1f} {rate / peak:5.2f}" if cost.flop else ""
    return (
        f"{name:<28} {cost.calls:>6} {cost.seconds * 1e3:>8.0f} {cost.seconds / total:>6.3f} {work}"
    ).rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operators", description=__doc__)
    parser.add_argument("--model", choices=MODELS[:-1], default=MODELS[1], help="(%(default)s)")
    parser.add_argument("--what", choices=WHAT, default=FRAME, help="(%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with torch.no_grad():
        run = prepare(Case(model=options.model, what=options.what), torch.device("cpu")).run
        run()
        times = OperatorTimes()
        with times:
            run()
        peak = matrix_rate()
    print(LEGEND.format(side=PEAK_SIDE, rate=peak / 1e9), end="\n\n")
    print(*table(times.costs, peak), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
