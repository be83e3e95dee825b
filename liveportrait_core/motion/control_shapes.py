"""What each control is made of: ARKit's shapes, so that every keypoint space has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

Weights = Mapping[str, float]
"""How much of each shape, by its name in `ARKIT_SHAPES`; a name without its side is both sides."""
_NONE: Final[Weights] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The shapes of a control at 1, and at -1."""

    up: Weights
    down: Weights = field(default_factory=lambda: _NONE)


CLOSING: Final = "mouthClose"
"""The shape that shuts lips over an open jaw; it goes with the jaw (`Recipe` of `lip_open`)."""

_EYE: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "blink": Recipe(up={"eyeBlink": 1.2}, down={"eyeWide": 1.2}),
        "squint": Recipe(up={"eyeSquint": 1.8}),
    }
)
_BROW: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "brow": Recipe(up={"browOuterUp": 0.7, "browInnerUp": 0.4}, down={"browDown": 1.5}),
        "brow_inner": Recipe(up={"browInnerUp": 1.2}, down={"browDown": 0.8}),
    }
)
_GAZE: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        # the person's left is the image's right
        "gaze_{}_x": Recipe(
            up={"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8},
            down={"eyeLookInLeft": 0.8, "eyeLookOutRight": 0.8},
        ),
        "gaze_{}_y": Recipe(up={"eyeLookUp": 0.7}, down={"eyeLookDown": 0.7}),
    }
)
_SMILE: Final = Recipe(up={"mouthSmile": 1.0}, down={"mouthFrown": 1.5})

SIDED_RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        **{name + "_{}": recipe for name, recipe in (*_EYE.items(), *_BROW.items())},
        **_GAZE,
        "smile_{}": _SMILE,
    }
)
"""Of controls with a side, `left` or `right` in place of the braces: as both sides together, of
which a control takes its own."""
RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "mouth_side": Recipe(up={"mouthLeft": 0.7}, down={"mouthRight": 0.7}),
        "jaw_open": Recipe(up={"jawOpen": 0.8}),
        "jaw_side": Recipe(up={"jawLeft": 1.4}, down={"jawRight": 1.4}),
        "lip_open": Recipe(up={"mouthUpperUp": 0.5, "mouthLowerDown": 1.0}, down={CLOSING: 0.8}),
        "lip_wide": Recipe(up={"mouthStretch": 1.0}, down={"mouthPucker": 0.5}),
        "lip_round": Recipe(up={"mouthPucker": 1.4}),
        "lip_press": Recipe(up={"mouthPress": 1.2}),
        "lip_funnel": Recipe(up={"mouthFunnel": 1.0}),
        "upper_lip": Recipe(up={"mouthUpperUp": 1.0}),
        "lower_lip": Recipe(up={"mouthLowerDown": 1.2}),
        "cheek_puff": Recipe(up={"cheekPuff": 1.0}),
        "cheek_raise": Recipe(up={"cheekSquint": 1.0}),
        "nose_wrinkle": Recipe(up={"noseSneer": 1.0}),
    }
)
"""Of controls without a side."""
