"""Transform Keypoints: the source moved by a driver (Eq. 2 and 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, get_args

from comfy_api.latest import io

from .. import liveportrait_core as core
from ..liveportrait_core.options import MotionMode, Region
from . import runtime
from .adapt.motions import checked_motion
from .schema import field, schema
from .sockets import (
    DrivenFace,
    KeypointsSocket,
    LoadedModel,
    ModelSocket,
    MotionSocket,
    OptionsSocket,
    checked,
)

if TYPE_CHECKING:
    from ..liveportrait_core import AnimateOptions, LivePortraitModel

MOTION_MODES: Final = get_args(MotionMode)
REGIONS: Final = get_args(Region)


def region_field() -> io.Input:
    """What moves."""
    return field(
        io.Combo,
        "region",
        options=list(REGIONS),
        default="all",
        tooltip="What the driver moves: everything; expression (the head stays); pose (the face "
        "stays); lip or eyes alone.",
    )


def motion_mode_field() -> io.Input:
    """Relative or absolute."""
    return field(
        io.Combo,
        "motion_mode",
        options=list(MOTION_MODES),
        default="relative",
        tooltip="relative: as much as the driver moved from its neutral frame; keeps the source's "
        "own face. absolute: the driver's very pose and expression.",
    )


def options_field(
    tooltip: str = "From Driving Options: eye and lip opening, smoothing, neutral frame, cropping.",
) -> io.Input:
    """Everything else."""
    return field(OptionsSocket, "options", optional=True, tooltip=tooltip)


def with_choices(options: AnimateOptions | None, **choices: object) -> AnimateOptions:
    """Options from the wire, or the usual ones, with a node's own widgets in them."""
    if options is None:
        options = core.AnimateOptions()
    checked(options, core.AnimateOptions, "options")
    return replace(options, driving=replace(options.driving, **choices))


def check_origin(origin: str, model: LivePortraitModel, what: str) -> None:
    """Refuse what was made with another model.

    Raises:
        ValueError: It was.
    """
    if origin != model.origin:
        raise ValueError(
            f"The {what} are of the model {origin or 'in memory'}; those of "
            f"{model.origin or 'another one'}, which is connected here, are expected. Connect the "
            "same Load Model to every node of one face."
        )


class TransformKeypoints(io.ComfyNode):
    """Source and driving keypoints of every frame."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_TransformKeypoints",
            display_name="Transform Keypoints",
            description="Moves the source's keypoints as the driver moves.",
            stage="stages",
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(
                    MotionSocket,
                    "source_motion",
                    tooltip="From Extract Motion of the source. More than one frame is a video.",
                ),
                field(
                    MotionSocket,
                    "driving_motion",
                    tooltip="From Extract Motion of the driver, Load Motion, Expression, or an "
                    "audio-to-motion node.",
                ),
                region_field(),
                motion_mode_field(),
                options_field(
                    "From Driving Options: smoothing, neutral frame, a driver that ends early. "
                    "Eyes, lip and cropping are up to their own nodes here."
                ),
            ],
            outputs=[
                KeypointsSocket.Output(
                    "keypoints",
                    display_name="keypoints",
                    tooltip="For Retarget, Stitch, and Warp & Decode.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        source_motion: object,
        driving_motion: object,
        region: Region,
        motion_mode: MotionMode,
        options: AnimateOptions | None = None,
    ) -> io.NodeOutput:
        """Eq. 7 on whole motions; no network is run."""
        # files and other packs keep theirs on the processor, wherever ours are
        source = runtime.intermediate(checked_motion(source_motion, "source_motion"))
        driving = runtime.intermediate(checked_motion(driving_motion, "driving_motion"))
        net = checked(model, LoadedModel, "model").model
        core.check_space(net, source, "source motion")
        core.check_space(net, driving)
        options = with_choices(options, region=region, motion=motion_mode)
        driving = core.with_reference(driving, options.reference)
        if len(source) > 1:
            driving = core.matched(driving, source.fps, len(source), options)
        scene = core.open_scene(source, driving, options.driving)
        keypoints = core.move(scene, options.driving)
        return io.NodeOutput(DrivenFace(keypoints=keypoints, scene=scene, origin=net.origin))


NODES: tuple[type[io.ComfyNode], ...] = (TransformKeypoints,)
