"""ComfyUI's server."""

from collections.abc import Mapping
from typing import ClassVar

from aiohttp.web import RouteTableDef

class PromptQueue:
    currently_running: Mapping[int, object]

class PromptServer:
    instance: ClassVar[PromptServer]
    routes: RouteTableDef
    prompt_queue: PromptQueue
    def send_progress_text(self, text: str, node_id: str) -> None: ...
