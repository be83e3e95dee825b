"""LivePortrait Suite: ComfyUI loads this folder; the library is `liveportrait_core`."""

WEB_DIRECTORY = "./web"
"""Help pages that ComfyUI serves."""


async def comfy_entrypoint():
    """The nodes, when ComfyUI asks for them; importing this folder needs no ComfyUI."""
    from .nodes import LivePortraitExtension  # noqa: PLC0415 - as the docstring says

    return LivePortraitExtension()
