"""Stitch: driving keypoints that can be pasted back without a seam (S)."""

from __future__ import annotations

from comfy_api.latest import io

from . import library
from .adapt.keypoints import on_device, with_keypoints
from .fields import keypoints_field, model_field
from .schema import schema
from .sockets import DrivenFace, KeypointsSocket, LoadedModel


class Stitch(io.ComfyNode):
    """Driving keypoints whose shoulders do not move."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_Stitch",
            display_name="Stitch",
            description="Keeps shoulders and the crop's edge in place, so that no seam shows.",
            stage="stages",
            inputs=[
                model_field(),
                keypoints_field(),
            ],
            outputs=[
                KeypointsSocket.Output(
                    "stitched", display_name="keypoints", tooltip="For Warp & Decode."
                )
            ],
        )

    @classmethod
    def execute(cls, model: LoadedModel, keypoints: DrivenFace) -> io.NodeOutput:
        """S on all frames."""
        net, _, points = on_device(model, keypoints)
        return io.NodeOutput(with_keypoints(keypoints, library.drive.stitch_keypoints(net, points)))


NODES: tuple[type[io.ComfyNode], ...] = (Stitch,)
