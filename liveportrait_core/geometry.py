"""Rotations and similarities of points; the leaf that networks and motion both stand on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .graphs import runs_on_cpu

RADIAN = math.pi / 180
"""A degree in radians: ONNX has no operators for the two."""


def rotation_from_degrees(pitch_deg: Tensor, yaw_deg: Tensor, roll_deg: Tensor) -> Tensor:
    """Rotation that acts on rows of points, R = (Rz Ry Rx)^T.

    Convention:
        - points are rows: `x @ R`
        - x = pitch, y = yaw, z = roll; axes are x right, y down, z into the image
        - each factor turns columns counter-clockwise about its axis, seen against the axis

    Args:
        pitch_deg: (B,) degrees.
        yaw_deg: (B,) degrees.
        roll_deg: (B,) degrees.

    Returns:
        (B, 3, 3), orthonormal.
    """
    x, y, z = (angle * RADIAN for angle in (pitch_deg, yaw_deg, roll_deg))
    one, zero = torch.ones_like(x), torch.zeros_like(x)

    def matrix(*entries: Tensor) -> Tensor:
        return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))

    about_x = matrix(one, zero, zero, zero, x.cos(), -x.sin(), zero, x.sin(), x.cos())
    about_y = matrix(y.cos(), zero, y.sin(), zero, one, zero, -y.sin(), zero, y.cos())
    about_z = matrix(z.cos(), -z.sin(), zero, z.sin(), z.cos(), zero, zero, zero, one)
    return (about_z @ about_y @ about_x).transpose(-1, -2)


def degrees_from_rotation(rotation: Tensor) -> Tensor:
    """Pitch, yaw and roll of a rotation; the inverse of `rotation_from_degrees` for |yaw| < 90.

    Args:
        rotation: (B, 3, 3) acting on rows.

    Returns:
        (B, 3) degrees in the order pitch, yaw, roll.
    """
    columns = rotation.transpose(-1, -2)  # Rz Ry Rx
    cos_yaw = torch.hypot(columns[..., 0, 0], columns[..., 1, 0])
    pitch = torch.atan2(columns[..., 2, 1], columns[..., 2, 2])
    yaw = torch.atan2(-columns[..., 2, 0], cos_yaw)
    roll = torch.atan2(columns[..., 1, 0], columns[..., 0, 0])
    return torch.rad2deg(torch.stack((pitch, yaw, roll), dim=-1))


def rotation_vector(rotation: Tensor) -> Tensor:
    """Axis of a rotation times its angle in radians; the inverse of `rotation_from_vector`.

    Convention:
        - angles are 0 to pi; the axis is that of columns, (Rz Ry Rx) = `rotation` transposed

    Args:
        rotation: (B, 3, 3) acting on rows.

    Returns:
        (B, 3).
    """
    columns = rotation.transpose(-1, -2)
    twice_sine = torch.stack(  # 2 sin(angle) axis
        (
            columns[..., 2, 1] - columns[..., 1, 2],
            columns[..., 0, 2] - columns[..., 2, 0],
            columns[..., 1, 0] - columns[..., 0, 1],
        ),
        dim=-1,
    )
    twice_cosine = columns.diagonal(dim1=-2, dim2=-1).sum(-1) - 1
    angle = torch.atan2(twice_sine.norm(dim=-1), twice_cosine)[..., None]
    # (R + R^T) / 2 = cos I + (1 - cos) a a^T gives the axis where the sine vanishes
    identity = torch.eye(3, dtype=rotation.dtype, device=rotation.device)
    outer = columns + rotation - twice_cosine[..., None, None] * identity
    largest = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)
    axis = outer.gather(-1, largest[..., None, None].expand(*outer.shape[:-1], 1)).squeeze(-1)
    axis = torch.where((axis * twice_sine).sum(-1, keepdim=True) < 0, -axis, axis)
    axis = torch.where(twice_cosine[..., None] > 0, twice_sine, axis)
    return torch.nn.functional.normalize(axis, dim=-1) * angle


def rotation_from_vector(vector: Tensor) -> Tensor:
    """Rotation that acts on rows, about an axis by its length in radians (Rodrigues).

    Args:
        vector: (B, 3), as of `rotation_vector`.

    Returns:
        (B, 3, 3), orthonormal.
    """
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1).unflatten(-1, (3, 3))
    return torch.linalg.matrix_exp(skew).transpose(-1, -2)


def full_precision(device: torch.device) -> torch.autocast:
    """A context in which autocast is off: coordinates need float32."""
    return torch.autocast(device.type, enabled=False)


HORN_SQUARINGS = 14
"""Of the matrix whose largest eigenvector is the rotation: others are left to the power 2^14."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """A similarity of rows of points: y = s (x - c_from) R + c_to."""

    scale: Tensor
    """(B, 1, 1)."""
    rotation: Tensor
    """(B, 3, 3), acts on rows."""
    from_centre: Tensor
    """(B, 1, 3)."""
    to_centre: Tensor
    """(B, 1, 3)."""

    def __call__(self, points: Tensor) -> Tensor:
        """The (B, N, 3) points moved."""
        with full_precision(points.device):
            return self.scale * (points - self.from_centre) @ self.rotation + self.to_centre


def fit_similarity(points: Tensor, targets: Tensor, weights: Tensor) -> Similarity:
    """The similarity that takes points to targets with least weighted squares (Umeyama 1991).

    Convention:
        - no gradient: singular vectors have none where singular values meet
        - reflections are ruled out

    Args:
        points: (B, N, 3).
        targets: (B, N, 3).
        weights: (N,) not negative, not all zero.
    """
    with full_precision(points.device):
        return _fit_similarity(points.detach().float(), targets.detach().float(), weights.float())


def _fit_similarity(points: Tensor, targets: Tensor, weights: Tensor) -> Similarity:
    w = (weights / weights.sum())[:, None]  # (N, 1)
    from_centre, to_centre = ((x * w).sum(1, keepdim=True) for x in (points, targets))
    a, b = points - from_centre, targets - to_centre
    # a GPU's svd waits for the CPU in the middle of a step, and no graph has one
    best = rotation_by_svd if runs_on_cpu(points.device) else rotation_by_quaternion
    rotation, likeness = best((a * w).transpose(1, 2) @ b)
    spread = (a.square() * w).sum((1, 2)).clamp(min=1e-8)
    return Similarity((likeness / spread).view(-1, 1, 1), rotation, from_centre, to_centre)


def rotation_by_svd(products: Tensor) -> tuple[Tensor, Tensor]:
    """The rotation R (B, 3, 3) of most likeness tr(R^T A) to A = a^T b (B, 3, 3), and that (B,)."""
    u, singular, vh = torch.linalg.svd(products)  # a^T b = U S Vh
    sign = torch.det(u @ vh).sign()
    flip = torch.stack((torch.ones_like(sign), torch.ones_like(sign), sign), 1)  # (B, 3)
    return (u * flip[:, None]) @ vh, (singular * flip).sum(1)


def rotation_by_quaternion(products: Tensor) -> tuple[Tensor, Tensor]:
    """The same by products of matrices alone: the largest eigenvector of a 4 x 4 (Horn, 1987)."""
    a = products
    turn = torch.stack(
        (a[:, 1, 2] - a[:, 2, 1], a[:, 2, 0] - a[:, 0, 2], a[:, 0, 1] - a[:, 1, 0]), 1
    )
    trace = a.diagonal(dim1=1, dim2=2).sum(1)
    eye = torch.eye(4, device=a.device, dtype=a.dtype)
    inner = a + a.transpose(1, 2) - trace.view(-1, 1, 1) * eye[:3, :3]
    top = torch.cat((trace[:, None], turn), 1)[:, None]
    horn = torch.cat((top, torch.cat((turn[:, :, None], inner), 2)), 1)
    # shifted so that no eigenvalue is below 0, then squared until one vector is left
    bound = 3**0.5 * a.flatten(1).norm(dim=1).clamp(min=1e-30)
    power = horn / bound.view(-1, 1, 1) + eye
    for _ in range(HORN_SQUARINGS):
        power = power @ power
        power = power / power.flatten(1).norm(dim=1).view(-1, 1, 1)
    column = power.diagonal(dim1=1, dim2=2).argmax(1).view(-1, 1, 1).expand(-1, 4, 1)
    q = F.normalize(power.gather(2, column)[..., 0], dim=1)
    likeness = (q[:, None] @ horn @ q[:, :, None]).flatten()
    w, (x, y, z) = q[:, 0], q[:, 1:].unbind(1)
    rows = (
        *(1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)),
        *(2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)),
        *(2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack(rows, 1).view(-1, 3, 3), likeness
