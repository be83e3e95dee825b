"""Angles of head and eyes in files of face capture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from ..errors import MediaError
from ..motion.blendshape_options import CaptureOptions, HeadTurns
from ..motion.blendshapes import ARKIT_SHAPES
from ..motion.rotation import degrees_from_rotation

MAX_GAZE_DEG: Final = 30.0
"""Turn of an eye whose shape of looking aside is 1."""
MAX_RADIANS: Final = 3.2
"""An angle above is in degrees."""
_TURNS: Final[dict[HeadTurns, tuple[float, float, float]]] = {
    "arkit": (1.0, -1.0, -1.0),
    "unreal": (-1.0, 1.0, -1.0),
}


def turns_of(head: HeadTurns) -> Tensor:
    """(3,) what pitch, yaw, roll of a file are multiplied by.

    Ours grow looking down, to the left of the picture (the person's right), and clockwise.
    """
    return torch.tensor(_TURNS[head])


def head_deg_of(angles: Tensor, options: CaptureOptions) -> Tensor | None:
    """(B, 3) pitch, yaw, roll in degrees, of those in a file; None where they are left out."""
    if options.head == "none":
        return None
    unit = options.angles
    if unit == "auto":
        unit = "degrees" if bool((angles.abs() > MAX_RADIANS).any()) else "radians"
    degrees = torch.rad2deg(angles) if unit == "radians" else angles
    return degrees * turns_of(options.head).to(degrees)


def head_of_matrix(matrix: object, where: str) -> Tensor:
    """(3,) pitch, yaw, roll in degrees of MediaPipe's matrix of a head.

    Convention:
        - the matrix turns a face with y up and z towards the viewer
        - 4 rows, or 16 numbers, also as `data` or as the first of a list; the last row is 0, 0, 0,
          1, which tells numbers by rows from numbers by columns

    Args:
        matrix: As a file or a wire holds it.
        where: It stands, for messages.

    Raises:
        MediaError: It is none.
    """
    turn = _first_matrix(matrix)
    if turn is None or not bool(turn.isfinite().all() and turn[:3, :3].det().abs() > 0):
        raise MediaError(
            f"{where} has a matrix of the head that is none; 4 rows of 4 finite numbers that turn "
            "it are expected. Record it again, or leave the matrix out."
        )
    by_columns = bool(turn[3, :3].any()) and not bool(turn[:3, 3].any())
    turn = (turn.mT if by_columns else turn)[:3, :3]
    turn = turn / turn.norm(dim=0, keepdim=True)
    flip = turn.new_tensor((1.0, -1.0, -1.0))  # y up and z to the viewer, as ours are not
    return degrees_from_rotation((flip[:, None] * turn * flip).mT[None])[0].float()


def _first_matrix(matrix: object) -> Tensor | None:
    """(4, 4) the numbers; None where they are no such."""
    try:
        while isinstance(matrix, Mapping) or (
            isinstance(matrix, list) and isinstance(matrix[0], Mapping)
        ):
            matrix = matrix["data"] if isinstance(matrix, Mapping) else matrix[0]
        return torch.as_tensor(matrix, dtype=torch.float64).reshape(-1, 4, 4)[0]
    except (TypeError, ValueError, RuntimeError, LookupError, OverflowError):
        return None


def gaze_deg(weights: Tensor) -> Tensor:
    """(B, 6) yaw, pitch, roll of the left and the right eye as ARKit turns them, of (B, 52)."""

    def shape(name: str) -> Tensor:
        return weights[:, ARKIT_SHAPES.index(name)]

    eyes: list[Tensor] = []
    for side, outwards in (("Left", 1.0), ("Right", -1.0)):
        yaw = outwards * (shape(f"eyeLookOut{side}") - shape(f"eyeLookIn{side}"))
        pitch = shape(f"eyeLookDown{side}") - shape(f"eyeLookUp{side}")
        eyes += [yaw, pitch, torch.zeros_like(yaw)]
    return torch.stack(eyes, 1) * MAX_GAZE_DEG
