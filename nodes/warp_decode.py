"""Warp & Decode: G(W(f_s; x_s, x_d))."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.errors import about, counted
from . import library, runtime
from .adapt.keypoints import check_origin, on_device
from .fields import GAIN, keypoints_field, model_field
from .schema import field, schema
from .sockets import (
    DrivenFace,
    Features,
    FeaturesSocket,
    LoadedModel,
    checked,
)

if TYPE_CHECKING:
    from ..liveportrait_core.animation.inputs import DrivenKeypoints
    from ..liveportrait_core.model import LivePortraitModel


class WarpDecode(io.ComfyNode):
    """The animated face."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_WarpDecode",
            display_name="Warp & Decode",
            description="Renders the face of every frame (networks W and G).",
            stage="stages",
            inputs=[
                model_field(),
                field(FeaturesSocket, "features", tooltip="From Extract Appearance."),
                keypoints_field(),
                GAIN.field(),
            ],
            outputs=[
                io.Image.Output(
                    "painted",
                    display_name="images",
                    tooltip="The face of every frame, for Paste Back; it may be restored or "
                    "enlarged before.",
                ),
                io.Mask.Output(
                    "occlusion",
                    display_name="occlusion",
                    tooltip="1 where the source shows the content, 0 where it had to be generated.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls, model: LoadedModel, features: Features, keypoints: DrivenFace, gain: float
    ) -> io.NodeOutput:
        """W and G on the features of the source."""
        net, _, points = on_device(model, keypoints)
        check_origin(checked(features, Features, "features").origin, net, "features")
        _check_lengths(features.volume, points)
        images, occlusions = _rendered(net, features.volume, library.drive.amplify(points, gain))
        return io.NodeOutput(torch.cat(images), torch.cat(occlusions))


def _check_lengths(volume: Tensor, points: DrivenKeypoints) -> None:
    """Refuse too few features; a driver that ends early leaves frames of the source unused.

    Raises:
        ValueError: There are fewer features than keypoints, and more than those of a still.
    """
    if len(volume) != 1 and len(volume) < len(points):
        with about("features"):
            raise ValueError(
                f"The features are of {counted(len(volume), 'frame')}; {len(points)}, as many as "
                "keypoints, or those of one still are expected. Connect the appearance and the "
                "motion of the same source."
            )


def _rendered(
    net: LivePortraitModel, volume: Tensor, points: DrivenKeypoints
) -> tuple[list[Tensor], list[Tensor]]:
    """Images (B, H, W, 3) and occlusions (B, H, W), a chunk at a time."""
    still = volume.to(net.device) if len(volume) == 1 else None
    progress = runtime.Progress()
    images: list[Tensor] = []
    occlusions: list[Tensor] = []

    def render(chunk: Sequence[int]) -> tuple[Tensor, Tensor]:
        rows = slice(chunk[0], chunk[-1] + 1)
        volumes = volume[rows].to(net.device) if still is None else still
        volumes = volumes.expand(len(chunk), *volumes.shape[1:])
        warped = library.stages.warp(
            net,
            volumes,
            points.source_keypoints[rows],
            points.driving_keypoints[rows],
            edge_held=points.stitched,
        )
        return library.stages.decode(net, warped), warped.occlusion.float()

    size = library.batching.ChunkSize.for_device(net.device)
    for rendered, occlusion in library.batching.in_chunks(render, range(len(points)), size):
        images.append(runtime.intermediate_image(rendered.movedim(1, -1)))
        sides = rendered.shape[-2:]
        larger = F.interpolate(occlusion, sides, mode="bilinear", align_corners=False)
        occlusions.append(runtime.intermediate(larger[:, 0]))
        last = library.tensors.pixels_from_tensor(rendered[-1])
        progress.rendered(sum(map(len, images)), len(points), last)
    return images, occlusions


NODES: tuple[type[io.ComfyNode], ...] = (WarpDecode,)
