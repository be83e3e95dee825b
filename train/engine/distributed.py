"""Which of a run's processes this is, as torchrun tells it before anything is set up."""

from __future__ import annotations

import os


def num_processes() -> int:
    """Processes of the run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def num_local_processes() -> int:
    """Processes of the run on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """Whether this is the one that prepares and writes."""
    return not int(os.environ.get("RANK", "0"))
