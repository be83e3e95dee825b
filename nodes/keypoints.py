"""Transform Keypoints: the source moved by a driver (Eq. 2 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from comfy_api.latest import io

from ..liveportrait_core.errors import about
from ..liveportrait_core.options import AnimateOptions
from . import library, runtime
from .adapt.motions import checked_motion
from .fields import GAIN, MOTION_MODE, REGION, STITCH, model_field, options_field
from .schema import field, schema
from .sockets import (
    DrivenFace,
    KeypointsSocket,
    LoadedModel,
    MotionSocket,
    checked,
)

if TYPE_CHECKING:
    from ..liveportrait_core.constants import Region
    from ..liveportrait_core.options import MotionMode


CHOICES: Final = (REGION, MOTION_MODE, GAIN, STITCH)
"""Driving options that nodes show themselves."""


def with_choices(options: AnimateOptions | None, widgets: Mapping[str, object]) -> AnimateOptions:
    """Options from the wire, or the usual ones, with a node's own widgets in them.

    Args:
        options: From Driving Options.
        widgets: Values of `CHOICES`, by the widgets' ids.
    """
    if options is None:
        options = AnimateOptions()
    checked(options, AnimateOptions, "options")
    chosen = {
        widget.spec.name: widget.value(widgets[widget.id])
        for widget in CHOICES
        if widget.id in widgets
    }
    return replace(options, driving=replace(options.driving, **chosen))


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
                model_field(),
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
                REGION.field(),
                MOTION_MODE.field(),
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
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    @runtime.showing_warnings
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
        with about("source_motion"):
            library.inputs.check_space(net, source, "source motion")
        with about("driving_motion"):
            library.inputs.check_space(net, driving)
        options = with_choices(options, {"region": region, "motion_mode": motion_mode})
        driving = library.timing.with_reference(driving, options.reference)
        if len(source) > 1:
            driving = library.timing.matched(driving, source.fps, len(source), options)
        inputs = library.inputs.prepare_inputs(source, driving, options.driving)
        keypoints = library.drive.move(inputs, options.driving, net.preset)
        return io.NodeOutput(DrivenFace(keypoints=keypoints, inputs=inputs, origin=net.origin))


NODES: tuple[type[io.ComfyNode], ...] = (TransformKeypoints,)
