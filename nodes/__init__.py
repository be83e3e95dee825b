"""The ComfyUI nodes: every stage of LivePortrait, and the ones people reach for first."""

from __future__ import annotations

import logging

from comfy_api.latest import ComfyExtension, io

_LOG = logging.getLogger(__name__)


class LivePortraitExtension(ComfyExtension):
    """Every node, in menu order."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """The node classes; what goes wrong is logged whole, as ComfyUI keeps one line of it."""
        try:
            from . import menu  # noqa: PLC0415 - its errors are to be logged here
        except Exception:
            _LOG.exception("LivePortrait Suite: the nodes cannot be loaded.")
            raise
        return list(menu.NODES)
