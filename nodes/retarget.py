"""Retarget Eyes, Retarget Lip: a target opening (R_eyes, R_lip)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from comfy_api.latest import io

from ..liveportrait_core.config.fields import spec_of
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
STRENGTHS: Final = {
    part: OptionWidget(spec=spec_of(DrivingOptions, f"{part}_strength"), id="strength")
    for part in ("eyes", "lip")
}
RETARGET: Final = OptionWidget(
    spec=spec_of(DrivingOptions, "retarget"),
    id="retarget",
    note="A second retargeting node should add.",
)


class RetargetEyes(io.ComfyNode):
    """Eyes with a target opening."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return _schema(
            "Eyes",
            search_words=("blink", "open eyes", "close eyes"),
            third_choice=FIRST_FRAME,
            tooltip="driver: as open as the driver's, relative to the source's. fixed: as "
            "eyes_open says. first frame: as open as in the first frame of a source video.",
            opening=EYES_OPEN.field(default=FIXED_EYES),
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        keypoints: DrivenFace,
        follow: str,
        eyes_open: float,
        retarget: RetargetMode,
        strength: float = 1.0,
    ) -> io.NodeOutput:
        """R_eyes."""
        net, inputs, points = on_device(model, keypoints)
        if follow == FIRST_FRAME:
            points = library.retarget.hold_source_eyes(net, inputs, points, strength=strength)
        else:
            opening = "driver" if follow == DRIVER else eyes_open
            points = library.retarget.open_eyes(
                net, inputs, points, opening, retarget, strength=strength
            )
        return io.NodeOutput(with_keypoints(keypoints, points))


class RetargetLip(io.ComfyNode):
    """A lip with a target opening."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return _schema(
            "Lip",
            search_words=("lip_zero", "close mouth", "open mouth"),
            third_choice=CLOSED,
            tooltip="driver: as open as the driver's. fixed: as lip_open says. closed source: an "
            "open lip of the source is closed first; use it after Stitch.",
            opening=LIP_OPEN.field(default=FIXED_LIP),
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        keypoints: DrivenFace,
        follow: str,
        lip_open: float,
        retarget: RetargetMode,
        strength: float = 1.0,
    ) -> io.NodeOutput:
        """R_lip."""
        net, inputs, points = on_device(model, keypoints)
        if follow == CLOSED:
            points = library.retarget.close_source_lip(net, inputs, points, strength=strength)
        else:
            opening = "driver" if follow == DRIVER else lip_open
            points = library.retarget.open_lip(
                net, inputs, points, opening, retarget, strength=strength
            )
        return io.NodeOutput(with_keypoints(keypoints, points))


def _schema(
    part: str, *, search_words: Sequence[str], third_choice: str, tooltip: str, opening: io.Input
) -> io.Schema:
    """Of both nodes, for a part of the face."""
    return schema(
        node_id=f"LPS_Retarget{part}",
        display_name=f"Retarget {part}",
        description=f"Opens or closes the {part.lower()} to a target opening.",
        stage="stages",
        search_aliases=["LivePortraitRetargeting", *search_words],
        inputs=[
            model_field(),
            keypoints_field(),
            field(
                io.Combo,
                "follow",
                options=[DRIVER, FIXED, third_choice],
                default=DRIVER,
                tooltip=tooltip,
            ),
            opening,
            RETARGET.field(advanced=True),
            STRENGTHS[part.lower()].field(advanced=True, optional=True),
        ],
        outputs=[
            KeypointsSocket.Output(
                "retargeted",
                display_name="keypoints",
                tooltip="For the other Retarget, Stitch, and Warp & Decode.",
            )
        ],
    )


NODES: tuple[type[io.ComfyNode], ...] = (RetargetEyes, RetargetLip)
