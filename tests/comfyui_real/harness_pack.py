"""A node pack for the tests of the harness: put into custom_nodes as `__init__.py`."""

import time

from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from comfy_api.latest import ComfyExtension, io
from PIL import Image


class Slow(io.ComfyNode):
    """Counts to ten and shows a picture each time."""

    @classmethod
    def define_schema(cls):
        """One number in, one out."""
        return io.Schema(
            node_id="HarnessSlow",
            category="harness",
            inputs=[io.Float.Input("pause_s", default=0.1)],
            outputs=[io.Int.Output(display_name="count")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, pause_s):
        """Count."""
        bar = ProgressBar(10)
        for count in range(1, 11):
            throw_exception_if_processing_interrupted()
            time.sleep(pause_s)
            picture = Image.new("RGB", (64, 48), (20 * count, 0, 0))
            bar.update_absolute(count, 10, ("JPEG", picture, 64))
        return io.NodeOutput(10, ui={"text": ["10"]})


class Refusing(io.ComfyNode):
    """Always ends in a sentence."""

    @classmethod
    def define_schema(cls):
        """A number in, nothing out."""
        return io.Schema(
            node_id="HarnessRefusing",
            category="harness",
            inputs=[io.Int.Input("count", default=1, min=0)],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, count):
        """Refuse."""
        raise ValueError(f"{count} is not what I want. Give another number.")


class Harness(ComfyExtension):
    """Both nodes."""

    async def get_node_list(self):
        """Both."""
        return [Slow, Refusing]


async def comfy_entrypoint():
    """What ComfyUI asks for."""
    return Harness()
