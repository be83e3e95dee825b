"""Controls of a face: their names, ranges, groups and mirror images."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from ..config.fields import check_options, option, specs_of
from ..errors import nearest

if TYPE_CHECKING:
    from torch import Tensor

MAX_TURN_DEG: Final = 25
MAX_SHIFT: Final = 0.2


def _both_ways(help: str) -> Any:
    return option(0.0, help, minimum=-1, maximum=1, step=0.01)


def _one_way(help: str) -> Any:
    return option(0.0, help, minimum=0, maximum=1, step=0.01)


def _turn(help: str) -> Any:
    limits = {"minimum": -MAX_TURN_DEG, "maximum": MAX_TURN_DEG}
    return option(0.0, help, **limits, step=0.5, unit="degrees")


def _shift(help: str) -> Any:
    limits = {"minimum": -MAX_SHIFT, "maximum": MAX_SHIFT}
    return option(0.0, help, **limits, step=0.005, unit="crop units")


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What a face is made to do: `Controls(smile_left=0.6, smile_right=0.6, yaw_deg=10)`.

    Convention:
        - all 0 (zoom 1) is the face as it is; 1 and -1 are the most that a face does
        - left and right are the image's, as in `Sliders`
    """

    blink_left: float = _both_ways("the left eye's lids: 1 shut, -1 wide open")
    blink_right: float = _both_ways("the right eye's lids: 1 shut, -1 wide open")
    squint_left: float = _one_way("raises the left eye's lower lid")
    squint_right: float = _one_way("raises the right eye's lower lid")
    gaze_left_x: float = _both_ways("the left eye looks to the image's right")
    gaze_right_x: float = _both_ways("the right eye looks to the image's right")
    gaze_left_y: float = _both_ways("the left eye looks up")
    gaze_right_y: float = _both_ways("the right eye looks up")
    brow_left: float = _both_ways("the left brow: 1 raised, -1 lowered as in a frown")
    brow_right: float = _both_ways("the right brow: 1 raised, -1 lowered as in a frown")
    brow_inner_left: float = _both_ways("inner end of the left brow: 1 up as in worry, -1 down")
    brow_inner_right: float = _both_ways("inner end of the right brow: 1 up as in worry, -1 down")
    smile_left: float = _both_ways("the left corner of the mouth: 1 up and out, -1 down")
    smile_right: float = _both_ways("the right corner of the mouth: 1 up and out, -1 down")
    mouth_side: float = _both_ways("the mouth goes to the image's right")
    jaw_open: float = _one_way("drops the jaw")
    jaw_side: float = _both_ways("the jaw goes to the image's right")
    lip_open: float = _both_ways("the lips: 1 apart over a still jaw, -1 shut over an open one")
    lip_wide: float = _both_ways("the mouth: 1 wide as for 'ee', -1 narrow")
    lip_round: float = _one_way("the lips rounded and forward as for 'oo'")
    lip_press: float = _one_way("the lips pressed together")
    lip_funnel: float = _one_way("the lips forward and apart as for 'sh'")
    upper_lip: float = _one_way("raises the upper lip, which shows the teeth")
    lower_lip: float = _one_way("lowers the lower lip")
    cheek_puff: float = _one_way("the cheeks filled with air")
    cheek_raise: float = _one_way("raises the cheeks, as a smile that reaches the eyes does")
    nose_wrinkle: float = _one_way("wrinkles the nose, as in disgust")
    pitch_deg: float = _turn("head up or down; positive looks down")
    yaw_deg: float = _turn("head to the side; positive looks to the image's left")
    roll_deg: float = _turn("head tilted; positive is clockwise")
    shift_x: float = _shift("head to the image's right")
    shift_y: float = _shift("head down")
    zoom: float = option(
        1.0, "multiplies the size of the head", minimum=0.8, maximum=1.25, step=0.01
    )

    def __post_init__(self) -> None:
        check_options(self)


CONTROL_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "eyes": (
            *("blink_left", "blink_right", "squint_left", "squint_right"),
            *("gaze_left_x", "gaze_right_x", "gaze_left_y", "gaze_right_y"),
        ),
        "brows": ("brow_left", "brow_right", "brow_inner_left", "brow_inner_right"),
        "mouth": ("smile_left", "smile_right", "mouth_side"),
        "lips": (
            *("lip_open", "lip_wide", "lip_round", "lip_press", "lip_funnel"),
            *("upper_lip", "lower_lip"),
        ),
        "jaw": ("jaw_open", "jaw_side"),
        "cheeks and nose": ("cheek_puff", "cheek_raise", "nose_wrinkle"),
        "head": ("pitch_deg", "yaw_deg", "roll_deg"),
        "place": ("shift_x", "shift_y", "zoom"),
    }
)
"""Every control by the group that it is shown in."""

TURNS: Final = CONTROL_GROUPS["head"]
"""In the order of `Motion.pose_deg`."""


def _other_side(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


OPPOSITE: Final[Mapping[str, str]] = MappingProxyType(
    {spec.name: _other_side(spec.name) for spec in specs_of(Controls)}
)
"""For each control the one that stands in its place in a mirror: itself where it has no side."""
TURNED_ROUND: Final = frozenset(
    (
        *("gaze_left_x", "gaze_right_x", "mouth_side", "jaw_side"),
        *("yaw_deg", "roll_deg", "shift_x"),
    )
)
"""Controls whose value a mirror also turns round."""


def short_name(control: str) -> str:
    """A control's name in texts: yaw for yaw_deg."""
    return control.removesuffix("_deg")


def name_of_both(control: str) -> str:
    """The name in texts of a control and its opposite together: smile of smile_left."""
    return short_name(control.replace("_left", "").replace("_right", ""))


NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **{name: (name,) for name in OPPOSITE},
        **{short_name(name): (name,) for name in OPPOSITE},
        **{name_of_both(name): (name, other) for name, other in OPPOSITE.items() if "left" in name},
    }
)
"""What a control is called in a text -> the controls: `smile` is both corners, `yaw` yaw_deg."""

CopiedPart = Literal["brows", "eyes", "lip", "rest", "head"]
"""What of a face its expression is copied."""
EVERYTHING: Final = frozenset[CopiedPart](get_args(CopiedPart))

ControlValues: TypeAlias = "Controls | Mapping[str, float | Tensor]"
"""Values of controls; a mapping may leave controls out, go beyond the ranges, and hold (B,)
tensors: a value for each frame."""


def control_values(controls: ControlValues) -> dict[str, float | Tensor]:
    """The value, or (B,) values, of every control by its name.

    Raises:
        ValueError: There is no control of a name.
    """
    values: dict[str, float | Tensor] = {spec.name: spec.default for spec in specs_of(Controls)}
    if not isinstance(controls, Mapping):
        return {name: getattr(controls, name) for name in values}
    for name, value in controls.items():
        if name not in values:
            raise ValueError(no_control(name))
        values[name] = value
    return values


def no_control(name: str, known: Collection[str] = tuple(OPPOSITE)) -> str:
    """What is said of a name that no control has."""
    near = nearest(name, known, 0.6)
    meant = f"Did you mean '{near}'?" if near else f"Choose one of {', '.join(OPPOSITE)}."
    return f"There is no control '{name}'. {meant}"
