"""What short phrases ask of a face, in the tokens that words of any language are read as."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Values = Mapping[str, float]
"""By the names of controls; braces stand for both sides, or the one that is said."""

DEGREES: Final[Mapping[str, float]] = MappingProxyType({"slight": 0.4, "half": 0.5, "very": 1.4})
"""Factors; `full` is the whole range, and so is a share in percent of it."""
SIDES: Final = frozenset(("left", "right", "both"))
TURN_CONTROLS: Final = frozenset(("pitch_deg", "yaw_deg", "roll_deg"))


def _table(rows: Mapping[str, Values]) -> Mapping[frozenset[str], Values]:
    return MappingProxyType({frozenset(key.split()): values for key, values in rows.items()})


_LOOKS: Final[Mapping[str, Values]] = {
    "left": {"gaze_{}_x": -0.8},
    "right": {"gaze_{}_x": 0.8},
    "up": {"gaze_{}_y": 0.8},
    # lids go down with a look down
    "down": {"gaze_{}_y": -0.8, "blink_{}": 0.3},
    "ahead": {"gaze_{}_x": 0.0, "gaze_{}_y": 0.0},
}
_TURNS: Final[Mapping[str, Values]] = {
    "left": {"yaw_deg": 12.0},
    "right": {"yaw_deg": -12.0},
    "up": {"pitch_deg": -10.0},
    "down": {"pitch_deg": 10.0},
    "ahead": {"pitch_deg": 0.0, "yaw_deg": 0.0, "roll_deg": 0.0},
}
_TILTS: Final[Mapping[str, Values]] = {"left": {"roll_deg": -10.0}, "right": {"roll_deg": 10.0}}
_MOVES: Final[Mapping[str, Values]] = {
    "left": {"shift_x": -0.08},
    "right": {"shift_x": 0.08},
    "up": {"shift_y": -0.08},
    "down": {"shift_y": 0.08},
}

_TEETHY_SMILE: Final[Values] = {
    "smile_{}": 0.8,
    "cheek_raise": 0.3,
    "upper_lip": 0.4,
    "lip_open": 0.3,
}
_WITH_WAYS: Final = {
    "look": _LOOKS,
    "eye look": _LOOKS,
    "eye": _LOOKS,
    "turn": _TURNS,
    "head": _TURNS,
    "head turn": _TURNS,
}
_DIAGONALS: Final = {
    f"{what} {one} {other}": {**values[one], **values[other]}
    for what, values in _WITH_WAYS.items()
    for one in ("up", "down")
    for other in ("left", "right")
}
"""In two directions. A side right before "eye" is that of the eye instead."""

MEANINGS: Final = _table(
    {
        **_DIAGONALS,
        **{f"look {way}": values for way, values in _LOOKS.items()},
        **{f"eye look {way}": values for way, values in _LOOKS.items()},
        **{f"eye {way}": values for way, values in _LOOKS.items()},
        **{f"turn {way}": values for way, values in _TURNS.items()},
        **{f"head turn {way}": values for way, values in _TURNS.items()},
        **{f"head {way}": values for way, values in _TURNS.items()},
        **{f"head look {way}": values for way, values in _TURNS.items()},
        **{f"tilt {way}": values for way, values in _TILTS.items()},
        **{f"head tilt {way}": values for way, values in _TILTS.items()},
        **{f"move {way}": values for way, values in _MOVES.items()},
        **{f"head move {way}": values for way, values in _MOVES.items()},
        # a tilt without a side is to the left, as a wink is of the left eye
        **dict.fromkeys(("tilt", "head tilt"), _TILTS["left"]),
        "nod": {"pitch_deg": 10.0},
        "head nod": {"pitch_deg": 10.0},
        "shake": {"yaw_deg": 10.0},
        "head shake": {"yaw_deg": 10.0},
        "closer": {"zoom": 1.1},
        "farther": {"zoom": 0.9},
        "eye close": {"blink_{}": 1.0},
        "blink": {"blink_{}": 1.0},
        "eye blink": {"blink_{}": 1.0},
        "eye open": {"blink_{}": -0.5},
        "eye wide": {"blink_{}": -1.0},
        "eye open wide": {"blink_{}": -1.0},
        "squint": {"squint_{}": 0.8, "blink_{}": 0.2},
        "eye squint": {"squint_{}": 0.8, "blink_{}": 0.2},
        "eye narrow": {"squint_{}": 0.8, "blink_{}": 0.2},
        "brow up": {"brow_{}": 0.8},
        "brow down": {"brow_{}": -0.8},
        "brow knit": {"brow_{}": -0.8},
        "brow inner up": {"brow_inner_{}": 0.8},
        "brow inner down": {"brow_inner_{}": -0.8},
        "frown": {"brow_{}": -0.8, "smile_{}": -0.3},
        "smile": {"smile_{}": 0.6, "cheek_raise": 0.3},
        "mouth smile": {"smile_{}": 0.6},
        "grin": {"smile_{}": 0.9, "cheek_raise": 0.4, "upper_lip": 0.4, "lip_open": 0.3},
        "corner up": {"smile_{}": 0.6},
        "mouth corner up": {"smile_{}": 0.6},
        "corner down": {"smile_{}": -0.7},
        "mouth corner down": {"smile_{}": -0.7},
        "mouth open": {"jaw_open": 0.5},
        "mouth open wide": {"jaw_open": 0.9},
        "jaw open": {"jaw_open": 0.5},
        "jaw down": {"jaw_open": 0.5},
        "mouth close": {"jaw_open": 0.0, "lip_open": 0.0},
        "mouth left": {"mouth_side": -0.7},
        "mouth right": {"mouth_side": 0.7},
        "jaw left": {"jaw_side": -0.7},
        "jaw right": {"jaw_side": 0.7},
        "mouth wide": {"lip_wide": 0.7},
        "mouth narrow": {"lip_wide": -0.7},
        "lip wide": {"lip_wide": 0.7},
        "lip narrow": {"lip_wide": -0.7},
        "lip open": {"lip_open": 0.5},
        "lip close": {"jaw_open": 0.0, "lip_open": 0.0},
        "lip press": {"lip_press": 0.8},
        "lip round": {"lip_round": 0.8},
        "mouth round": {"lip_round": 0.8},
        "lip funnel": {"lip_funnel": 0.7},
        "pout": {"lip_round": 0.6, "smile_{}": -0.3},
        "mouth pout": {"lip_round": 0.6, "smile_{}": -0.3},
        **dict.fromkeys(("smile teeth", "smile teeth show"), _TEETHY_SMILE),
        "teeth show": {"upper_lip": 0.7, "lip_open": 0.5},
        "lip upper up": {"upper_lip": 0.8},
        "lip lower down": {"lower_lip": 0.8},
        "cheek puff": {"cheek_puff": 1.0},
        "cheek up": {"cheek_raise": 0.8},
        "nose wrinkle": {"nose_wrinkle": 0.8},
    }
)
"""By their tokens in any order."""
