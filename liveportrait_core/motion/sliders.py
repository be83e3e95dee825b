"""Expression sliders: a face made by hand, for each keypoint space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE, NUM_KEYPOINTS, CompactKeypoint
from .pieces import pieces
from .regions import AXES, keypoint_space
from .slider_options import Sliders, SliderValues, slider_values

Step = tuple[int, str, float]
"""A keypoint, one of its axes, and the crop units it moves for one unit of the slider."""


@dataclass(frozen=True, slots=True)
class SliderEffect:
    """What one slider does to the keypoints."""

    steps: tuple[Step, ...]
    negative_steps: tuple[Step, ...] | None = None
    """Steps for values below zero, where they are others."""

    def add_to(self, offset: Tensor, value: Tensor) -> None:
        """Add the effect of a value, or of (B,) values, to a (..., K, 3) offset, in place."""
        parts = ((self.steps, value),)
        if self.negative_steps is not None:
            parts = ((self.steps, value.clamp(min=0)), (self.negative_steps, value.clamp(max=0)))
        for steps, part in parts:
            for keypoint, axis, step in steps:
                offset[..., keypoint, AXES.index(axis)] += step * part


# The published keypoints were learnt without names; these are named after what the published
# sliders do with them. First and second are the two sides of the face.
_BROW_1, _BROW_2 = 1, 2
_CHEEK_1, _CHEEK_2 = 3, 7
_SHOULDERS = 5
_EYE_1, _LOWER_LID_1, _EYE_2, _LOWER_LID_2 = 11, 13, 15, 16
_MOUTH_WIDTH, _MOUTH_DEPTH, _JAW, _TEETH = 14, 17, 19, 20

PUBLISHED_SLIDERS: Final[Mapping[str, SliderEffect]] = MappingProxyType(
    {
        "gaze_x": SliderEffect(
            steps=((_EYE_1, "x", 0.0007), (_EYE_2, "x", 0.001)),
            negative_steps=((_EYE_1, "x", 0.001), (_EYE_2, "x", 0.0007)),
        ),
        # -0.001 of the gaze itself and half of a blink the other way: the lids follow the gaze
        "gaze_y": SliderEffect(
            steps=(
                (_EYE_1, "y", -0.0005),
                (_EYE_2, "y", -0.0005),
                (_LOWER_LID_1, "y", -0.00015),
                (_LOWER_LID_2, "y", -0.00015),
            )
        ),
        # from ComfyUI-AdvancedLivePortrait's editor; the published page has no such slider
        "blink": SliderEffect(
            steps=(
                (_EYE_1, "y", -0.001),
                (_EYE_2, "y", -0.001),
                (_LOWER_LID_1, "y", 0.0003),
                (_LOWER_LID_2, "y", 0.0003),
                (_BROW_1, "y", -0.00025),
                (_BROW_2, "y", 0.00025),
            )
        ),
        "wink": SliderEffect(
            steps=(
                (_EYE_1, "y", 0.001),
                (_LOWER_LID_1, "y", -0.0003),
                (_MOUTH_DEPTH, "x", 0.0003),
                (_MOUTH_DEPTH, "y", 0.0003),
                (_CHEEK_1, "y", -0.0003),
            )
        ),
        "eyebrow": SliderEffect(
            steps=((_BROW_1, "y", 0.001), (_BROW_2, "y", -0.001)),
            negative_steps=(
                (_BROW_1, "x", -0.001),
                (_BROW_2, "x", 0.001),
                (_BROW_1, "y", 0.0003),
                (_BROW_2, "y", -0.0003),
            ),
        ),
        "smile": SliderEffect(
            steps=(
                (_TEETH, "y", -0.01),
                (_MOUTH_WIDTH, "y", -0.02),
                (_MOUTH_DEPTH, "y", 0.0065),
                (_MOUTH_DEPTH, "z", 0.003),
                (_LOWER_LID_1, "y", -0.00275),
                (_LOWER_LID_2, "y", -0.00275),
                (_CHEEK_1, "y", -0.0035),
                (_CHEEK_2, "y", -0.0035),
            )
        ),
        "lip_open": SliderEffect(
            steps=((_JAW, "y", 0.001), (_JAW, "z", 0.0001), (_MOUTH_DEPTH, "y", -0.0001))
        ),
        "pout": SliderEffect(steps=((_JAW, "x", 1.0),)),
        "purse": SliderEffect(
            steps=(
                (_MOUTH_WIDTH, "y", 0.001),
                (_CHEEK_1, "y", -0.0005),
                (_CHEEK_2, "y", -0.0005),
                (_MOUTH_DEPTH, "z", -0.0005),
            )
        ),
        "grin": SliderEffect(
            steps=((_TEETH, "z", -0.001), (_TEETH, "y", -0.001), (_MOUTH_WIDTH, "y", -0.001))
        ),
        "shift_x": SliderEffect(steps=((_SHOULDERS, "x", -1.0),)),
        "shift_y": SliderEffect(steps=((_SHOULDERS, "y", 1.0),)),
    }
)

_K = CompactKeypoint
_MOUTH = tuple(range(_K.LEFT_LIP_CORNER, _K.LOWER_LIP + 1))
_BROWS = tuple(range(_K.LEFT_BROW_MIDDLE, _K.RIGHT_BROW_MIDDLE + 1))


def _all(keypoints: tuple[int, ...], axis: str, step: float) -> tuple[Step, ...]:
    return tuple((keypoint, axis, step) for keypoint in keypoints)


# Sizes of a neutral face in crop units: an eye .05 open and .16 wide, irises travel .04 for
# 30 degrees, a mouth .32 wide, a jaw that drops .15. The ends of the ranges reach about so far.
COMPACT_SLIDERS: Final[Mapping[str, SliderEffect]] = MappingProxyType(
    {
        "gaze_x": SliderEffect(steps=_all((_K.LEFT_IRIS, _K.RIGHT_IRIS), "x", 0.0013)),
        "gaze_y": SliderEffect(
            steps=(
                *_all((_K.LEFT_IRIS, _K.RIGHT_IRIS), "y", -0.0005),
                *_all((_K.LEFT_UPPER_LID, _K.RIGHT_UPPER_LID), "y", -0.0003),
            )
        ),
        "blink": SliderEffect(
            steps=(
                *_all((_K.LEFT_UPPER_LID, _K.RIGHT_UPPER_LID), "y", -0.0022),
                *_all((_K.LEFT_LOWER_LID, _K.RIGHT_LOWER_LID), "y", 0.0003),
            )
        ),
        "wink": SliderEffect(
            steps=(
                (_K.LEFT_UPPER_LID, "y", 0.0012),
                (_K.LEFT_LOWER_LID, "y", -0.0002),
                (_K.LEFT_LIP_CORNER, "y", -0.0002),
            )
        ),
        "eyebrow": SliderEffect(
            steps=_all(_BROWS, "y", -0.0017),
            negative_steps=(
                *_all((_K.LEFT_BROW_INNER, _K.RIGHT_BROW_INNER), "y", -0.0012),
                *_all((_K.LEFT_BROW_MIDDLE, _K.RIGHT_BROW_MIDDLE), "y", -0.0006),
                (_K.LEFT_BROW_INNER, "x", -0.0005),
                (_K.RIGHT_BROW_INNER, "x", 0.0005),
            ),
        ),
        "smile": SliderEffect(
            steps=(
                (_K.LEFT_LIP_CORNER, "x", -0.03),
                (_K.RIGHT_LIP_CORNER, "x", 0.03),
                *_all((_K.LEFT_LIP_CORNER, _K.RIGHT_LIP_CORNER), "y", -0.035),
                *_all((_K.LEFT_LIP_CORNER, _K.RIGHT_LIP_CORNER), "z", 0.01),
                *_all((_K.LEFT_LOWER_LID, _K.RIGHT_LOWER_LID), "y", -0.006),
            )
        ),
        "lip_open": SliderEffect(
            steps=(
                *_all((_K.INNER_LOWER_LIP, _K.LOWER_LIP, _K.CHIN), "y", 0.00125),
                (_K.INNER_UPPER_LIP, "y", -0.0001),
                *_all((_K.LEFT_LIP_CORNER, _K.RIGHT_LIP_CORNER), "y", 0.0004),
            ),
            # closed lips press, they do not pass through each other
            negative_steps=(
                *_all((_K.INNER_LOWER_LIP, _K.LOWER_LIP), "y", 0.0003),
                (_K.INNER_UPPER_LIP, "y", -0.0001),
            ),
        ),
        "pout": SliderEffect(steps=_all(_MOUTH, "x", 0.7)),
        "purse": SliderEffect(
            steps=(
                (_K.LEFT_LIP_CORNER, "x", 0.0033),
                (_K.RIGHT_LIP_CORNER, "x", -0.0033),
                *_all((_K.INNER_UPPER_LIP, _K.INNER_LOWER_LIP, _K.LOWER_LIP), "z", -0.0015),
            )
        ),
        "grin": SliderEffect(
            steps=(
                (_K.LEFT_LIP_CORNER, "x", -0.0016),
                (_K.RIGHT_LIP_CORNER, "x", 0.0016),
                (_K.INNER_UPPER_LIP, "y", -0.0012),
                *_all((_K.INNER_LOWER_LIP, _K.LOWER_LIP), "y", 0.0012),
            )
        ),
        "shift_x": SliderEffect(steps=_all(tuple(range(NUM_KEYPOINTS)), "x", -1.0)),
        "shift_y": SliderEffect(steps=_all(tuple(range(NUM_KEYPOINTS)), "y", 1.0)),
    }
)
_SLIDERS: Mapping[str, Mapping[str, SliderEffect]] = MappingProxyType(
    {
        HUMAN_SPACE: PUBLISHED_SLIDERS,
        ANIMAL_SPACE: PUBLISHED_SLIDERS,
        COMPACT_SPACE: COMPACT_SLIDERS,
    }
)


def expression_offset(sliders: SliderValues, space: str) -> Tensor:
    """What the sliders add to the expression of a frontal face.

    Args:
        sliders: The slider values; pose and zoom have no part in it.
        space: Keypoint space of the face.

    Returns:
        (K, 3) crop units, float32; (B, K, 3) where a slider has a value for each frame.

    Raises:
        MotionSpaceError: No such space is known.
    """
    effects = _SLIDERS[keypoint_space(space).name]
    values = slider_values(sliders)
    tracks = {name: torch.as_tensor(values[name], dtype=torch.float64) for name in effects}
    frames = torch.broadcast_shapes(*(track.shape for track in tracks.values()))
    if not frames:
        return _added(effects, tracks, ())
    tracks = {name: track.expand(frames) for name, track in tracks.items()}
    offset = torch.empty(*frames, NUM_KEYPOINTS, 3)
    for some in pieces(*frames):
        values = {name: track[some] for name, track in tracks.items()}
        offset[some] = _added(effects, values, (some.stop - some.start,))
    return offset


def _added(
    effects: Mapping[str, SliderEffect], values: Mapping[str, Tensor], frames: tuple[int, ...]
) -> Tensor:
    """(..., K, 3) the sum of what sliders do, float32."""
    offset = torch.zeros(*frames, NUM_KEYPOINTS, 3, dtype=torch.float64)
    for name, effect in effects.items():
        effect.add_to(offset, values[name])
    return offset.float()


EDITOR_TURN_DEG: Final = {"lip_open_pitch": -0.05, "wink_yaw": -0.1, "wink_roll": -0.1}
"""How far the editor turns the head for one unit of a slider."""


def editor_offset(sliders: Sliders) -> tuple[Tensor, Tensor]:
    """The sliders as ComfyUI-AdvancedLivePortrait's expression editor reads them.

    Convention:
        - yaw runs the other way
        - an open mouth also lowers the head, and a wink turns and tilts it
        - the half blink that follows the gaze also moves the brows

    Args:
        sliders: The slider values, in `HUMAN_SPACE`.

    Returns:
        (K, 3) offset in crop units, and (3,) pitch, yaw and roll to add in degrees.
    """
    offset = expression_offset(sliders, HUMAN_SPACE).double()
    for keypoint, axis, step in PUBLISHED_SLIDERS["blink"].steps:
        if keypoint in (_BROW_1, _BROW_2):
            offset[keypoint, AXES.index(axis)] += step * -sliders.gaze_y / 2
    turn = EDITOR_TURN_DEG
    pose_deg = torch.tensor(
        (
            sliders.pitch_deg + turn["lip_open_pitch"] * sliders.lip_open,
            -sliders.yaw_deg + turn["wink_yaw"] * sliders.wink,
            sliders.roll_deg + turn["wink_roll"] * sliders.wink,
        )
    )
    return offset.float(), pose_deg
