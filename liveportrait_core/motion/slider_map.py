"""A coarse map of blendshapes for published keypoints, out of their sliders.

It serves until one is fitted (`python -m train.blendshapes --model human`): shapes that no slider
shows are left out, and what is read is what sliders tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..constants import HUMAN_SPACE, NUM_KEYPOINTS
from .blendshape_map import BlendshapeMap
from .blendshapes import ARKIT_SHAPES
from .regions import keypoint_space
from .sliders import expression_offset

LOWER_LIDS: Final = (13, 16)
RIDGE: Final = 0.0005
"""Share of the largest effect's square that damps reading."""

_BOTH: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "jawOpen": {"lip_open": 100},
        "mouthClose": {"lip_open": -100},
        "mouthFunnel": {"purse": 8, "lip_open": 20},
        "mouthPucker": {"purse": 15},
        "mouthLeft": {"pout": 0.06},
        "mouthRight": {"pout": -0.06},
        "jawLeft": {"pout": 0.04},
        "jawRight": {"pout": -0.04},
        "browInnerUp": {"eyebrow": 15},
    }
)
"""Sliders of a whole shape that has no sides."""
_SIDED: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        # a template whose driver shuts both eyes moves them by 11 to 14 units, the slider by 20
        "eyeBlink": {"blink": -16},
        "eyeWide": {"blink": 5},
        "eyeLookUp": {"gaze_y": 60},
        "eyeLookDown": {"gaze_y": -60},
        "browOuterUp": {"eyebrow": 15},
        "browDown": {"eyebrow": -30},
        "mouthSmile": {"smile": 1.3},
        "mouthFrown": {"smile": -0.3},
        "mouthStretch": {"purse": -15},
        "mouthUpperUp": {"grin": 12},
    }
)
"""The same of shapes with sides, as both sides together; keypoints of the middle move by half."""
_GAZES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "eyeLookOutLeft": 30,
        "eyeLookInRight": 30,
        "eyeLookInLeft": -30,
        "eyeLookOutRight": -30,
    }
)
"""Values of `gaze_x`; positive is the image's right, the person's left."""
_READ: Final = frozenset(
    (
        *("eyeBlink", "eyeWide", "eyeSquint", "eyeLookOut", "eyeLookIn"),
        *("browOuterUp", "browDown", "mouthSmile", "mouthStretch", "mouthUpperUp"),
        *("jawOpen", "mouthLeft", "mouthRight", "mouthPucker", "browInnerUp"),
    )
)
"""Shapes, without their sides, that are read: of those with the same effect only one, and a blink
rather than a look down, which moves the same keypoint."""


def slider_map(space: str = HUMAN_SPACE) -> BlendshapeMap:
    """The map of a published keypoint space.

    `motion_of_blendshapes(curves, slider_map())`

    Args:
        space: `HUMAN_SPACE` or `ANIMAL_SPACE`, whose sliders are the same.
    """
    expression = torch.zeros(len(ARKIT_SHAPES), NUM_KEYPOINTS, 3)
    for number, name in enumerate(ARKIT_SHAPES):
        expression[number] = _offset(name)
    return BlendshapeMap(
        space=space,
        expression=expression,
        reading=_reading(expression),
        producer="published sliders, coarse",
    )


def _offset(name: str) -> Tensor:
    """(K, 3) of a whole shape."""
    if name in _BOTH:
        return expression_offset(_BOTH[name], HUMAN_SPACE)
    side = next((side for side in ("Left", "Right") if name.endswith(side)), "")
    if name in _GAZES:
        return _of_side(expression_offset({"gaze_x": _GAZES[name]}, HUMAN_SPACE), side)
    shape = name.removesuffix(side)
    if shape == "eyeSquint":
        lids = torch.zeros(NUM_KEYPOINTS, 3)
        lids[list(LOWER_LIDS)] = expression_offset({"smile": 1}, HUMAN_SPACE)[list(LOWER_LIDS)]
        return _of_side(lids, side)
    if shape in _SIDED:
        return _of_side(expression_offset(_SIDED[shape], HUMAN_SPACE), side)
    return torch.zeros(NUM_KEYPOINTS, 3)


def _of_side(offset: Tensor, side: str) -> Tensor:
    """What one side of the person has of an offset."""
    return keypoint_space(HUMAN_SPACE).of_side(offset, "right" if side == "Left" else "left")


def _reading(expression: Tensor) -> Tensor:
    """(3 K, 52) the damped inverse of what the shapes that are read do."""
    rows = [number for number, name in enumerate(ARKIT_SHAPES) if _without_side(name) in _READ]
    effects = _signed(expression, rows)
    normal = effects @ effects.mT
    damped = normal + RIDGE * normal.diagonal().max() * torch.eye(len(rows)).to(normal)
    reading = expression.new_zeros(3 * NUM_KEYPOINTS, len(ARKIT_SHAPES))
    reading[:, rows] = torch.linalg.solve(damped, effects).mT.float()
    return reading


def _signed(expression: Tensor, rows: Sequence[int]) -> Tensor:
    """(S, 3 K)."""
    return expression[list(rows)].flatten(1).double()


def _without_side(name: str) -> str:
    """A shape's name as in the tables."""
    return name if name in _BOTH else name.removesuffix("Left").removesuffix("Right")
