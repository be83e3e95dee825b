"""State of a run: written whole, beside the training, and read back by the same command."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import torch
from torch import Tensor

from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.atomic import replacing, unwritable

NAME: Final = "checkpoint.pt"
PARTS: Final = MappingProxyType({"step": int, "modules": dict, "average": dict, "optimiser": dict})
"""Keys of a state, and what their values are."""
BEST_NAME: Final = "checkpoint-best.pt"
"""That of the step that did best on the validation pairs."""
_KEPT = re.compile(r"checkpoint-\d{7,}\.pt")


def save(folder: Path, state: dict[str, Any]) -> None:
    """Write the state whole, or leave the last one as it was.

    Raises:
        MediaError: The disk is full, or the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / NAME) as part:
        try:
            torch.save(state, part)
        except (OSError, RuntimeError) as error:  # torch tells of a full disk by the latter
            raise unwritable(folder / NAME, OSError(f"torch.save failed ({error})")) from error


def is_begun(folder: Path) -> bool:
    """Whether a run's folder holds a state that it goes on with."""
    return (folder / NAME).is_file()


def load(folder: Path) -> dict[str, Any] | None:
    """The state last saved in a folder, or None in a new one.

    Raises:
        CheckpointError: The file is there but cannot be read, or is not that of a run.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise _unusable(path, f"cannot be read ({error})") from error
    if not isinstance(state, dict) or not all(
        isinstance(state.get(name), kind) for name, kind in PARTS.items()
    ):
        raise _unusable(path, "is another program's")
    return state


def _unusable(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{path} {what}; a checkpoint of this run is expected. Delete it to start the run anew."
    )


class Saver:
    """Writes states of a run beside the training: a step waits only while one is copied.

    Convention:
        - the newest is NAME; of several that are kept, each is also `checkpoint-STEP.pt`, and that
          of the best step BEST_NAME, by links where the disk has them
    """

    def __init__(self, folder: Path, keep: int) -> None:
        """Write nothing yet.

        Args:
            folder: Of the run.
            keep: How many are kept.
        """
        self._folder, self._keep = folder, keep
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def save(self, state: dict[str, Any], *, is_best: bool = False) -> None:
        """Copy the state, and write it as soon as the one before is written.

        Args:
            state: With the number of its step as `step`.
            is_best: Whether no earlier one did as well.

        Raises:
            MediaError: The one before could not be written.
        """
        self.finish()
        self._writing = self._thread.submit(self._write, _copied(state), is_best)

    def finish(self) -> None:
        """Wait until all is written.

        Raises:
            MediaError: It could not be.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, state: dict[str, Any], is_best: bool) -> None:
        save(self._folder, state)
        if self._keep < 2:  # noqa: PLR2004 - the newest alone
            return
        _link(self._folder / NAME, self._folder / f"checkpoint-{state['step']:07d}.pt")
        if is_best:
            _link(self._folder / NAME, self._folder / BEST_NAME)
        kept = sorted(path for path in self._folder.iterdir() if _KEPT.fullmatch(path.name))
        for path in kept[: -self._keep]:
            path.unlink(missing_ok=True)


def _link(path: Path, name: Path) -> None:
    """A second name of a file, or a copy where there are no links."""
    with suppress(FileNotFoundError):
        name.unlink()
    try:
        os.link(path, name)
    except OSError:
        with replacing(name) as part:
            try:
                shutil.copyfile(path, part)
            except OSError as error:
                raise unwritable(name, error) from error


def _copied(value: Any) -> Any:
    """The same with all tensors copied to the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        entries = cast("dict[Any, Any]", value)
        return {key: _copied(entry) for key, entry in entries.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(entry) for entry in cast("list[Any]", value))
    return value
