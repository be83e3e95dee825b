"""Measure one case in a process of its own: python -m benchmarks.measure JSON."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from .cases import Case, Run, prepare

MIB = 2**20
STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
RESET_PEAK = "5"
"""Linux: sets the peak resident size back to the present one (man 5 proc)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a case is measured."""

    device: str
    repeats: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a case costs, batch 1, float32, no gradients."""

    median_ms: float
    fastest_ms: float
    gigaflops: float
    """Two for each multiply-add, of convolutions and matrix products only."""
    working_mib: float | None
    """Peak of the first run above what the process held before it; None where unknown."""
    num_parameters: int


class _PeakMemory:
    """Memory of the process or of the GPU, as far as one run raises it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        gc.collect()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._before_mib: float | None = torch.cuda.memory_allocated(device) / MIB
        elif device.type == "cpu" and CLEAR_REFS.exists():
            ctypes.CDLL(None).malloc_trim(0)  # freed memory that is kept would hide new use
            CLEAR_REFS.write_text(RESET_PEAK)
            self._before_mib = _status_mib("VmRSS")
        else:
            self._before_mib = None

    def raised_mib(self) -> float | None:
        """Peak since the start, above the start."""
        if self._before_mib is None:
            return None
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / MIB - self._before_mib
        return _status_mib("VmHWM") - self._before_mib


def _status_mib(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text("ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def measure(case: Case, settings: Settings) -> Measurement:
    """Measure here: memory in the first run, FLOPs in the second, time in the rest."""
    torch.set_num_threads(settings.threads)
    device = torch.device(settings.device)
    prepared = prepare(case, device)
    with torch.no_grad():
        memory = _PeakMemory(device)
        prepared.run()
        working_mib = memory.raised_mib()
        with FlopCounterMode(display=False) as counter:
            prepared.run()
        times = [_milliseconds(prepared.run, device) for _ in range(settings.repeats)]
    return Measurement(
        median_ms=median(times),
        fastest_ms=min(times),
        gigaflops=counter.get_total_flops() / 1e9,
        working_mib=working_mib,
        num_parameters=prepared.num_parameters,
    )


def _milliseconds(run: Run, device: torch.device) -> float:
    finish(device)
    start_s = time.perf_counter()
    run()
    finish(device)
    return 1000 * (time.perf_counter() - start_s)


def finish(device: torch.device) -> None:
    """Wait until a device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def measure_apart(case: Case, settings: Settings) -> Measurement:
    """Measure in a fresh process, so that no case inherits another's memory.

    Raises:
        RuntimeError: The process failed; its last line says why.
    """
    request = json.dumps({"case": asdict(case), "settings": asdict(settings)})
    command = [sys.executable, "-m", "benchmarks.measure", request]
    # Threads that wait sleep instead of spinning: on a busy machine the numbers keep their sense.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(f"{case.name} could not be measured: {reason}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def _main() -> None:
    request = json.loads(sys.argv[1])
    result = measure(Case(**request["case"]), Settings(**request["settings"]))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    _main()
