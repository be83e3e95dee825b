"""Driving Options: everything that Animate Portrait does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from comfy_api.latest import io

from .. import liveportrait_core as core
from ..liveportrait_core.constants import OBSERVATION_VARIANCE
from .retarget import MOST_OPEN
from .schema import field, schema
from .sockets import OptionsSocket

if TYPE_CHECKING:
    from ..liveportrait_core import Framing
    from ..liveportrait_core.options import Openness

OPENINGS: Final = ("as driven", "driver", "fixed")
SMOOTHING: Final = {"auto": None, "on": True, "off": False}


class DrivingOptionsNode(io.ComfyNode):
    """How a driver moves a source, in full."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_DrivingOptions",
            display_name="Driving Options",
            description="Eye and lip opening, smoothing, neutral frame, length and cropping, for "
            "Animate Portrait and Transform Keypoints.",
            stage="animate",
            search_aliases=["LivePortraitRetargeting", "expression_friendly", "smooth"],
            inputs=[
                field(
                    io.Combo,
                    "eyes",
                    options=list(OPENINGS),
                    default=OPENINGS[0],
                    tooltip="as driven: the motion alone. driver: opened as far as the driver's, "
                    "in the source's measure. fixed: as eyes_open says.",
                ),
                field(
                    io.Float,
                    "eyes_open",
                    default=0.35,
                    min=0.0,
                    max=MOST_OPEN,
                    step=0.01,
                    tooltip="For eyes 'fixed': height over width; 0 is shut, 0.8 wide open.",
                ),
                field(
                    io.Combo,
                    "lip",
                    options=list(OPENINGS),
                    default=OPENINGS[0],
                    tooltip="as driven: the motion alone. driver: opened as far as the driver's. "
                    "fixed: as lip_open says.",
                ),
                field(
                    io.Float,
                    "lip_open",
                    default=0.0,
                    min=0.0,
                    max=MOST_OPEN,
                    step=0.01,
                    tooltip="For lip 'fixed': height over width; 0 is shut, 0.8 wide open.",
                ),
                field(
                    io.Combo,
                    "smooth",
                    options=list(SMOOTHING),
                    default="auto",
                    tooltip="Smooths the motion over time. auto: a video driven by a video.",
                ),
                field(
                    io.Int,
                    "reference_frame",
                    default=-1,
                    min=-1,
                    max=1_000_000,
                    tooltip="The driver's neutral frame, from 0; relative motion is measured from "
                    "it. -1: as the motion says, as a rule the first.",
                ),
                *_advanced_fields(),
            ],
            outputs=[
                OptionsSocket.Output(
                    "driving_options",
                    display_name="options",
                    tooltip="For Animate Portrait and Transform Keypoints.",
                )
            ],
        )

    @classmethod
    def execute(cls, **values: Any) -> io.NodeOutput:  # pyright: ignore[reportExplicitAny]
        """The library's own options."""
        driving = core.DrivingOptions(
            eyes_open=_opening(values["eyes"], values["eyes_open"]),
            lip_open=_opening(values["lip"], values["lip_open"]),
            smooth=SMOOTHING[values["smooth"]],
            smooth_variance=values["smooth_variance"],
            retarget=values["retarget"],
            normalize_lip=values["close_source_lip"],
            source_video_eyes=values["hold_source_eyes"],
            driving_option=values["driving_option"],
            compat="published" if values["published"] else "none",
        )
        options = core.AnimateOptions(
            driving=driving,
            reference=None if values["reference_frame"] < 0 else values["reference_frame"],
            when_shorter=values["when_shorter"],
            source_framing=_framing(values, "source"),
            driving_framing=_framing(values, "driver"),
        )
        return io.NodeOutput(options)


def _advanced_fields() -> list[io.Input]:
    return [
        field(
            io.Combo,
            "when_shorter",
            options=["stop", "hold", "loop", "bounce"],
            default="stop",
            advanced=True,
            tooltip="A driver that ends before the source video: stop there, hold its last frame, "
            "loop, or bounce back and forth.",
        ),
        field(
            io.Boolean,
            "close_source_lip",
            default=False,
            advanced=True,
            tooltip="Begin from a closed lip where the source's is open; relative motion only.",
        ),
        field(
            io.Boolean,
            "hold_source_eyes",
            default=False,
            advanced=True,
            tooltip="Hold a source video's eyes as open as in its first frame.",
        ),
        field(
            io.Combo,
            "retarget",
            options=["add", "replace"],
            default="add",
            advanced=True,
            tooltip="Openness on top of the motion, or instead of it as the published program "
            "does.",
        ),
        field(
            io.Float,
            "smooth_variance",
            default=OBSERVATION_VARIANCE,
            min=1e-11,
            max=1e-2,
            step=1e-7,
            round=False,
            advanced=True,
            tooltip="Strength of smoothing: the variance of one observation; larger is smoother.",
        ),
        field(
            io.Combo,
            "driving_option",
            options=["expression-friendly", "pose-friendly"],
            default="expression-friendly",
            advanced=True,
            tooltip="Animals: expression-friendly carries travel over by the size of the face, "
            "pose-friendly is Eq. 7. Humans: no difference.",
        ),
        *_framing_fields("source"),
        *_framing_fields("driver"),
        field(
            io.Boolean,
            "published",
            default=False,
            advanced=True,
            tooltip="Do as the published program does wherever we do otherwise.",
        ),
    ]


PUBLISHED_SCALE: Final = {"source": 2.3, "driver": 2.2}


def _framing_fields(role: str) -> list[io.Input]:
    return [
        field(
            io.Boolean,
            f"{role}_is_cropped",
            default=False,
            advanced=True,
            tooltip=f"The {role}'s frames are face crops already.",
        ),
        field(
            io.Float,
            f"{role}_scale",
            default=0.0,
            min=0.0,
            max=8.0,
            step=0.05,
            advanced=True,
            tooltip=f"Side of the {role}'s crop over that of the face's landmarks; 0: as the "
            f"model was trained (1.65 ours, {PUBLISHED_SCALE[role]} published).",
        ),
        field(
            io.Float,
            f"{role}_shift_y",
            default=0.0,
            min=-1.0,
            max=1.0,
            step=0.005,
            advanced=True,
            tooltip=f"Shifts the {role}'s crop towards the chin, in crop sides.",
        ),
    ]


def _opening(choice: str, value: float) -> Openness:
    if choice == OPENINGS[0]:
        return None
    return "driver" if choice == OPENINGS[1] else value


def _framing(
    values: dict[str, Any],  # pyright: ignore[reportExplicitAny]
    role: str,
) -> Framing:
    return core.Framing(
        scale=values[f"{role}_scale"] or None,
        shift_y=values[f"{role}_shift_y"],
        already_cropped=values[f"{role}_is_cropped"] or None,
    )


NODES: tuple[type[io.ComfyNode], ...] = (DrivingOptionsNode,)
