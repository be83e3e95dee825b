"""Progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PROGRESS_BAR_HOOK: Callable[..., None] | None = None


def set_progress_bar_global_hook(function: Callable[..., None] | None) -> None:
    """What progress bars call that are made from now on."""
    global PROGRESS_BAR_HOOK  # noqa: PLW0603
    PROGRESS_BAR_HOOK = function


class ProgressBar:
    """Calls the hook at each step."""

    def __init__(self, total: int) -> None:
        self.total, self.hook = total, PROGRESS_BAR_HOOK

    def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
        """`preview` is (format, PIL image, longest side or None)."""
        self.total = self.total if total is None else total
        if self.hook is not None:
            self.hook(min(value, self.total), self.total, preview)
