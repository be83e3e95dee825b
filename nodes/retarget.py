"""Retarget Eyes, Retarget Lip: opened to order (R_eyes, R_lip)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from comfy_api.latest import io

from .. import liveportrait_core as core
from . import runtime
from .keypoints import check_origin
from .schema import field, schema
from .sockets import DrivenFace, KeypointsSocket, LoadedModel, ModelSocket, checked

if TYPE_CHECKING:
    import torch

    from ..liveportrait_core import DrivenKeypoints, LivePortraitModel, Scene
    from ..liveportrait_core.options import RetargetMode

MOST_OPEN: Final = 0.8
"""The networks were trained up to this (Eq. 6)."""
DRIVER, FIXED, FIRST_FRAME, CLOSED = "driver", "fixed", "first frame", "closed source"
KEYPOINTS_TOOLTIP: Final = "From Transform Keypoints, or from another node that changes keypoints."


def retarget_field() -> io.Input:
    """Added to the motion or in its place."""
    return field(
        io.Combo,
        "retarget",
        options=["add", "replace"],
        default="add",
        advanced=True,
        tooltip="add: on top of the driver's motion. replace: instead of it, as the published "
        "program does (Alg. 1, line 9). A second retargeting node should add.",
    )


def opening_field(name: str, what: str) -> io.Input:
    """How open."""
    return field(
        io.Float,
        name,
        default=0.35 if name == "eyes_open" else 0.0,
        min=0.0,
        max=MOST_OPEN,
        step=0.01,
        tooltip=f"For 'fixed': height of the {what} over its width; 0 is shut, 0.8 wide open.",
    )


def retargeted_output() -> io.Output:
    """Keypoints, opened to order."""
    return KeypointsSocket.Output(
        "retargeted",
        display_name="keypoints",
        tooltip="For the other Retarget, Stitch, and Warp & Decode.",
    )


class RetargetEyes(io.ComfyNode):
    """Eyes as open as ordered."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_RetargetEyes",
            display_name="Retarget Eyes",
            description="Opens or closes the eyes to order.",
            stage="stages",
            search_aliases=["LivePortraitRetargeting", "blink"],
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(KeypointsSocket, "keypoints", tooltip=KEYPOINTS_TOOLTIP),
                field(
                    io.Combo,
                    "follow",
                    options=[DRIVER, FIXED, FIRST_FRAME],
                    default=DRIVER,
                    tooltip="driver: as open as the driver's, in the source's measure. fixed: as "
                    "eyes_open says. first frame: a source video stays as open as it begins.",
                ),
                opening_field("eyes_open", "eyes"),
                retarget_field(),
            ],
            outputs=[retargeted_output()],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        keypoints: DrivenFace,
        follow: str,
        eyes_open: float,
        retarget: RetargetMode,
    ) -> io.NodeOutput:
        """R_eyes."""
        net, scene, points = on_device(model, keypoints)
        if follow == FIRST_FRAME:
            points = core.hold_source_eyes(net, scene, points)
        else:
            wanted = "driver" if follow == DRIVER else eyes_open
            points = core.open_eyes(net, scene, points, wanted, retarget)
        return io.NodeOutput(off_device(keypoints, points))


class RetargetLip(io.ComfyNode):
    """The lip as open as ordered."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_RetargetLip",
            display_name="Retarget Lip",
            description="Opens or closes the lip to order.",
            stage="stages",
            search_aliases=["LivePortraitRetargeting", "lip_zero"],
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(KeypointsSocket, "keypoints", tooltip=KEYPOINTS_TOOLTIP),
                field(
                    io.Combo,
                    "follow",
                    options=[DRIVER, FIXED, CLOSED],
                    default=DRIVER,
                    tooltip="driver: as open as the driver's. fixed: as lip_open says. closed "
                    "source: begin from a closed lip where the source's is open; put it after "
                    "Stitch.",
                ),
                opening_field("lip_open", "lip"),
                retarget_field(),
            ],
            outputs=[retargeted_output()],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        keypoints: DrivenFace,
        follow: str,
        lip_open: float,
        retarget: RetargetMode,
    ) -> io.NodeOutput:
        """R_lip."""
        net, scene, points = on_device(model, keypoints)
        if follow == CLOSED:
            points = core.close_source_lip(net, scene, points)
        else:
            wanted = "driver" if follow == DRIVER else lip_open
            points = core.open_lip(net, scene, points, wanted, retarget)
        return io.NodeOutput(off_device(keypoints, points))


def on_device(
    loaded: LoadedModel, face: DrivenFace
) -> tuple[LivePortraitModel, Scene, DrivenKeypoints]:
    """The model, the motions and the keypoints, all where the model computes.

    Raises:
        ValueError: The keypoints are for another model.
    """
    checked(loaded, LoadedModel, "model")
    check_origin(checked(face, DrivenFace, "keypoints").origin, loaded.model, "keypoints")
    net = runtime.on_device(loaded)
    scene = replace(
        face.scene,
        source=face.scene.source.to(net.device),
        driving=face.scene.driving.to(net.device),
        reference=face.scene.reference.to(net.device),
    )
    return net, scene, _moved(face.keypoints, net.device)


def off_device(face: DrivenFace, points: DrivenKeypoints) -> DrivenFace:
    """The face with other keypoints, where results are kept."""
    keypoints = replace(
        face.keypoints,
        source_keypoints=runtime.intermediate(points.source_keypoints),
        driving_keypoints=runtime.intermediate(points.driving_keypoints),
        stitched=points.stitched,
    )
    return replace(face, keypoints=keypoints)


def _moved(points: DrivenKeypoints, device: torch.device) -> DrivenKeypoints:
    return replace(
        points,
        source_keypoints=points.source_keypoints.to(device),
        driving_keypoints=points.driving_keypoints.to(device),
    )


NODES: tuple[type[io.ComfyNode], ...] = (RetargetEyes, RetargetLip)
