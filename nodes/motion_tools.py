"""Layer Motions, Blend Motions, Join Motions, Change Motion, Compare Motions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from comfy_api.latest import io, ui

from ..liveportrait_core.config.fields import build, spec_of
from ..liveportrait_core.motion.change import change_motion
from ..liveportrait_core.motion.layers import layer_motions
from ..liveportrait_core.motion.reference import check_motions
from ..liveportrait_core.motion.sequence import join_motions
from ..liveportrait_core.motion.tool_options import ChangeOptions, JoinOptions, LayerOptions
from . import library, runtime
from .adapt.clips import exact_fps
from .adapt.images import image_of
from .adapt.motions import checked_motion
from .schema import field, schema
from .sockets import MotionSocket
from .widgets import OptionWidget

if TYPE_CHECKING:
    from ..liveportrait_core.motion.types import Motion

LAYER: Final = tuple(
    OptionWidget(spec=spec_of(LayerOptions, name), id=name)
    for name in ("region", "how", "strength", "when_shorter")
)
WHEN_SHORTER: Final = OptionWidget(
    spec=spec_of(LayerOptions, "when_shorter"),
    id="when_shorter",
    note="The second motion is on top.",
)
BLEND_FRAMES: Final = OptionWidget(spec=spec_of(JoinOptions, "blend_frames"), id="blend_frames")


def _change(name: str) -> OptionWidget:
    return OptionWidget(spec=spec_of(ChangeOptions, name), id=name, unset=0.0)


CHANGE_SHOWN: Final = tuple(
    _change(name) for name in ("start", "duration", "smooth", "mirror", "times", "crossfade")
)
CHANGE_ADVANCED: Final = tuple(
    _change(name)
    for name in (
        *("gain_expression", "gain_pitch", "gain_yaw", "gain_roll"),
        *("gain_translation", "gain_scale"),
        *("max_expression", "max_turn_deg", "max_translation", "max_scale"),
        *("smooth_variance", "cutoff_hz", "beta"),
    )
)
"""In the order of the node; workflows rely on it. `fps` comes between the two."""
FIRST: Final = ("motion_1", "motion_2")
MORE: Final = ("motion_3", "motion_4")


def _motion_field(name: str, tooltip: str, *, optional: bool = False) -> io.Input:
    return field(MotionSocket, name, tooltip=tooltip, optional=optional)


def _several(tooltip: str) -> list[io.Input]:
    return [
        *(_motion_field(name, tooltip) for name in FIRST),
        *(_motion_field(name, "Another one.", optional=True) for name in MORE),
    ]


def _given(motions: dict[str, object]) -> dict[str, Motion]:
    return {
        name: checked_motion(value, name) for name, value in motions.items() if value is not None
    }


def _motion_output() -> io.Output:
    return MotionSocket.Output(
        "made",
        display_name="motion",
        tooltip="For Animate Portrait, as its driving, or for Save Motion.",
    )


class LayerMotions(io.ComfyNode):
    """A region of one motion over another."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_LayerMotions",
            display_name="Layer Motions",
            description="Lays a region of one motion over another: lips of a speaker or blinks of "
            "Idle Motion over the head of a film.",
            stage="motion",
            search_aliases=[
                *("combine motions", "mix motion", "mask motion", "region"),
                *("lip sync over video", "add blinks", "merge motion"),
            ],
            inputs=[
                _motion_field("base", "The motion that stays where the other does not move."),
                _motion_field(
                    "over", "The motion on top; it gets the frame rate and length of base."
                ),
                *(widget.field() for widget in LAYER),
            ],
            outputs=[_motion_output()],
        )

    @classmethod
    def execute(cls, base: object, over: object, **options: object) -> io.NodeOutput:
        """Keypoints; no network is run."""
        made = layer_motions(
            checked_motion(base, "base"),
            checked_motion(over, "over"),
            build(LayerOptions, {one.spec.key: one.value(options[one.id]) for one in LAYER}),
        )
        return io.NodeOutput(runtime.intermediate(made))


class BlendMotions(io.ComfyNode):
    """A motion between two others."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_BlendMotions",
            display_name="Blend Motions",
            description="Gives a motion between two others, each measured from its own neutral "
            "frame.",
            stage="motion",
            search_aliases=["mix motion", "interpolate motion", "average", "crossfade"],
            inputs=[
                _motion_field("first", "One motion; the result is as fast and as long."),
                _motion_field("second", "The other one."),
                field(
                    io.Float,
                    "weight",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="0 is the first motion, 1 the second.",
                ),
                WHEN_SHORTER.field(),
            ],
            outputs=[_motion_output()],
        )

    @classmethod
    def execute(
        cls, first: object, second: object, weight: float, when_shorter: str
    ) -> io.NodeOutput:
        """Keypoints; no network is run."""
        pair = _given({"first": first, "second": second})
        check_motions(**pair)
        values = {"strength": weight, "when_shorter": when_shorter}
        options = build(LayerOptions, values, defaults={"region": "all"})
        made = layer_motions(pair["first"], pair["second"], options)
        return io.NodeOutput(runtime.intermediate(made))


class JoinMotions(io.ComfyNode):
    """Motions one after another."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_JoinMotions",
            display_name="Join Motions",
            description="Plays motions one after another, with seams that do not show.",
            stage="motion",
            search_aliases=["concatenate motion", "append motion", "sequence", "batch motion"],
            inputs=[
                *_several("From any node that gives a motion; played in this order."),
                BLEND_FRAMES.field(),
            ],
            outputs=[_motion_output()],
        )

    @classmethod
    def execute(cls, blend_frames: int, **motions: object) -> io.NodeOutput:
        """Keypoints; no network is run."""
        options = JoinOptions(blend_frames=blend_frames)
        made = join_motions(list(_given(motions).values()), options.blend_frames)
        return io.NodeOutput(runtime.intermediate(made))


class ChangeMotion(io.ComfyNode):
    """One motion trimmed, smoothed, retimed, mirrored, made larger or smaller, limited, looped."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ChangeMotion",
            display_name="Change Motion",
            description="Trims, smooths, retimes, mirrors, strengthens, limits and loops a motion, "
            "in this order.",
            stage="motion",
            search_aliases=[
                *("trim motion", "cut motion", "smooth motion", "one euro", "retime", "loop"),
                *("mirror", "flip motion", "gain", "multiply motion", "clamp", "limit"),
            ],
            inputs=[
                _motion_field("motion", "From any node that gives a motion."),
                *(widget.field() for widget in CHANGE_SHOWN),
                field(
                    io.Float,
                    "fps",
                    default=0.0,
                    min=0.0,
                    max=1000.0,
                    step=0.001,
                    advanced=True,
                    tooltip="Retime to these frames per second. 0: its own.",
                ),
                *(widget.field(advanced=True, round=False) for widget in CHANGE_ADVANCED),
            ],
            outputs=[_motion_output()],
        )

    @classmethod
    def execute(cls, motion: object, fps: float, **values: object) -> io.NodeOutput:
        """Keypoints; no network is run."""
        widgets = (*CHANGE_SHOWN, *CHANGE_ADVANCED)
        chosen = {one.spec.key: one.value(values[one.id]) for one in widgets}
        chosen["fps"] = exact_fps(fps) if fps else None
        made = change_motion(checked_motion(motion, "motion"), build(ChangeOptions, chosen))
        return io.NodeOutput(runtime.intermediate(made))


class CompareMotions(io.ComfyNode):
    """Motions as curves over one another."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_CompareMotions",
            display_name="Compare Motions",
            description="Draws motions as curves over one another.",
            stage="motion",
            search_aliases=["plot", "motion curves", "graph", "difference"],
            is_output_node=True,
            has_intermediate_output=True,
            inputs=_several("From any node that gives a motion; a colour for each."),
            outputs=[io.Image.Output("plot", display_name="plot", tooltip="The curves.")],
        )

    @classmethod
    def execute(cls, **motions: object) -> io.NodeOutput:
        """Draw."""
        plot = image_of(library.motion_plot.plot_motions(_given(motions)))[None]
        return io.NodeOutput(plot, ui=ui.PreviewImage(plot, cls=cls))


NODES: tuple[type[io.ComfyNode], ...] = (
    LayerMotions,
    BlendMotions,
    JoinMotions,
    ChangeMotion,
    CompareMotions,
)
