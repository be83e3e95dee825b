"""Warp & Decode: G(W(f_s; x_s, x_d))."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from comfy_api.latest import io
from torch import Tensor

from .. import liveportrait_core as core
from . import runtime
from .keypoints import check_origin
from .retarget import KEYPOINTS_TOOLTIP, on_device
from .schema import field, schema
from .sockets import (
    DrivenFace,
    Features,
    FeaturesSocket,
    KeypointsSocket,
    LoadedModel,
    ModelSocket,
    checked,
)


class WarpDecode(io.ComfyNode):
    """The animated face."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_WarpDecode",
            display_name="Warp & Decode",
            description="Paints the face of every frame (networks W and G).",
            stage="stages",
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(FeaturesSocket, "features", tooltip="From Extract Appearance."),
                field(KeypointsSocket, "keypoints", tooltip=KEYPOINTS_TOOLTIP),
                field(
                    io.Float,
                    "gain",
                    default=1.0,
                    min=0.0,
                    max=4.0,
                    step=0.01,
                    tooltip="Multiplies how far the face travels from the source's; 1 is as "
                    "driven, 0 leaves it still.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    "painted",
                    display_name="images",
                    tooltip="The face of every frame, for Paste Back; may be restored or enlarged "
                    "before.",
                ),
                io.Mask.Output(
                    "occlusion",
                    display_name="occlusion",
                    tooltip="1 where the source shows what is painted, 0 where it had to be made "
                    "up.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls, model: LoadedModel, features: Features, keypoints: DrivenFace, gain: float
    ) -> io.NodeOutput:
        """W and G, a chunk at a time."""
        net, _, points = on_device(model, keypoints)
        check_origin(checked(features, Features, "features").origin, net, "features")
        points = core.amplify(points, gain)
        volume = features.volume
        # a driver that ends early leaves frames of the source unused
        if len(volume) != 1 and len(volume) < len(points):
            raise ValueError(
                f"The features are of {len(volume)} frames; {len(points)}, as many as keypoints, "
                "or those of one still are expected. Connect the appearance and the motion of the "
                "same source."
            )
        still = volume.to(net.device) if len(volume) == 1 else None
        progress = runtime.Progress()
        pictures: list[Tensor] = []
        occlusions: list[Tensor] = []

        def paint(part: Sequence[int]) -> tuple[Tensor, Tensor]:
            rows = slice(part[0], part[-1] + 1)
            some = volume[rows].to(net.device) if still is None else still
            some = some.expand(len(part), *some.shape[1:])
            warped = core.warp(
                net,
                some,
                points.source_keypoints[rows],
                points.driving_keypoints[rows],
                edge_held=points.stitched,
            )
            return core.decode(net, warped), warped.occlusion.float()

        size = core.ChunkSize.for_device(net.device)
        for picture, occlusion in core.in_chunks(paint, range(len(points)), size):
            pictures.append(runtime.intermediate_image(picture.movedim(1, -1)))
            sides = picture.shape[-2:]
            larger = F.interpolate(occlusion, sides, mode="bilinear", align_corners=False)
            occlusions.append(runtime.intermediate(larger[:, 0]))
            last = core.pixels_from_tensor(picture[-1])
            progress.rendered(sum(map(len, pictures)), len(points), last)
        return io.NodeOutput(torch.cat(pictures), torch.cat(occlusions))


NODES: tuple[type[io.ComfyNode], ...] = (WarpDecode,)
