"""Spectral norm, folded into the weights on loading and restored on saving.

The published decoder keeps `weight_orig`, `weight_u` and `weight_v`, and in every forward
divides: weight = weight_orig / (u^T W v). None of the three changes at inference, so we
divide once, with the same operations, and keep the result.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import CheckpointError

_SAFE_EXPONENTS = (1e-18, 1e18)


def fold(weight_orig: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """The weight that the published forward uses; where sigma is 1, `weight_orig` itself.

    The sums run over fresh copies, as in a module that was loaded: where a tensor begins in
    memory changes the order of a vectorised sum, and so its last bit.
    """
    wide, u, v = (part.to(torch.float32, copy=True) for part in (weight_orig, u, v))
    sigma = torch.dot(u, torch.mv(wide.flatten(1), v))
    return weight_orig if sigma == 1 else wide / sigma


def trivial_vectors(weight: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Vectors u and v with which u^T W v is exactly 1, so that `weight_orig` is the weight.

    Dividing by any other sigma would round, and our weights would not come back bit for bit.
    Both vectors are zero but for one entry: u_i = 1 and v_j = 1 / W_ij, at the first place
    where float32 rounds W_ij * (1 / W_ij) to exactly 1 (most numbers do). Every other product
    of the two sums is then exactly 0, so no order of summation or fused multiply changes it.

    Raises:
        CheckpointError: No entry of the weight allows it (all are zero, say).
    """
    matrix = weight.float().flatten(1)
    low, high = _SAFE_EXPONENTS
    usable = (matrix.abs() > low) & (matrix.abs() < high) & (matrix * matrix.reciprocal() == 1)
    if not usable.any() or not matrix.isfinite().all():
        raise CheckpointError(
            f"{name} is all zero or not finite, so it has no spectral norm and the published "
            "layout cannot hold it. Convert weights that were trained."
        )
    row, column = usable.nonzero()[0]
    u, v = torch.zeros(matrix.shape[0]), torch.zeros(matrix.shape[1])
    u[row] = 1.0
    v[column] = matrix[row, column].reciprocal()
    return u, v
