"""The ComfyUI nodes: every stage of LivePortrait, and the ones people reach for first."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from comfy_api.latest import ComfyExtension, io

_LOG = logging.getLogger(__name__)
REQUIREMENTS: Final = {"cv2": "opencv-python-headless", "timm": "timm"}
"""What `requirements.txt` adds to a ComfyUI: module -> package."""


class LivePortraitExtension(ComfyExtension):
    """Every node, in menu order."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """The node classes; what goes wrong is logged whole, as ComfyUI keeps one line of it."""
        warn_of_missing_packages()
        try:
            from . import demo_media, menu  # noqa: PLC0415 - their errors are to be logged here
            from .server import routes  # noqa: PLC0415 - likewise
        except Exception:
            _LOG.exception("LivePortrait Suite: the nodes cannot be loaded.")
            raise
        demo_media.give_demo_media()
        routes.register()
        return list(menu.NODES)


def warn_of_missing_packages() -> None:
    """Say at the start what would fail at the first run; nothing is imported."""
    missing = [package for module, package in REQUIREMENTS.items() if find_spec(module) is None]
    if missing:
        file = Path(__file__).resolve().parents[1] / "requirements.txt"
        _LOG.warning(
            "LivePortrait Suite: %s is not installed, and its nodes need it. Install it with the "
            'Python of this ComfyUI: python -m pip install -r "%s"',
            " and ".join(missing),
            file,
        )
