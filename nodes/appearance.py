"""Extract Appearance: f_s = F(I_s)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import torch
from comfy_api.latest import io
from torch import Tensor

from . import library, runtime
from .adapt.images import ImageBatch, check_crop_size, checked_images, pixels_of
from .adapt.whole_pictures import are_whole_pictures
from .fields import model_field
from .schema import field, schema
from .sockets import Features, FeaturesSocket, LoadedModel, checked

WHOLE_PICTURES: Final = (
    "these are whole pictures, but each is taken as a face crop: connect the images of Crop Face"
)


class ExtractAppearance(io.ComfyNode):
    """The feature volume of each face crop."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ExtractAppearance",
            display_name="Extract Appearance",
            description="Turns the source's face crops into feature volumes (network F).",
            stage="stages",
            inputs=[
                model_field(),
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
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, model: LoadedModel, cropped: Tensor) -> io.NodeOutput:
        """F, a chunk at a time."""
        preset = checked(model, LoadedModel, "model").model.preset
        crops = ImageBatch(checked_images(cropped, "cropped"), Fraction(1))
        check_crop_size(crops.width, crops.height, "cropped", preset)
        net = runtime.on_device(model)
        if are_whole_pictures(net, model, crops):
            runtime.show_text(cls, WHOLE_PICTURES)
        progress = runtime.Progress()
        volumes: list[Tensor] = []

        def extract(chunk: Sequence[Tensor]) -> Tensor:
            faces = library.crop_motion.face_tensor(net, [pixels_of(image) for image in chunk])
            return runtime.intermediate(library.stages.extract_appearance(net, faces))

        size = library.batching.ChunkSize.for_device(net.device)
        for volume in library.batching.in_chunks(extract, list(cropped), size):
            volumes.append(volume)
            progress.rendered(sum(map(len, volumes)), len(cropped))
        return io.NodeOutput(Features(volume=torch.cat(volumes), origin=net.origin))


NODES: tuple[type[io.ComfyNode], ...] = (ExtractAppearance,)
