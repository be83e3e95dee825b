"""The server, as far as nodes call it."""

from __future__ import annotations

from typing import Any


class PromptServer:
    """`instance` is None until a test asks for a server; `sent` has what it was given."""

    instance: PromptServer | None = None

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send_progress_text(self, text: str, node_id: str, sid: Any = None) -> None:
        self.sent.append((text, node_id))
