"""Extract Appearance: f_s = F(I_s)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from comfy_api.latest import io
from torch import Tensor

from .. import liveportrait_core as core
from . import adapt, runtime
from .schema import field, schema
from .sockets import Features, FeaturesSocket, LoadedModel, ModelSocket


class ExtractAppearance(io.ComfyNode):
    """The feature volume of a face."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ExtractAppearance",
            display_name="Extract Appearance (LivePortrait)",
            description="Turns the source's face crops into feature volumes (network F).",
            stage="stages",
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(
                    io.Image,
                    "cropped",
                    tooltip="Face crops of the source, from Crop Face. A volume takes about 4 MB "
                    "a frame (8 MB with the published model); for long clips use Animate Portrait "
                    "(video file).",
                ),
            ],
            outputs=[
                FeaturesSocket.Output(
                    "features", display_name="features", tooltip="For Warp & Decode."
                )
            ],
        )

    @classmethod
    def execute(cls, model: LoadedModel, cropped: Tensor) -> io.NodeOutput:
        """F, a chunk at a time."""
        cropped = adapt.checked_images(cropped, "cropped")
        net = runtime.on_device(model)
        progress = runtime.Progress()
        volumes: list[Tensor] = []

        def extract(part: Sequence[Any]) -> Tensor:
            faces = core.face_tensor(net, [adapt.pixels_of(image) for image in part])
            return runtime.kept(core.extract_appearance(net, faces))

        for volume in core.in_chunks(extract, list(cropped), core.ChunkSize.for_device(net.device)):
            volumes.append(volume)
            progress.painted(sum(map(len, volumes)), len(cropped))
        return io.NodeOutput(Features(volume=torch.cat(volumes), origin=net.origin))


NODES: tuple[Any, ...] = (ExtractAppearance,)
