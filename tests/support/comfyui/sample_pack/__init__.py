"""A small node pack that uses what the stand-in offers; it runs in ComfyUI as well.

The tests of the stand-in run it, and compare what it does here with what it does there.
"""

from typing import Any


async def comfy_entrypoint() -> Any:
    """Called by ComfyUI."""
    from .nodes import SampleExtension  # noqa: PLC0415  (needs ComfyUI, or the stand-in)

    return SampleExtension()
