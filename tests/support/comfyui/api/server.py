"""The server, as far as packs reach for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class StandInRoutes:
    """Keeps the handlers that a pack adds."""

    def __init__(self) -> None:
        self.handlers: dict[tuple[str, str], Callable[..., Any]] = {}

    def _adder(self, method: str, path: str) -> Callable[..., Any]:
        def add(handler: Callable[..., Any]) -> Callable[..., Any]:
            if (method, path) in self.handlers:
                raise ValueError(f"{method} {path} was added twice.")
            self.handlers[method, path] = handler
            return handler

        return add

    def get(self, path: str) -> Callable[..., Any]:
        """A decorator for a handler."""
        return self._adder("GET", path)

    def post(self, path: str) -> Callable[..., Any]:
        """A decorator for a handler."""
        return self._adder("POST", path)


class PromptServer:
    """`instance` is None until a test asks for a server."""

    instance: PromptServer | None = None

    def __init__(self) -> None:
        self.routes = StandInRoutes()
        self.client_id: str | None = None
        self.sent: list[tuple[Any, ...]] = []

    def send_sync(self, event: Any, data: Any, sid: Any = None) -> None:
        """Kept in `sent`."""
        self.sent.append((event, data, sid))

    def send_progress_text(self, text: Any, node_id: str, sid: Any = None) -> None:
        """Kept in `sent`."""
        self.send_sync("progress_text", (text, node_id), sid)
