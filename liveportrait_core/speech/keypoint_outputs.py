"""Expression of a keypoint space as outputs of a speech network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from ..constants import NUM_KEYPOINTS, FacePart
from ..motion.regions import AXES, keypoint_space

SOUNDING_PARTS: Final[frozenset[FacePart]] = frozenset({"lip", "brows", "rest"})
"""Parts of the face that move with speech; of blinks and glances a sound tells nothing."""
_PREFIX: Final = "expression"


def keypoint_outputs(space: str) -> tuple[str, ...]:
    """Names of the values that say how the keypoints of a space move with speech.

    Convention:
        - "expression.6.x" is what is added to x of keypoint 6 of an upright face, crop units

    Raises:
        MotionSpaceError: The keypoint space is unknown.
    """
    moves = keypoint_space(space).part_mask(SOUNDING_PARTS)[:, 0].tolist()
    rows = [row for row in range(NUM_KEYPOINTS) if moves[row]]
    return tuple(f"{_PREFIX}.{row}.{axis}" for row in rows for axis in AXES)


def values_of_moves(moved: Tensor, names: Sequence[str]) -> Tensor:
    """(B, K, 3) what is added to an expression -> (B, C) the values of some names."""
    return moved.flatten(1)[:, _columns(names)]


def moves_of_values(values: Tensor, names: Sequence[str]) -> Tensor:
    """(B, C) values of some names -> (B, K, 3) what is added to an expression."""
    moved = values.new_zeros(len(values), NUM_KEYPOINTS * len(AXES))
    moved[:, _columns(names)] = values
    return moved.unflatten(1, (NUM_KEYPOINTS, len(AXES)))


def _columns(names: Sequence[str]) -> Tensor:
    """(C,) places of values among all of an expression."""
    places: list[int] = []
    for name in names:
        _, row, axis = name.split(".")
        places.append(int(row) * len(AXES) + AXES.index(axis))
    return torch.tensor(places)
