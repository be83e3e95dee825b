"""Retarget Eyes, Retarget Lip: a target opening (R_eyes, R_lip)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from comfy_api.latest import io

from ..liveportrait_core.option_fields import spec_of
from ..liveportrait_core.options import DrivingOptions
from . import library
from .adapt.keypoints import on_device, with_keypoints
from .fields import EYES_OPEN, FIXED_EYES, FIXED_LIP, LIP_OPEN, keypoints_field, model_field
from .schema import field, schema
from .sockets import DrivenFace, KeypointsSocket, LoadedModel
from .widgets import OptionWidget

if TYPE_CHECKING:
    from ..liveportrait_core.options import RetargetMode

DRIVER, FIXED, FIRST_FRAME, CLOSED = "driver", "fixed", "first frame", "closed source"
RETARGET: Final = OptionWidget(
    spec=spec_of(DrivingOptions, "retarget"),
    id="retarget",
    note="A second retargeting node should add.",
)


def retargeted_output() -> io.Output:
    """Keypoints with the target opening."""
    return KeypointsSocket.Output(
        "retargeted",
        display_name="keypoints",
        tooltip="For the other Retarget, Stitch, and Warp & Decode.",
    )


class RetargetEyes(io.ComfyNode):
    """Eyes with a target opening."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_RetargetEyes",
            display_name="Retarget Eyes",
            description="Opens or closes the eyes to a target opening.",
            stage="stages",
            search_aliases=["LivePortraitRetargeting", "blink"],
            inputs=[
                model_field(),
                keypoints_field(),
                field(
                    io.Combo,
                    "follow",
                    options=[DRIVER, FIXED, FIRST_FRAME],
                    default=DRIVER,
                    tooltip="driver: as open as the driver's, relative to the source's. fixed: as "
                    "eyes_open says. first frame: as open as in the first frame of a source video.",
                ),
                EYES_OPEN.field(default=FIXED_EYES),
                RETARGET.field(advanced=True),
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
            points = library.retarget.hold_source_eyes(net, scene, points)
        else:
            wanted = "driver" if follow == DRIVER else eyes_open
            points = library.retarget.open_eyes(net, scene, points, wanted, retarget)
        return io.NodeOutput(with_keypoints(keypoints, points))


class RetargetLip(io.ComfyNode):
    """A lip with a target opening."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_RetargetLip",
            display_name="Retarget Lip",
            description="Opens or closes the lip to a target opening.",
            stage="stages",
            search_aliases=["LivePortraitRetargeting", "lip_zero"],
            inputs=[
                model_field(),
                keypoints_field(),
                field(
                    io.Combo,
                    "follow",
                    options=[DRIVER, FIXED, CLOSED],
                    default=DRIVER,
                    tooltip="driver: as open as the driver's. fixed: as lip_open says. closed "
                    "source: an open lip of the source is closed first; use it after Stitch.",
                ),
                LIP_OPEN.field(default=FIXED_LIP),
                RETARGET.field(advanced=True),
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
            points = library.retarget.close_source_lip(net, scene, points)
        else:
            wanted = "driver" if follow == DRIVER else lip_open
            points = library.retarget.open_lip(net, scene, points, wanted, retarget)
        return io.NodeOutput(with_keypoints(keypoints, points))


NODES: tuple[type[io.ComfyNode], ...] = (RetargetEyes, RetargetLip)
