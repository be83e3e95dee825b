"""Expression: a face made with sliders."""

from __future__ import annotations

from typing import Final

from comfy_api.latest import io

from .. import liveportrait_core as core
from ..liveportrait_core.option_fields import spec_of
from . import runtime
from .adapt.motions import checked_motion
from .schema import field, schema
from .sockets import LoadedModel, ModelSocket, MotionSocket, checked

SLIDERS: Final = (
    ("blink", 0.5, "Both eyes: -20 shut, 0 as they are, 5 wide open."),
    ("smile", 0.01, "-0.3 sad, 0 as it is, 1.3 broad smile."),
    ("lip_open", 1.0, "The mouth: -90 pressed, 0 as it is, 120 wide open."),
    ("gaze_x", 0.5, "Where the eyes look: -30 to 30, positive is the picture's right."),
    ("yaw_deg", 0.5, "Turns the head to the side, degrees."),
    ("pitch_deg", 0.5, "Nods the head, degrees."),
    ("roll_deg", 0.5, "Tilts the head, degrees."),
    ("gaze_y", 0.5, "Where the eyes look: -63 to 63, positive is up."),
    ("eyebrow", 0.5, "Brows: -30 frowning, 0 as they are, 30 raised."),
    ("wink", 0.5, "One eye: 0 as it is, 39 shut."),
    ("purse", 0.5, "Lips: -20 broad as for 'ee', 15 pursed as for 'oo'."),
    ("grin", 0.5, "Shows the teeth: 0 to 15."),
    ("pout", 0.005, "Mouth to one side, crop units."),
    ("shift_x", 0.005, "Moves the head to the side, crop units."),
    ("shift_y", 0.005, "Moves the head, crop units; positive is down."),
    ("zoom", 0.01, "Size of the head: 1 as it is."),
)
NUM_SHOWN: Final = 6


class ExpressionNode(io.ComfyNode):
    """A motion of one frame, or one laid over another motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_Expression",
            display_name="Expression",
            description="Makes an expression with sliders, on its own or on top of a motion.",
            stage="motion",
            search_aliases=["Expression Editor", "ExpressionEditor"],
            inputs=[
                field(
                    ModelSocket,
                    "model",
                    tooltip="From Load Model; it tells which keypoints the sliders move.",
                ),
                *(
                    _slider(name, step, tooltip, advanced=index >= NUM_SHOWN)
                    for index, (name, step, tooltip) in enumerate(SLIDERS)
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
            base = core.neutral_motion(net.preset.space)
        else:
            base = checked_motion(motion, "motion")
            core.check_space(net, base, "motion")
        made = core.driving_expression(base, core.Expression(**sliders))
        return io.NodeOutput(runtime.intermediate(made.describe(producer="Expression")))


def _slider(name: str, step: float, tooltip: str, *, advanced: bool) -> io.Input:
    spec = spec_of(core.Expression, name)
    return field(
        io.Float,
        name,
        default=1.0 if name == "zoom" else 0.0,
        min=spec.minimum,
        max=spec.maximum,
        step=step,
        round=False,
        display_mode=io.NumberDisplay.slider,
        advanced=advanced,
        tooltip=tooltip,
    )


NODES: tuple[type[io.ComfyNode], ...] = (ExpressionNode,)
