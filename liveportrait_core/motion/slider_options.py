"""Expression sliders: their values and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..config.fields import check_options, option, specs_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliders:
    """Slider values; all zero (zoom 1) is the face as it is: `Sliders(smile=0.8, yaw_deg=10)`.

    Convention:
        - the numbers are those of the published sliders, so that settings found elsewhere hold
    """

    blink: float = option(
        0.0, "both eyes: -20 closed, 5 wide open", minimum=-20, maximum=5, step=0.5
    )
    wink: float = option(
        0.0, "the eye on the image's left: 39 closed", minimum=0, maximum=39, step=0.5
    )
    eyebrow: float = option(
        0.0, "brows: -30 frowning, 30 raised", minimum=-30, maximum=30, step=0.5
    )
    gaze_x: float = option(
        0.0, "eyes: positive looks to the image's right", minimum=-30, maximum=30, step=0.5
    )
    gaze_y: float = option(0.0, "eyes: positive looks up", minimum=-63, maximum=63, step=0.5)
    smile: float = option(
        0.0, "mouth: -0.3 sad, 1.3 a broad smile", minimum=-0.3, maximum=1.3, step=0.01
    )
    lip_open: float = option(
        0.0,
        "mouth: -90 pressed, 120 wide open",
        minimum=-90,
        maximum=120,
        step=1.0,
        flag="mouth",
    )
    pout: float = option(
        0.0,
        "mouth to one side; positive is the image's right",
        minimum=-0.09,
        maximum=0.09,
        step=0.005,
        unit="crop units",
    )
    purse: float = option(
        0.0, "lips: -20 broad as for 'ee', 15 pursed as for 'oo'", minimum=-20, maximum=15, step=0.5
    )
    grin: float = option(0.0, "shows the teeth", minimum=0, maximum=15, step=0.5)
    shift_x: float = option(
        0.0,
        "head to the side; positive is the image's left",
        minimum=-0.19,
        maximum=0.19,
        step=0.005,
        unit="crop units",
    )
    shift_y: float = option(
        0.0,
        "head up or down; positive is down",
        minimum=-0.19,
        maximum=0.19,
        step=0.005,
        unit="crop units",
    )
    zoom: float = option(
        1.0, "multiplies the size of the head", minimum=0.9, maximum=1.2, step=0.01
    )
    pitch_deg: float = option(
        0.0,
        "head up or down; positive looks down",
        minimum=-15,
        maximum=15,
        step=0.5,
        unit="degrees",
        flag="pitch",
    )
    yaw_deg: float = option(
        0.0,
        "head to the side; positive looks to the image's left",
        minimum=-25,
        maximum=25,
        step=0.5,
        unit="degrees",
        flag="yaw",
    )
    roll_deg: float = option(
        0.0,
        "head tilted; positive is clockwise",
        minimum=-15,
        maximum=15,
        step=0.5,
        unit="degrees",
        flag="roll",
    )

    def __post_init__(self) -> None:
        check_options(self)


SliderValues: TypeAlias = "Sliders | Mapping[str, float | Tensor]"
"""Slider values; a mapping may leave sliders out, go beyond the ranges, and hold (B,) tensors: a
value for each frame."""


def slider_values(sliders: SliderValues) -> dict[str, float | Tensor]:
    """The value, or (B,) values, of every slider by its name."""
    names = {spec.name: spec.default for spec in specs_of(Sliders)}
    if isinstance(sliders, Mapping):
        return {**names, **sliders}
    return {name: getattr(sliders, name) for name in names}
