"""Stitch: driving keypoints that paste back without a seam (S)."""

from __future__ import annotations

from comfy_api.latest import io

from .. import liveportrait_core as core
from .retarget import KEYPOINTS_TOOLTIP, off_device, on_device
from .schema import field, schema
from .sockets import DrivenFace, KeypointsSocket, LoadedModel, ModelSocket


class Stitch(io.ComfyNode):
    """Shoulders that stay."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_Stitch",
            display_name="Stitch",
            description="Keeps shoulders and the crop's edge in place, so that no seam shows.",
            stage="stages",
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(KeypointsSocket, "keypoints", tooltip=KEYPOINTS_TOOLTIP),
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
        return io.NodeOutput(off_device(keypoints, core.stitch_keypoints(net, points)))


NODES: tuple[type[io.ComfyNode], ...] = (Stitch,)
