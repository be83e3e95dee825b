"""Expression and Idle Motion: motions that need no driver."""

from __future__ import annotations

from typing import Final

from comfy_api.latest import io

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.errors import about
from ..liveportrait_core.motion.edit import driving_expression, neutral_motion
from ..liveportrait_core.motion.life import idle_motion
from ..liveportrait_core.motion.life_options import IdleOptions
from ..liveportrait_core.motion.slider_options import Sliders
from . import library, runtime
from .adapt.clips import exact_fps
from .adapt.motions import checked_motion
from .fields import DEFAULT_FPS, model_field
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
IDLE: Final = ("duration", "amount", "blinks", "seed")
"""In the order of the node, likewise."""


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


class IdleMotion(io.ComfyNode):
    """The motion of a face that does nothing."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_IdleMotion",
            display_name="Idle Motion",
            description="Makes a face blink, glance and breathe, as a loop without a seam.",
            stage="motion",
            search_aliases=[
                *("idle", "alive", "living portrait", "blinking", "breathing"),
                *("random motion", "loop", "saccade"),
            ],
            inputs=[
                model_field("From Load Model; the motion is made for its keypoints."),
                *(OptionWidget(spec=spec_of(IdleOptions, name), id=name).field() for name in IDLE),
                field(
                    io.Float,
                    "fps",
                    default=DEFAULT_FPS,
                    min=1.0,
                    max=240.0,
                    step=0.01,
                    tooltip="Frames per second.",
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="For Animate Portrait, as its driving."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        duration: float,
        amount: float,
        blinks: float,
        seed: int,
        fps: float,
    ) -> io.NodeOutput:
        """Keypoints; no network is run."""
        net = checked(model, LoadedModel, "model").model
        options = IdleOptions(duration=duration, amount=amount, blinks=blinks, seed=seed)
        motion = idle_motion(net.preset.space, options, exact_fps(fps))
        return io.NodeOutput(runtime.intermediate(motion))


NODES: tuple[type[io.ComfyNode], ...] = (ExpressionNode, IdleMotion)
