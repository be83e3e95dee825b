"""Driving Options: everything that Animate Portrait does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from comfy_api.latest import io

from ..liveportrait_core.config.fields import build, spec_of
from ..liveportrait_core.options import AnimateOptions
from .fields import EYES_OPEN, FIXED_EYES, FIXED_LIP, LIP_OPEN
from .schema import field, schema
from .sockets import OptionsSocket
from .widgets import AUTO, OptionWidget

if TYPE_CHECKING:
    from ..liveportrait_core.options import Openness

AS_DRIVEN, DRIVER, FIXED = "as driven", "driver", "fixed"
OPENINGS: Final = (AS_DRIVEN, DRIVER, FIXED)
PUBLISHED: Final = spec_of(AnimateOptions, "compat")


def _widget(
    key: str, id: str = "", *, unset: float | str = AUTO, prefix: str = "", note: str = ""
) -> OptionWidget:
    spec = spec_of(AnimateOptions, key)
    return OptionWidget(spec=spec, id=id or key, unset=unset, prefix=prefix, note=note)


SHOWN: Final = (_widget("smooth"), _widget("reference", "reference_frame", unset=-1))
ADVANCED: Final = (
    _widget("when_shorter"),
    _widget("normalize_lip", "close_source_lip"),
    _widget("source_video_eyes", "hold_source_eyes"),
    _widget("retarget"),
    _widget("smooth_variance", note="Larger is smoother."),
    _widget("driving_option"),
    *(
        _widget(f"{section}.{key}", f"{role}_{name}", unset=unset, prefix=f"{role}: ", note=note)
        for section, role in (("source_framing", "source"), ("driving_framing", "driver"))
        for key, name, unset, note in (
            ("already_cropped", "is_cropped", False, ""),
            ("scale", "scale", 0.0, ""),
            ("shift_y", "shift_y", 0.0, "In sides of the crop."),
        )
    ),
)
LATER: Final = (
    _widget("limits"),
    _widget("driving_crop", note="The motion keeps the travel either way."),
    _widget("eyes_strength"),
    _widget("lip_strength"),
    _widget("source_when_shorter", note="Not for Transform Keypoints."),
)
"""After the others, as each takes its place in saved workflows; new ones follow."""


WIDGETS: Final = (*SHOWN, *ADVANCED, *LATER)


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
            search_aliases=[
                *("LivePortraitRetargeting", "expression_friendly", "smooth", "smoothing"),
                *("eye retargeting", "lip retargeting", "neutral frame", "settings"),
            ],
            inputs=[
                _opening_field("eyes", "opened as far as the driver's, relative to the source's"),
                EYES_OPEN.field(default=FIXED_EYES),
                _opening_field("lip", "opened as far as the driver's"),
                LIP_OPEN.field(default=FIXED_LIP),
                *(widget.field() for widget in SHOWN),
                *(widget.field(advanced=True, round=False) for widget in ADVANCED),
                field(
                    io.Boolean,
                    "published",
                    default=PUBLISHED.default == "published",
                    advanced=True,
                    tooltip=PUBLISHED.help.removeprefix("published: ").capitalize() + ".",
                ),
                LATER[0].field(advanced=True),
                *(widget.field(advanced=True, optional=True) for widget in LATER[1:]),
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
    def execute(
        cls,
        eyes: str,
        eyes_open: float,
        lip: str,
        lip_open: float,
        published: bool,
        **values: object,
    ) -> io.NodeOutput:
        """The library's own options."""
        chosen = {one.spec.key: one.value(values[one.id]) for one in WIDGETS if one.id in values}
        chosen["eyes_open"] = _opening(eyes, eyes_open)
        chosen["lip_open"] = _opening(lip, lip_open)
        chosen["compat"] = "published" if published else "none"
        return io.NodeOutput(build(AnimateOptions, chosen))


def _opening_field(name: str, driver: str) -> io.Input:
    return field(
        io.Combo,
        name,
        options=list(OPENINGS),
        default=AS_DRIVEN,
        tooltip=f"as driven: by the motion alone. driver: {driver}. fixed: as {name}_open says.",
    )


def _opening(choice: str, value: float) -> Openness:
    if choice == AS_DRIVEN:
        return None
    return "driver" if choice == DRIVER else value


NODES: tuple[type[io.ComfyNode], ...] = (DrivingOptionsNode,)
