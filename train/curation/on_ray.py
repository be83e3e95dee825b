"""The same tasks on a Ray cluster; ray is imported when it is asked for."""

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
from .jobs import Task, leave_record, run_task
from .settings import CurationSettings
from .tools import Recipe
from .workers import Watchdog, leave_hanging

MOST_BLOCKS: Final = 10_000
"""Blocks of files; a crash costs one of them, so there is one a file where there are fewer."""
ROOT: Final = Path(__file__).resolve().parents[2]


def run_on_ray(
    tasks: Sequence[Task],
    recipe: Recipe,
    settings: CurationSettings,
    workers: int,
    most_wait_s: float = 0.0,
) -> Iterator[Task]:
    """Run tasks on the cluster of RAY_ADDRESS, or on a local one.

    Convention:
        - all machines see the files and the output folder under the same paths
        - Ray tries a file again when its process dies; a file that has no part at the end is
          rejected
        - a process whose file hangs says so and ends itself, as far as the hanging code lets
          other threads run

    Yields:
        Each task once its part is there, in no particular order.

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
        [{"number": number} for number in range(len(tasks))],
        override_num_blocks=max(1, min(len(tasks), MOST_BLOCKS)),
    ).map(
        _RayWorker,
        fn_constructor_args=(list(tasks), recipe, settings, most_wait_s),
        compute=data.ActorPoolStrategy(size=workers),
        num_cpus=1,
    )
    seen: set[int] = set()
    for row in rows.iter_rows():
        if row["failure"]:
            raise MediaError(row["failure"])
        seen.add(int(row["number"]))
        yield tasks[int(row["number"])]
    for number, task in enumerate(tasks):
        if number not in seen:
            if not task.record.exists():
                leave_record(task, 0, [Rejected(reason="ended its process", note="on Ray")])
            yield task


class _RayWorker:
    """An actor: the tools are made once, then one file comes after the other."""

    def __init__(
        self,
        tasks: Sequence[Task],
        recipe: Recipe,
        settings: CurationSettings,
        most_wait_s: float,
    ) -> None:
        self._tasks, self._settings, self._most_wait_s = tasks, settings, most_wait_s
        self._tools = recipe.make()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        task = self._tasks[int(row["number"])]
        try:
            if not task.record.exists():  # a process before this one gave it up
                with Watchdog(self._most_wait_s, partial(_give_up, task, self._most_wait_s)) as dog:
                    run_task(task, self._tools, self._settings, dog.alive)
        except MediaError as error:
            return {"number": row["number"], "failure": str(error)}
        return {"number": row["number"], "failure": ""}


def _give_up(task: Task, most_wait_s: float) -> None:
    """Say that a file hangs, and end this process, which nothing else would."""
    leave_hanging(task, most_wait_s)
    os._exit(1)
