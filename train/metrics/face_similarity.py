"""Measures of who is shown."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.geometry import fit_similarity

ARCFACE_PX: Final = 112
ARCFACE_POINTS: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where ArcFace's networks want both eyes' centres, the nose's tip and the lip's corners, in
pixels of a picture of `ARCFACE_PX`; whole numbers are pixel centres, left is the image's."""


def cosine(found: Tensor, truth: Tensor) -> Tensor:
    """Cosine similarity of embeddings, the CSIM of App. A.

    Args:
        found: (B, D).
        truth: (B, D).

    Returns:
        (B,) 1 for the same direction.
    """
    return F.cosine_similarity(found, truth)


def aligned(face: Tensor, points: Tensor) -> Tensor:
    """Faces as ArcFace's networks take them: the five points where they belong.

    Convention:
        - a similarity by least squares, bilinear samples, black outside, as is usual for them

    Args:
        face: (B, 3, h, h).
        points: (B, 5, 2) crop units, in the order of `ARCFACE_POINTS`.

    Returns:
        (B, 3, 112, 112).
    """
    expected = (points.new_tensor(ARCFACE_POINTS) + 0.5) * (2 / ARCFACE_PX) - 1
    flat = F.pad(expected.expand(len(points), -1, -1), (0, 1))
    back = fit_similarity(flat, F.pad(points, (0, 1)), torch.ones(len(ARCFACE_POINTS)))
    turn = (back.scale * back.rotation)[:, :2, :2]  # acts on rows
    shift = back.to_centre[..., :2] - back.from_centre[..., :2] @ turn
    theta = torch.cat((turn, shift), 1).transpose(1, 2)
    size = [len(face), 3, ARCFACE_PX, ARCFACE_PX]
    grid = F.affine_grid(theta.to(face), size, align_corners=False)
    return F.grid_sample(face, grid, mode="bilinear", align_corners=False)
