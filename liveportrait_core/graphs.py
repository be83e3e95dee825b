"""What networks compute in another form while a graph of them is made, by ONNX or torch.compile.

A graph has no branch on data, and knows fewer operators than torch. Each form here gives what
torch's own gives, up to rounding; code that has two of them asks `is_graph`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def is_exported() -> bool:
    """Whether operators are being written down for ONNX."""
    return torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage] - it is documented


def is_graph() -> bool:
    """Whether a graph is being made, for ONNX or by torch.compile."""
    return torch.compiler.is_compiling() or is_exported()


def runs_on_cpu(device: torch.device) -> bool:
    """Whether operators run one by one on a processor, which a look at the data does not stop."""
    return device.type == "cpu" and not is_graph()


def solved(matrix: Tensor, right: Tensor) -> Tensor:
    """The X of `matrix @ X = right`, of symmetric positive matrices.

    In a graph by elimination without exchanging rows (Gauss and Jordan), which such matrices allow.

    Args:
        matrix: (B, N, N).
        right: (B, N, M).

    Returns:
        (B, N, M).
    """
    return eliminated(matrix, right) if is_graph() else torch.linalg.solve(matrix, right)


def eliminated(matrix: Tensor, right: Tensor) -> Tensor:
    """The form of `solved` in a graph."""
    count = matrix.shape[-1]
    rows = torch.cat((matrix, right), -1)
    units = torch.eye(count, dtype=matrix.dtype, device=matrix.device)
    for pivot in range(count):
        column = rows[..., pivot : pivot + 1]
        row = rows[..., pivot : pivot + 1, :] / column[..., pivot : pivot + 1, :]
        # The pivot's own row becomes `row`: it loses all but one of what it is made of.
        rows = rows - (column - units[:, pivot : pivot + 1]) * row
    return rows[..., count:]


def lower_median(values: Tensor) -> Tensor:
    """The middle one of values along their last axis, or the lower of both, as torch's median.

    Args:
        values: (B, N).

    Returns:
        (B, 1).
    """
    middle = (values.shape[-1] - 1) // 2
    return values.sort(-1).values[..., middle : middle + 1]


def cumulative_product(values: Tensor) -> Tensor:
    """Products of all values up to each along axis 1, of (B, N, ...), of few values."""
    if not is_graph():
        return torch.cumprod(values, 1)
    products = [values[:, :1]]
    for index in range(1, values.shape[1]):
        products.append(products[-1] * values[:, index : index + 1])
    return torch.cat(products, 1)
