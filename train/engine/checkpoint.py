"""State of a run: written whole, read back by the same command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.atomic import replacing, unwritable

NAME = "checkpoint.pt"
PARTS = frozenset({"step", "modules", "average", "optimiser"})
"""Keys of a state."""


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
    if not isinstance(state, dict) or not state.keys() >= PARTS:
        raise _unusable(path, "is another program's")
    return state


def _unusable(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{path} {what}; a checkpoint of this run is expected. Delete it to start the run anew."
    )
