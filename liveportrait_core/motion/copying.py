"""Taking the expression of a face: as a motion, or as values of controls."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ..constants import FACE_PARTS, FacePart
from .blendshape_map import BlendshapeMap, driver_of_moves, travel_in_head
from .control_options import EVERYTHING, TURNS, CopiedPart
from .controls import control_effects
from .edit import neutral_motion
from .reference import check_motions
from .regions import keypoint_space
from .transfer import lid_travel, neutral_reference
from .types import Channel, Motion

RIDGE: Final = 0.01
"""Share of the mean square of what a control moves: what two controls explain goes to both."""
NUM_STEPS: Final = 500
"""Of projected descent; values then change by less than a hundredth."""


def copied_expression(
    face: Motion, parts: Collection[CopiedPart] = FACE_PARTS, strength: float = 1.0
) -> Motion:
    """The expression of a face as a driver: for `animate`, or to be layered over another motion.

    `copied_expression(read_motion(model, photo), {"eyes", "lip"}, 0.7)`

    Convention:
        - each frame is measured against a neutral face of the keypoint space, as one picture does
          not tell how its face is at rest
        - in a space whose keypoints have names lids travel the source's own opening
        - place and size are never taken

    Args:
        face: What was read of a picture or clip, B frames.
        parts: The parts of the face that are taken, and whether the turn of the head is.
        strength: 0 to 1 and beyond; of all that is taken.

    Returns:
        B frames.

    Raises:
        ValueError: The motion cannot be used, or there is no such part.
    """
    check_motions(face=face)
    unknown = sorted(set(parts) - EVERYTHING)
    if unknown:
        raise ValueError(
            f"The part is '{unknown[0]}'; one of {', '.join(sorted(EVERYTHING))} is expected. "
            "Choose one of these."
        )
    taken = frozenset[FacePart](part for part in FACE_PARTS if part in parts) & face.carried_parts
    takes_head = "head" in parts and "pose" not in face.absent
    space = keypoint_space(face.space)
    moved = strength * moves_of(face) * space.part_mask(taken, face.expression.device)
    channels: dict[Channel, bool] = {"expression": bool(taken), "pose": takes_head}
    return driver_of_moves(
        moved,
        space,
        head_deg=strength * takes_head * face.pose_deg,
        scale=moved.new_ones(len(moved), 1),
        translation=moved.new_zeros(len(moved), 3),
        fps=face.fps,
        producer=f"expression of {face.producer}" if face.producer else "copied expression",
        absent=frozenset(
            ("scale", "translation", *(name for name, does in channels.items() if not does))
        ),
        parts=taken,
    )


def moves_of(face: Motion) -> Tensor:
    """(B, K, 3) how far a face is from a neutral one, as `motion_of_controls` moves it."""
    space = keypoint_space(face.space)
    neutral = neutral_reference(face)
    moved = travel_in_head(face, neutral)
    if space.lids and face.canonical is not None and space.face is not None:
        usual = neutral_motion(face.space).to(moved.device, moved.dtype)
        usual = replace(usual, canonical=moved.new_tensor(space.face)[None])
        moved = moved * lid_travel(space, usual, neutral)[..., None]
    return moved


def controls_of_motion(face: Motion, shape_map: BlendshapeMap) -> dict[str, Tensor]:
    """The controls that come nearest to a face, to go on from: of 63 coordinates least squares.

    min |moved - sum_i c_i e_i|^2 + ridge |c|^2 with each c_i within its range, by projected
    descent.

    Convention:
        - measured as in `copied_expression`; place and size stay as they are
        - `lip_open` is never below 0, as a jaw that opens less says the same

    Args:
        face: What was read of a picture or clip, B frames.
        shape_map: Of its keypoint space.

    Returns:
        (B,) of every control of the face and of the head's turn, float32.

    Raises:
        ValueError: The motion cannot be used.
    """
    check_motions(face=face)
    moved = moves_of(face).flatten(1).cpu().double()
    effects = control_effects(shape_map)
    ways = [
        (name, sign) for name in effects for sign in (1, -1) if (name, sign) != ("lip_open", -1)
    ]
    moves = torch.stack([effects[name][0 if sign > 0 else 1].flatten() for name, sign in ways])
    amounts = _within_one(moved, moves.double())
    values = {name: torch.zeros(len(moved)) for name in effects}
    for (name, sign), amount in zip(ways, amounts.unbind(1), strict=True):
        values[name] = values[name] + sign * amount.float()
    values |= dict(zip(TURNS, face.pose_deg.cpu().float().unbind(1), strict=True))
    return values


def _within_one(moved: Tensor, moves: Tensor) -> Tensor:
    """(B, C) amounts from 0 to 1 of moves (C, D) that come nearest to what moved (B, D)."""
    normal = moves @ moves.mT
    normal = normal + RIDGE * normal.diagonal().mean() * torch.eye(len(moves)).to(normal)
    wanted = moved @ moves.mT
    step = 1 / torch.linalg.eigvalsh(normal)[-1]
    amounts = ahead = torch.zeros_like(wanted)
    for number in range(NUM_STEPS):
        before = amounts
        amounts = (ahead - step * (ahead @ normal - wanted)).clamp(0, 1)
        ahead = amounts + number / (number + 3) * (amounts - before)  # Nesterov's momentum
    return amounts
