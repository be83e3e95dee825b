"""Odd values on the wires: a node pack for tests, put into custom_nodes as `__init__.py`."""

import torch
from comfy_api.latest import ComfyExtension, io, ui

KINDS = (
    "noise",
    "empty",
    "fp16",
    "alpha",
    "not a number",
    "first lost",
    "middle lost",
    "stretched",
)


class OddImages(io.ComfyNode):
    """A batch of pictures, made odd."""

    @classmethod
    def define_schema(cls):
        """Pictures in, pictures out."""
        return io.Schema(
            node_id="OddImages",
            category="odd",
            inputs=[io.Image.Input("pictures"), io.Combo.Input("kind", options=list(KINDS))],
            outputs=[io.Image.Output(display_name="odd")],
        )

    @classmethod
    def execute(cls, pictures, kind):
        """Make them odd."""
        noise = torch.rand(pictures.shape, generator=torch.Generator().manual_seed(0))
        if kind == "noise":
            return io.NodeOutput(noise)
        if kind == "empty":
            return io.NodeOutput(pictures[:0])
        if kind == "fp16":
            return io.NodeOutput(pictures.half())
        if kind == "alpha":
            return io.NodeOutput(torch.cat((pictures, noise[..., :1]), -1))
        if kind == "not a number":
            return io.NodeOutput(torch.full_like(pictures, torch.nan))
        if kind == "stretched":
            return io.NodeOutput(pictures[:, :, : pictures.shape[2] // 2])
        lost = slice(0, 3) if kind == "first lost" else slice(6, 9)
        mixed = pictures.clone()
        mixed[lost] = noise[lost]
        return io.NodeOutput(mixed)


class OddMotion(io.ComfyNode):
    """What another pack may put on a motion wire."""

    @classmethod
    def define_schema(cls):
        """A kind in, something out."""
        return io.Schema(
            node_id="OddMotion",
            category="odd",
            inputs=[io.Combo.Input("kind", options=["text", "empty dict"])],
            outputs=[io.Custom("LIVEPORTRAIT_MOTION").Output(display_name="odd")],
        )

    @classmethod
    def execute(cls, kind):
        """Give it."""
        return io.NodeOutput("nod twice" if kind == "text" else {})


class OddSound(io.ComfyNode):
    """A sound, made odd."""

    @classmethod
    def define_schema(cls):
        """A sound in, a sound out."""
        kinds = ["no samples", "not a number", "cut short", "5.1", "7.1"]
        return io.Schema(
            node_id="OddSound",
            category="odd",
            inputs=[io.Audio.Input("sound"), io.Combo.Input("kind", options=kinds)],
            outputs=[io.Audio.Output(display_name="odd")],
        )

    @classmethod
    def execute(cls, sound, kind):
        """Make it odd."""
        waveform = sound["waveform"]
        made = {
            "no samples": waveform[..., :0],
            "not a number": torch.full_like(waveform, torch.nan),
            "cut short": waveform[..., : sound["sample_rate"] // 20],
            "5.1": waveform[:, :1].repeat(1, 6, 1),
            "7.1": waveform[:, :1].repeat(1, 8, 1),
        }
        return io.NodeOutput({**sound, "waveform": made[kind]})


class OddKept(io.ComfyNode):
    """How much a model has kept of earlier runs."""

    @classmethod
    def define_schema(cls):
        """A model in, the number of bytes as text."""
        return io.Schema(
            node_id="OddKept",
            category="odd",
            is_output_node=True,
            inputs=[
                io.Custom("LIVEPORTRAIT_MODEL").Input("model"),
                io.Int.Input("turn", default=0),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, model, turn):
        """Ask; another turn asks again."""
        return io.NodeOutput(ui=ui.PreviewText(str(model.kept.num_bytes)))


class Odd(ComfyExtension):
    """All nodes."""

    async def get_node_list(self):
        """All."""
        return [OddImages, OddMotion, OddSound, OddKept]


async def comfy_entrypoint():
    """What ComfyUI asks for."""
    return Odd()
