"""Expression: a face made with sliders."""

from __future__ import annotations

from typing import Final

from comfy_api.latest import io

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.errors import about
from ..liveportrait_core.motion.edit import driving_expression, neutral_motion
from ..liveportrait_core.motion.slider_options import Sliders
from . import library, runtime
from .adapt.motions import checked_motion
from .fields import model_field
from .schema import field, schema
from .sockets import LoadedModel, MotionSocket, checked
from .widgets import OptionWidget

SLIDERS: Final = (
    *("blink", "smile", "lip_open", "gaze_x", "yaw_deg", "pitch_deg"),
    *("roll_deg", "gaze_y", "eyebrow", "wink", "purse", "grin", "pout"),
    *("shift_x", "shift_y", "zoom"),
)
"""In the order of the node; workflows rely on it."""
NUM_SHOWN: Final = 6


class ExpressionNode(io.ComfyNode):
    """A motion of one frame, or one that is added to another motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_Expression",
            display_name="Expression",
            description="Makes an expression with sliders, on its own or on top of a motion.",
            stage="motion",
            search_aliases=[
                *("Expression Editor", "ExpressionEditor", "facial expression", "emotion"),
                *("slider", "smile", "wink", "blink", "eyebrow", "gaze", "mouth"),
                *("head rotation", "rotate head", "head pose", "face editor"),
            ],
            inputs=[
                model_field("From Load Model; its keypoints are moved."),
                *(
                    OptionWidget(spec=spec_of(Sliders, name), id=name).field(
                        advanced=index >= NUM_SHOWN,
                        round=False,
                        display_mode=io.NumberDisplay.slider,
                    )
                    for index, name in enumerate(SLIDERS)
                ),
                field(
                    MotionSocket,
                    "motion",
                    optional=True,
                    tooltip="A motion that the sliders are added to, frame by frame. Without it "
                    "one frame of the expression alone.",
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "expression",
                    display_name="motion",
                    tooltip="For Animate Portrait, as its driving.",
                )
            ],
        )

    @classmethod
    def execute(cls, model: LoadedModel, motion: object = None, **sliders: float) -> io.NodeOutput:
        """Keypoints for the sliders; no network is run."""
        net = checked(model, LoadedModel, "model").model
        if motion is None:
            base = neutral_motion(net.preset.space)
        else:
            base = checked_motion(motion, "motion")
            with about("motion"):
                library.inputs.check_space(net, base, "motion")
        made = driving_expression(base, Sliders(**sliders))
        return io.NodeOutput(runtime.intermediate(made.describe(producer="Expression")))


NODES: tuple[type[io.ComfyNode], ...] = (ExpressionNode,)
