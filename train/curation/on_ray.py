"""The same jobs on a Ray cluster; ray is imported when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from liveportrait_core.errors import MediaError

from .clip_extraction import Rejected
from .jobs import FileJob, run_job, write_record
from .settings import CurationSettings
from .tools import ToolsFactory
from .workers import Watchdog, WorkerOptions, record_hanging

MAX_BLOCKS: Final = 10_000
"""Blocks of files; a crash costs one block, so a block has one file where files are fewer."""
ROOT: Final = Path(__file__).resolve().parents[2]


def run_on_ray(
    jobs: Sequence[FileJob],
    factory: ToolsFactory,
    settings: CurationSettings,
    options: WorkerOptions,
) -> Iterator[FileJob]:
    """Run jobs on the cluster of RAY_ADDRESS, or on a local one.

    Convention:
        - all machines see the files and the output folder under the same paths
        - Ray tries a file again when its process dies; a file that has no part at the end is
          rejected
        - a process whose file hangs records it and ends itself, where the hanging code lets other
          threads run

    Yields:
        Each job once its part is there, in no particular order.

    Raises:
        MediaError: ray is not installed, a part cannot be written, or the tools cannot be made.
    """
    try:
        ray: Any = importlib.import_module("ray")
        data: Any = importlib.import_module("ray.data")
    except ImportError as error:
        raise MediaError(
            f"--ray needs Ray Data, which is not installed ({error}). Run pip install 'ray[data]', "
            "or leave --ray out."
        ) from error
    if not ray.is_initialized():
        ray.init(runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}})
    data.DataContext.get_current().max_errored_blocks = -1
    rows = data.from_items(
        [{"number": number} for number in range(len(jobs))],
        override_num_blocks=max(1, min(len(jobs), MAX_BLOCKS)),
    ).map(
        _RayWorker,
        fn_constructor_args=(list(jobs), factory, settings, options.max_wait_s),
        compute=data.ActorPoolStrategy(size=max(1, options.number)),
        num_cpus=1,
    )
    seen: set[int] = set()
    for row in rows.iter_rows():
        if row["failure"]:
            raise MediaError(row["failure"])
        seen.add(int(row["number"]))
        yield jobs[int(row["number"])]
    for number, job in enumerate(jobs):
        if number not in seen:
            if not job.record.exists():
                write_record(job, 0, [Rejected(reason="ended its process", note="on Ray")])
            yield job


class _RayWorker:
    """An actor: the tools are made once, then one file comes after another."""

    def __init__(
        self,
        jobs: Sequence[FileJob],
        factory: ToolsFactory,
        settings: CurationSettings,
        max_wait_s: float,
    ) -> None:
        self._jobs, self._settings, self._max_wait_s = jobs, settings, max_wait_s
        self._tools = factory.make()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        job = self._jobs[int(row["number"])]
        try:
            if not job.record.exists():  # an earlier process rejected it
                end = partial(_end_process, job, self._max_wait_s)
                with Watchdog(self._max_wait_s, end) as watchdog:
                    run_job(job, self._tools, self._settings, watchdog.heartbeat)
        except MediaError as error:
            return {"number": row["number"], "failure": str(error)}
        return {"number": row["number"], "failure": ""}


def _end_process(job: FileJob, max_wait_s: float) -> None:
    """Reject a file that hangs, and end this process."""
    record_hanging(job, max_wait_s)
    os._exit(1)
