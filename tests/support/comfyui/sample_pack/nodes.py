"""The nodes: every widget, frames with progress, something to show, a file, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.utils
import folder_paths
import torch
from comfy_api.latest import ComfyExtension, io, ui
from PIL import Image

Sample = io.Custom("SAMPLE_WIRE")


class SampleWidgets(io.ComfyNode):
    """All kinds of inputs that have a widget."""

    @classmethod
    def define_schema(cls) -> Any:
        number = {"default": 3, "min": -4, "max": 9, "step": 1}
        return io.Schema(
            node_id="SampleWidgets",
            display_name="Sample: widgets",
            category="sample",
            description="Tells its values.",
            inputs=[
                io.Int.Input("whole", tooltip="A number.", control_after_generate=True, **number),
                io.Float.Input("real", default=0.5, min=0, max=1, step=0.01, round=0.001),
                io.String.Input("text", multiline=True, placeholder="Words"),
                io.Boolean.Input("switch", default=True, label_on="yes", label_off="no"),
                io.Combo.Input("choice", options=["one", "two"], default="two"),
                io.MultiType.Input(io.Float.Input("amount", default=1.0, max=5.0), [io.Int]),
                io.Float.Input("linked", optional=True, force_input=True),
                io.Int.Input(
                    "seed", default=0, min=0, max=99, display_mode=io.NumberDisplay.number
                ),
                Sample.Input("wire", optional=True, display_name="Wire"),
            ],
            outputs=[io.String.Output(display_name="told"), Sample.Output("made", tooltip="It.")],
            is_experimental=True,
        )

    @classmethod
    def execute(cls, wire: Any = None, **values: Any) -> Any:
        return io.NodeOutput(json.dumps(values, sort_keys=True), (wire, len(values)))


class SampleFrames(io.ComfyNode):
    """Frames of one value, with progress and a preview."""

    @classmethod
    def define_schema(cls) -> Any:
        return io.Schema(
            node_id="SampleFrames",
            category="sample",
            inputs=[
                io.Int.Input("count", default=2, min=1, max=8),
                io.Float.Input("value", default=0.5, min=0.0, max=1.0),
                io.Mask.Input("mask", optional=True),
            ],
            outputs=[io.Image.Output(display_name="images"), io.Mask.Output(display_name="masks")],
        )

    @classmethod
    def execute(cls, count: int, value: float, mask: torch.Tensor | None = None) -> Any:
        bar = comfy.utils.ProgressBar(count)
        frames = []
        for index in range(count):
            comfy.model_management.throw_exception_if_processing_interrupted()
            frames.append(torch.full((1, 4, 6, 3), value))
            bar.update_absolute(index + 1, count, ("JPEG", Image.new("RGB", (6, 4)), 512))
        made = torch.zeros(count, 4, 6) if mask is None else mask
        return io.NodeOutput(torch.cat(frames), made)


class SampleShow(io.ComfyNode):
    """Shows the mean of what comes in, and what is hidden."""

    @classmethod
    def define_schema(cls) -> Any:
        return io.Schema(
            node_id="SampleShow",
            category="sample",
            inputs=[
                io.MultiType.Input("pixels", [io.Image, io.Mask]),
                io.String.Input("title", default=""),
            ],
            outputs=[io.Float.Output(display_name="mean")],
            hidden=[io.Hidden.unique_id],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, pixels: torch.Tensor, title: str) -> Any:
        hidden = cls.hidden
        told = [title, hidden.unique_id, sorted(hidden.prompt or {}), hidden.extra_pnginfo]
        mean = round(float(pixels.mean()), 4)
        return io.NodeOutput(mean, ui=ui.PreviewText(json.dumps([*told, mean])))


class SampleFile(io.ComfyNode):
    """Reads a file of the input folder, and again only when it has changed."""

    @classmethod
    def define_schema(cls) -> Any:
        folder = Path(folder_paths.get_input_directory())
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        file = io.Combo.Input(
            "file",
            options=names,
            upload=io.UploadType.image,
            image_folder=io.FolderType.input,
        )
        outputs = [io.String.Output(display_name="text")]
        return io.Schema(node_id="SampleFile", category="sample", inputs=[file], outputs=outputs)

    @classmethod
    def validate_inputs(cls, file: str) -> bool | str:
        return folder_paths.exists_annotated_filepath(file) or f"There is no {file}."

    @classmethod
    def fingerprint_inputs(cls, file: str) -> str:
        return cls.read(file)

    @classmethod
    def read(cls, file: str) -> str:
        return Path(folder_paths.get_annotated_filepath(file)).read_text()

    @classmethod
    async def execute(cls, file: str) -> Any:
        return io.NodeOutput(cls.read(file))


class SampleMistake(io.ComfyNode):
    """Does what a node must not do, or stops."""

    @classmethod
    def define_schema(cls) -> Any:
        kinds = ["none", "raise", "keep state", "cancel"]
        return io.Schema(
            node_id="SampleMistake",
            category="sample",
            inputs=[io.AnyType.Input("value"), io.Combo.Input("mistake", options=kinds)],
            outputs=[io.Image.Output()],
            not_idempotent=True,
        )

    @classmethod
    def execute(cls, value: Any, mistake: str) -> Any:
        if mistake == "raise":
            raise ValueError("This one fails.")
        if mistake == "keep state":
            cls.state = value
        if mistake == "cancel":
            comfy.model_management.interrupt_current_processing()
            comfy.utils.ProgressBar(1).update(1)
        return io.NodeOutput(value)


class SampleExtension(ComfyExtension):
    """The pack."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [SampleWidgets, SampleFrames, SampleShow, SampleFile, SampleMistake]
